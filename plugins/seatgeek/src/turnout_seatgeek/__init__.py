"""SeatGeek, as a source of events."""

from turnout.plugin import API_VERSION, Configurator, Plugin, Schema, fields
from turnout_external_events.sources.calling import settings

from turnout_seatgeek import demo
from turnout_seatgeek.caller import SeatGeekCaller
from turnout_seatgeek.source import SeatGeekSource


class SeatGeekSettings(Schema):
    """The account at SeatGeek, and how much of it is used."""

    client_id = fields.text(255, 0, missing="", secret=True, description="Client ID of the app at SeatGeek")
    client_secret = fields.text(
        255, 0, missing="", secret=True, description="Secret of the app at SeatGeek, if it has one"
    )
    base_url = settings.base_url(missing="https://api.seatgeek.com/2")
    per_second = settings.per_second(missing=4)
    per_day = settings.per_day(missing=4500)


plugin = Plugin(
    name="seatgeek",
    title="SeatGeek",
    description="Finds the events that SeatGeek knows",
    api_version=API_VERSION,
    settings=SeatGeekSettings,
    requires=("external_events",),
)


def includeme(config: Configurator) -> None:
    """Register everything that SeatGeek has."""
    caller = SeatGeekCaller(config.get_settings())
    config.add_injectable(SeatGeekCaller, lambda _request: caller)
    config.add_event_source("seatgeek", SeatGeekSource)
    config.add_demo_server("seatgeek", demo.start)
