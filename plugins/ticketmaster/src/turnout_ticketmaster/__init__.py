"""Ticketmaster, as a source of events (Discovery API v2)."""

from typing import Any

from turnout.plugin import API_VERSION, Configurator, Plugin, Request, Schema, fields

from turnout_ticketmaster import demo
from turnout_ticketmaster.caller import TicketmasterCaller
from turnout_ticketmaster.source import TicketmasterSource


class TicketmasterSettings(Schema):
    """The account at Ticketmaster, and how much of it is used."""

    base_url = fields.matching(
        r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)(/[A-Za-z0-9._~-]+)*$",
        "must be https:// and a host, perhaps with a path; plain http:// only on this very machine",
        255,
        missing="https://app.ticketmaster.com/discovery/v2",
        description="Where the API is",
    )
    api_key = fields.text(255, 0, missing="", secret=True, description="Consumer key of the app at Ticketmaster")
    per_second = fields.whole(1, 1000, missing=4, description="Calls made in a second; Ticketmaster allows 5")
    per_day = fields.whole(
        1,
        10_000_000,
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


def check_ticketmaster(request: Request) -> dict[str, Any]:
    """Tell whether events can be searched; nobody is called for that."""
    missing = request.find_service(TicketmasterSource).check()
    return {"status": "ok" if missing is None else "not_set_up"}


def includeme(config: Configurator) -> None:
    """Register everything that Ticketmaster has."""
    caller = TicketmasterCaller(config.get_settings())
    config.add_injectable(TicketmasterCaller, lambda _request: caller)
    config.add_event_source("ticketmaster", TicketmasterSource)
    config.add_health_check("ticketmaster", check_ticketmaster, critical=False)
    config.add_demo_server("ticketmaster", demo.start)
