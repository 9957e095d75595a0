"""A cloakroom: a peg for everybody who comes. A plugin as a stranger would write it, from the documentation alone."""

from datetime import timedelta

from acme_cloakroom import api, pegs
from turnout.bookings.hooks import BookingCancelled, BookingConfirmed
from turnout.plugin import ANYONE, API_VERSION, Configurator, Plugin, Schema, fields


class CloakroomSettings(Schema):
    """How large it is."""

    pegs = fields.whole(1, 10_000, missing=50, description="How many coats it has room for")


plugin = Plugin(
    name="cloakroom",
    title="Cloakroom",
    description="A peg for everybody who comes",
    api_version=API_VERSION,
    settings=CloakroomSettings,
    is_switchable=True,
)


def includeme(config: Configurator) -> None:
    config.declare_permission("cloakroom:read", "See how many pegs are free", ANYONE)
    config.add_service(pegs.Cloakroom)
    config.add_listener(pegs.keep, BookingConfirmed)
    config.add_listener(pegs.give_back, BookingCancelled)
    config.add_periodic_task(pegs.tidy, every=timedelta(hours=1))
    config.add_event_extension("cloakroom", view=api.FreePegs, read=pegs.read)
    config.add_api_service(api.cloakroom)
