"""Stripe: cards and wallets, as a provider of payments."""

from typing import Any

from turnout.plugin import API_VERSION, Configurator, Plugin, Request, Schema, fields

from turnout_stripe.gateway import Gateway
from turnout_stripe.provider import StripeProvider


class StripeSettings(Schema):
    """The account at Stripe."""

    secret_key = fields.text(
        255, 0, missing="", secret=True, description="Secret or restricted key of the account, sk_... or rk_..."
    )
    webhook_secret = fields.text(
        2000,
        0,
        missing="",
        secret=True,
        description="Signing secret of the webhook, whsec_...; several while one is replaced",
    )
    base_url = fields.matching(
        r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)$",
        "must be https://, a host and nothing more; plain http:// only on this very machine",
        255,
        missing="https://api.stripe.com",
        description="Where the API is",
    )
    timeout_seconds = fields.whole(1, 80, missing=20, description="For how many seconds an answer is waited for")


plugin = Plugin(
    name="stripe",
    title="Stripe",
    description="Cards and wallets, paid at Stripe's own page",
    api_version=API_VERSION,
    settings=StripeSettings,
    requires=("payments",),
)


def check_stripe(request: Request) -> dict[str, Any]:
    """Tell whether payments can be taken; nobody is called for that."""
    missing = request.find_service(StripeProvider).check()
    return {"status": "ok" if missing is None else "not_set_up"}


def includeme(config: Configurator) -> None:
    """Register everything that Stripe has."""
    gateway = Gateway(config.get_settings())
    config.add_injectable(Gateway, lambda _request: gateway)
    config.add_payment_provider("stripe", StripeProvider)
    config.add_health_check("stripe", check_stripe, critical=False)
