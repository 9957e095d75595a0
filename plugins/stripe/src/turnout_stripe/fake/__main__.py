"""``python -m turnout_stripe.fake``: a fake Stripe by hand."""

import click
from turnout_payments.testing import by_hand

from turnout_stripe.fake import FakeStripe

main = by_hand(
    "Stripe",
    FakeStripe,
    [
        click.Option(["--key", "secret_key"], default="sk_test_fake", help="The secret key that callers must have."),
        click.Option(
            ["--secret", "webhook_secret"], default="whsec_fake", help="The secret by which notices are signed."
        ),
    ],
)

if __name__ == "__main__":
    main()
