"""``turnout user``: accounts made by whoever runs the installation."""

import sys

import click

from turnout.cli.context import application, config_option


@click.group()
@config_option
def user() -> None:
    """Make accounts."""


@user.command(
    epilog="""
    \b
    Examples:
      turnout user create ada --email ada@example.com --superuser
      turnout user create box-office --email box@example.com --staff --password-stdin < password.txt
    """
)
@config_option
@click.argument("username")
@click.option("--email", prompt="Email address", help="Asked for if it is not given.")
@click.option("--first-name", default="", help="Their first name.")
@click.option("--last-name", default="", help="Their last name.")
@click.option("--organizer", is_flag=True, help="May make events.")
@click.option("--staff", is_flag=True, help="May see and change everybody's events and bookings.")
@click.option("--superuser", is_flag=True, help="May do everything, and make members of staff.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else it is asked for.")
def create(
    *,
    username: str,
    email: str,
    first_name: str,
    last_name: str,
    organizer: bool,
    staff: bool,
    superuser: bool,
    password_stdin: bool,
) -> None:
    """Make an account for USERNAME."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    from turnout.api.reading import checked
    from turnout.users.schemas import NewUser
    from turnout.users.services import UserService

    given = {
        "username": username,
        "email": email,
        "password": password,
        "first_name": first_name,
        "last_name": last_name,
    }
    # The same rules as for whoever registers over the API.
    new = checked(NewUser(), given)
    del new["is_organizer"]
    roles = {"is_organizer": organizer, "is_staff": staff or superuser, "is_superuser": superuser}
    from turnout.system import system_request

    with application(is_migrated=True) as router, system_request(router) as request:
        made = request.find_service(UserService).create(new, actor=request.actor, roles=roles)
    who = ", ".join(name.removeprefix("is_") for name, granted in roles.items() if granted) or "user"
    click.echo(f"Made {made.username} ({who}) with id {made.id}.")
