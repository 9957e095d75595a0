"""The one ordered list of what makes up the application."""

from pyramid.config import Configurator

TOOLKIT = (
    "turnout.settings",
    "turnout.logs",
    "turnout.injection",
    "turnout.clock",
    "turnout.db",
    "turnout.security",
    "turnout.api",
)
FEATURES = (
    "turnout.health",
    "turnout.outbox",
    "turnout.users",
    "turnout.auth",
    "turnout.countries",
    "turnout.venues",
    "turnout.taxonomy",
    "turnout.pools",
    "turnout.ticket_types",
    "turnout.events",
    "turnout.attendees",
    "turnout.bookings",
    "turnout.rsvps",
    "turnout.messages",
    "turnout.webhooks",
    "turnout.metrics",
)


def includeme(config: Configurator) -> None:
    for name in (*TOOLKIT, *FEATURES):
        config.include(name)
