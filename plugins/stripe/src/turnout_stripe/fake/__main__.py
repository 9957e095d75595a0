"""``python -m turnout_stripe.fake``: a fake Stripe by hand."""

import threading

import click

from turnout_stripe.fake import FAULTS, FakeStripe


@click.command()
@click.option("--port", default=0, help="Port of 127.0.0.1; 0: a free one.")
@click.option("--webhook-url", help="Where notices go: .../api/v1/payments/webhooks/stripe")
@click.option("--key", default="sk_test_fake", help="The secret key that callers must have.")
@click.option("--secret", default="whsec_fake", help="The secret by which notices are signed.")
@click.option("--fail-every", default=0, help="Let each so-many-th call go wrong; 0: none.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(FAULTS), help="How calls go wrong, in turn.")
@click.option("--delay", default=0.0, help="Seconds that each answer takes longer.")
@click.option("--copies", default=1, help="How often each notice comes.")
@click.option("--spread", default=0.0, help="Seconds by which notices may come late, and so out of order.")
def main(
    port: int,
    webhook_url: str | None,
    key: str,
    secret: str,
    fail_every: int,
    faults: tuple[str, ...],
    delay: float,
    copies: int,
    spread: float,
) -> None:
    """Pretend to be Stripe, until Ctrl+C. GET /books says what is held."""
    with FakeStripe(port, webhook_url=webhook_url, secret_key=key, webhook_secret=secret) as fake:
        fake.faults.every, fake.faults.kinds = fail_every, faults or fake.faults.kinds
        fake.faults.delay = delay
        fake.courier.copies, fake.courier.spread = copies, spread
        for name, value in fake.settings().items():
            click.echo(f"{name} = {value}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
