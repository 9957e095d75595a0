"""``python -m turnout_seatgeek.fake``: a fake SeatGeek by hand."""

import threading
from datetime import datetime

import click

from turnout_seatgeek.fake import EVENTS, FAULTS, FakeSeatGeek


@click.command()
@click.option("--port", default=0, help="Port of 127.0.0.1; 0: a free one.")
@click.option("--events", default=EVENTS, help="How many events there are.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="After which day they are; today, if it is not said.")
@click.option("--client", default="fake-client", help="The client ID that callers must have.")
@click.option("--secret", default="fake-secret", help="The secret of callers who send one.")
@click.option("--per-second", type=int, help="How many calls of a second are answered; all, if it is not said.")
@click.option("--per-day", type=int, help="How many calls of a day are answered; all, if it is not said.")
@click.option("--fail-every", default=0, help="Let each so-many-th call go wrong; 0: none.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(FAULTS), help="How calls go wrong, in turn.")
@click.option("--delay", default=0.0, help="Seconds that each answer takes longer.")
def main(
    port: int,
    events: int,
    today: datetime | None,
    client: str,
    secret: str,
    per_second: int | None,
    per_day: int | None,
    fail_every: int,
    faults: tuple[str, ...],
    delay: float,
) -> None:
    """Pretend to be SeatGeek, until Ctrl+C."""
    day = None if today is None else today.date()
    with FakeSeatGeek(port, today=day, many=events, client_id=client, client_secret=secret) as fake:
        fake.limits.per_second, fake.limits.per_day = per_second, per_day
        fake.faults.every, fake.faults.kinds = fail_every, faults or fake.faults.kinds
        fake.faults.delay = delay
        for name, value in fake.settings().items():
            click.echo(f"{name} = {value}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
