"""``python -m turnout_paypal.fake``: a fake PayPal by hand."""

import threading

import click

from turnout_paypal.fake import FAULTS, FakePayPal


@click.command()
@click.option("--port", default=0, help="Port of 127.0.0.1; 0: a free one.")
@click.option("--webhook-url", help="Where notices go: .../api/v1/payments/webhooks/paypal")
@click.option("--client", default="fake-client", help="The client ID that callers must have.")
@click.option("--secret", default="fake-secret", help="The secret that callers must have.")
@click.option("--fail-every", default=0, help="Let each so-many-th call go wrong; 0: none.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(FAULTS), help="How calls go wrong, in turn.")
@click.option("--delay", default=0.0, help="Seconds that each answer takes longer.")
@click.option("--copies", default=1, help="How often each notice comes.")
@click.option("--spread", default=0.0, help="Seconds by which notices may come late, and so out of order.")
def main(
    port: int,
    webhook_url: str | None,
    client: str,
    secret: str,
    fail_every: int,
    faults: tuple[str, ...],
    delay: float,
    copies: int,
    spread: float,
) -> None:
    """Pretend to be PayPal, until Ctrl+C. GET /books says what is held."""
    with FakePayPal(port, webhook_url=webhook_url, client_id=client, client_secret=secret) as fake:
        fake.faults.every, fake.faults.kinds = fail_every, faults or fake.faults.kinds
        fake.faults.delay = delay
        fake.courier.copies, fake.courier.spread = copies, spread
        for name, value in fake.settings().items():
            click.echo(f"{name} = {value}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
