"""Ticketmaster, as a source of events (Discovery API v2)."""

from turnout.plugin import API_VERSION, Configurator, Plugin, Schema, fields
from turnout_external_events.sources.calling import settings

from turnout_ticketmaster import demo
from turnout_ticketmaster.caller import TicketmasterCaller
from turnout_ticketmaster.source import TicketmasterSource


class TicketmasterSettings(Schema):
    """The account at Ticketmaster, and how much of it is used."""

    base_url = settings.base_url(missing="https://app.ticketmaster.com/discovery/v2")
    api_key = fields.text(255, 0, missing="", secret=True, description="Consumer key of the app at Ticketmaster")
    per_second = settings.per_second(missing=4, description="Calls made in a second; Ticketmaster allows 5")
    per_day = settings.per_day(
        missing=4500,
        description="Calls made in a day, at most half of them for those who wait; Ticketmaster allows 5000",
    )


plugin = Plugin(
    name="ticketmaster",
    title="Ticketmaster",
    description="Events that are sold at Ticketmaster",
    api_version=API_VERSION,
    settings=TicketmasterSettings,
    requires=("external_events",),
)


def includeme(config: Configurator) -> None:
    """Register everything that Ticketmaster has."""
    caller = TicketmasterCaller(config.get_settings())
    config.add_injectable(TicketmasterCaller, lambda _request: caller)
    config.add_event_source("ticketmaster", TicketmasterSource)
    config.add_demo_server("ticketmaster", demo.start)
