"""A plugin that is off unless somebody turns it on for an event."""

from turnout.bookings.hooks import BookingConfirmed
from turnout.plugin import ANYONE, API_VERSION, Configurator, Plugin, Schema, Service, fields

plugin = Plugin(
    name="quiet",
    title="Quiet",
    description="Says nothing",
    api_version=API_VERSION,
    is_switchable=True,
    is_on_by_default=False,
)
calls: list[str] = []


class LoudView(Schema):
    """How loud it is."""

    loud = fields.flag()


def read(event_ids):
    return {event_id: {"loud": False} for event_id in event_ids}


def hear(_event: BookingConfirmed) -> None:
    calls.append("hear")


quiet = Service("quiet", "/events/{id}/quiet", "Quiet")


@quiet.get(permission="quiet:read", answer=LoudView)
def read_quiet(_request):
    """Read how loud it is."""
    return {"loud": False}


def includeme(config: Configurator) -> None:
    config.declare_permission("quiet:read", "Read it", ANYONE)
    config.add_event_extension("quiet", view=LoudView, read=read)
    config.add_listener(hear, BookingConfirmed)
    config.add_api_service(quiet)
