"""``python -m turnout_paypal.fake``: a fake PayPal by hand."""

import click
from turnout_payments.testing import by_hand

from turnout_paypal.fake import FakePayPal

main = by_hand(
    "PayPal",
    FakePayPal,
    [
        click.Option(["--client", "client_id"], default="fake-client", help="The client ID that callers must have."),
        click.Option(["--secret", "client_secret"], default="fake-secret", help="The secret that callers must have."),
    ],
)

if __name__ == "__main__":
    main()
