"""PayPal, as a provider of payments."""

from typing import Any

from turnout.plugin import API_VERSION, Configurator, Plugin, Request, Schema, fields

from turnout_paypal.gateway import Gateway
from turnout_paypal.provider import PayPalProvider


class PayPalSettings(Schema):
    """The account at PayPal."""

    client_id = fields.text(255, 0, missing="", description="Client ID of the app at PayPal")
    client_secret = fields.text(255, 0, missing="", secret=True, description="Secret of the app at PayPal")
    webhook_id = fields.text(
        50, 0, missing="", description="ID of the webhook at PayPal, by which notices are verified"
    )
    base_url = fields.matching(
        r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)$",
        "must be https://, a host and nothing more; plain http:// only on this very machine",
        255,
        missing="https://api-m.paypal.com",
        description="Where the API is; https://api-m.sandbox.paypal.com to try it out",
    )
    timeout_seconds = fields.whole(1, 80, missing=20, description="For how many seconds an answer is waited for")


plugin = Plugin(
    name="paypal",
    title="PayPal",
    description="Payments that buyers agree to at PayPal",
    api_version=API_VERSION,
    settings=PayPalSettings,
    requires=("payments",),
)


def check_paypal(request: Request) -> dict[str, Any]:
    """Tell whether payments can be taken; nobody is called for that."""
    missing = request.find_service(PayPalProvider).check()
    return {"status": "ok" if missing is None else "not_set_up"}


def includeme(config: Configurator) -> None:
    """Register everything that PayPal has."""
    gateway = Gateway(config.get_settings())
    config.add_injectable(Gateway, lambda _request: gateway)
    config.add_payment_provider("paypal", PayPalProvider)
    config.add_health_check("paypal", check_paypal, critical=False)
