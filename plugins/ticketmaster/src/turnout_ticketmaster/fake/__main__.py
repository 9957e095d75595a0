"""``python -m turnout_ticketmaster.fake``: a fake Ticketmaster by hand."""

import threading

import click

from turnout_ticketmaster.fake import FAULTS, USUAL, FakeTicketmaster


@click.command()
@click.option("--port", default=0, help="Port of 127.0.0.1; 0: a free one.")
@click.option("--events", default=USUAL, help="How many events there are.", show_default=True)
@click.option("--days", default=365, help="Within how many days from now they are.", show_default=True)
@click.option("--key", default="fake-key", help="The key that callers must have.", show_default=True)
@click.option("--per-second", default=0, help="Calls allowed in a second; 0: any number.")
@click.option("--per-day", default=5000, help="Calls allowed in a day.", show_default=True)
@click.option("--fail-every", default=0, help="Let each so-many-th call go wrong; 0: none.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(FAULTS), help="How calls go wrong, in turn.")
@click.option("--delay", default=0.0, help="Seconds that each answer takes longer.")
def main(
    port: int,
    events: int,
    days: int,
    key: str,
    per_second: int,
    per_day: int,
    fail_every: int,
    faults: tuple[str, ...],
    delay: float,
) -> None:
    """Pretend to be Ticketmaster, until Ctrl+C."""
    with FakeTicketmaster(port, many=events, days=days, api_key=key, per_second=per_second, per_day=per_day) as fake:
        fake.faults.every, fake.faults.kinds = fail_every, faults or fake.faults.kinds
        fake.faults.delay = delay
        for name, value in fake.settings().items():
            click.echo(f"{name} = {value}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
