"""A command that runs the fake of a provider: ``python -m turnout_acme.fake``."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import click
from turnout.testing.fakes import FAULTS


def by_hand(whom: str, make: Callable[..., Any], options: Sequence[click.Option] = ()) -> click.Command:
    """Return a command that pretends to be `whom` until Ctrl+C, and prints the settings by which Turnout speaks with it.

    `make` is the fake's class, a `turnout.testing.fakes.Fake` with ``settings()``; `options` are what its constructor takes
    beside ``port`` and ``webhook_url``.
    """

    def run(
        port: int,
        webhook_url: str | None,
        fail_every: int,
        faults: tuple[str, ...],
        delay: float,
        copies: int,
        spread: float,
        **own: Any,
    ) -> None:
        with make(port, webhook_url=webhook_url, **own) as fake:
            fake.faults.every, fake.faults.kinds = fail_every, faults or fake.faults.kinds
            fake.faults.delay = delay
            fake.courier.copies, fake.courier.spread = copies, spread
            for name, value in fake.settings().items():
                click.echo(f"{name} = {value}")
            threading.Event().wait()

    webhook = f"Where notices go: .../api/v1/payments/webhooks/{whom.lower()}"
    params = [
        click.Option(["--port"], default=0, help="Port of 127.0.0.1; 0: a free one."),
        click.Option(["--webhook-url"], help=webhook),
        *options,
        click.Option(["--fail-every"], default=0, help="Let each so-many-th call go wrong; 0: none."),
        click.Option(
            ["--fault", "faults"], multiple=True, type=click.Choice(FAULTS), help="How calls go wrong, in turn."
        ),
        click.Option(["--delay"], default=0.0, help="Seconds that each answer takes longer."),
        click.Option(["--copies"], default=1, help="How often each notice comes."),
        click.Option(["--spread"], default=0.0, help="Seconds by which notices may come late, and so out of order."),
    ]
    said = f"Pretend to be {whom}, until Ctrl+C. GET /books says what is held."
    return click.Command("fake", params=list(params), callback=run, help=said)
