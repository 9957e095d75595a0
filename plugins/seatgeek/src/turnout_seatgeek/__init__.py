"""SeatGeek, as a source of events."""

from typing import Any

from turnout.plugin import API_VERSION, Configurator, Plugin, Request, Schema, fields

from turnout_seatgeek import demo
from turnout_seatgeek.caller import SeatGeekCaller
from turnout_seatgeek.source import SeatGeekSource


class SeatGeekSettings(Schema):
    """The account at SeatGeek, and how much of it is used."""

    client_id = fields.text(255, 0, missing="", secret=True, description="Client ID of the app at SeatGeek")
    client_secret = fields.text(
        255, 0, missing="", secret=True, description="Secret of the app at SeatGeek, if it has one"
    )
    base_url = fields.matching(
        r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)(/[^\s/?#]+)*$",
        "must be https://, a host and perhaps a path, without a / at its end; plain http:// only on this very machine",
        255,
        missing="https://api.seatgeek.com/2",
        description="Where the API is",
    )
    per_second = fields.whole(1, 100, missing=4, description="How many calls are made in a second at most")
    per_day = fields.whole(
        1,
        1_000_000,
        missing=4500,
        description="How many calls are made in a day at most; half of them at most for those who wait",
    )


plugin = Plugin(
    name="seatgeek",
    title="SeatGeek",
    description="Finds the events that SeatGeek knows",
    api_version=API_VERSION,
    settings=SeatGeekSettings,
    requires=("external_events",),
)


def check_seatgeek(request: Request) -> dict[str, Any]:
    """Tell whether events can be found; nobody is called for that."""
    missing = request.find_service(SeatGeekSource).check()
    return {"status": "ok" if missing is None else "not_set_up"}


def includeme(config: Configurator) -> None:
    """Register everything that SeatGeek has."""
    caller = SeatGeekCaller(config.get_settings())
    config.add_injectable(SeatGeekCaller, lambda _request: caller)
    config.add_event_source("seatgeek", SeatGeekSource)
    config.add_health_check("seatgeek", check_seatgeek, critical=False)
    config.add_demo_server("seatgeek", demo.start)
