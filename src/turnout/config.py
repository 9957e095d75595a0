"""The one ordered list of what makes up the application; the plugins that are enabled come last."""

from pyramid.config import Configurator

TOOLKIT = (
    "turnout.settings",
    "turnout.logs",
    "turnout.injection",
    "turnout.plugin.plugins",
    "turnout.clock",
    "turnout.db",
    "turnout.security",
    "turnout.api",
    "turnout.plugin.boundary",
    "turnout.admin",
    "turnout.commands",
    "turnout.demo.servers",
)
FEATURES = (
    "turnout.health",
    "turnout.outbox",
    "turnout.images",
    "turnout.users",
    "turnout.auth",
    "turnout.audit",
    "turnout.countries",
    "turnout.venues",
    "turnout.taxonomy",
    "turnout.pools",
    "turnout.ticket_types",
    "turnout.events",
    "turnout.attendees",
    "turnout.bookings",
    "turnout.tickets",
    "turnout.check_ins",
    "turnout.rsvps",
    "turnout.calendars",
    "turnout.messages",
    "turnout.webhooks",
    "turnout.metrics",
    "turnout.plugin",
)


def includeme(config: Configurator) -> None:
    for name in (*TOOLKIT, *FEATURES):
        config.include(name)
    config.include("turnout.plugin.loading")
