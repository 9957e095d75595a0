"""``turnout routes``: what there is, and who may use it."""

import click

from turnout.cli.context import application, config_option


@click.command(epilog="Roles include those above them: superusers may what staff may, staff what organizers may.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def routes(*, as_json: bool) -> None:
    """List every endpoint with its permission and who has it."""
    from turnout.api.service import operations
    from turnout.security.actors import ROLES

    with application() as router:
        permissions = router.registry.permissions
        rows = [
            (
                operation.method,
                operation.path,
                operation.permission,
                [role for role in ROLES if role in permissions[operation.permission].roles],
                permissions[operation.permission].tokens,
            )
            for operation in operations(router.registry)
        ]
    if as_json:
        import json

        names = ("method", "path", "permission", "roles", "tokens")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Method", "Path", "Permission", "Who", "API tokens", box=None, header_style="bold", pad_edge=False)
    for method, path, permission, roles, tokens in rows:
        table.add_row(method, path, permission, ", ".join(roles), "yes" if tokens else "no")
    console = Console()
    if not console.is_terminal:
        console.width = 240  # into a pipe or a file, nothing is cut
    console.print(table)
    click.echo(f"{len(rows)} operations.")
