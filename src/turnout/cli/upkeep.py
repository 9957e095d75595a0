"""``turnout check`` and ``turnout demo``: what keeps an installation in order."""

import click

from turnout.cli.context import Refused, application, config_option, waiting


@click.command(
    short_help="Prove the counters of taken places; repair them.",
    epilog="Exit code 1: something differs and was not repaired.",
)
@config_option
@click.option("--repair", is_flag=True, help="Set the counters that differ to what the rows say.")
def check(*, repair: bool) -> None:
    """Prove that every counter of taken places equals the rows that it counts."""
    from turnout.pools.services import PoolService
    from turnout.system import system_request

    with application(is_migrated=True) as router, waiting("Counting places"), system_request(router) as request:
        pools = request.find_service(PoolService)
        found = pools.check()
        left = pools.repair(found) if repair and found else found
    if not found:
        click.echo("Every counter of taken places equals its rows.")
        return
    for wrong in found:
        click.echo(f"{wrong.what}: the counter says {wrong.taken}, the rows say {wrong.counted}")
    if not repair:
        raise Refused(f"{len(found)} differ. Repair with: turnout check --repair")
    click.echo(f"Repaired {len(found) - len(left)} of {len(found)}.")
    if left:
        which = ", ".join(wrong.what for wrong in left)
        raise Refused(f"More places are taken than there are: {which}. Give it room, or cancel bookings.")


@click.group()
@config_option
def demo() -> None:
    """Try Turnout out."""


@demo.command(epilog="The accounts have well-known passwords: it is refused where turnout.environment is production.")
@config_option
def load() -> None:
    """Fill a database without users with venues, events, people and bookings."""
    from turnout.demo import ensure_demo

    with application() as router:
        if not ensure_demo(router):
            raise Refused("There are users already; the demo is for an empty database.")
