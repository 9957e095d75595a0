"""Events: made by organizers, found by anyone."""

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.events import api
from turnout.events.admin import EventSection
from turnout.events.extensions import (
    EventExtensions,
    add_event_extension,
    describe_extensions,
    describe_orderings,
    describe_plugins,
    form_of_extensions,
    form_of_plugins,
)
from turnout.events.services import EventCatalog, EventService
from turnout.events.switches import EventSwitches, is_switched_on, switches_of
from turnout.images.hooks import ImagesSought
from turnout.security.actors import ANYONE, ORGANIZER
from turnout.venues.hooks import VenueChanged


class EventSettings(colander.MappingSchema):
    """What events are like where nothing else is said."""

    currency = fields.currency(missing="EUR")


def follow_venue(event: VenueChanged) -> None:
    """Let a venue's events say what it says, in the same transaction."""
    event.request.find_service(EventService).follow_venue(event.venue_id)


def keep_images(event: ImagesSought) -> None:
    """Say which images events show."""
    event.keep(event.request.find_service(EventService).images_among(event.paths))


def includeme(config: Configurator) -> None:
    config.declare_settings("events", EventSettings)
    registry = config.registry
    registry.event_extensions = {}
    registry.is_switched_on = is_switched_on
    registry.openapi_described |= {
        "event extensions": describe_extensions(config),
        "event orderings": describe_orderings(config),
        "event plugins": describe_plugins(config),
    }
    registry.admin_members |= {"event extensions": form_of_extensions, "event plugins": form_of_plugins}
    config.add_request_method(lambda _request: {}, "event_switches", reify=True)
    config.add_directive("add_event_extension", add_event_extension)
    config.add_injectable(EventSwitches, switches_of)
    config.add_injectable(
        EventExtensions,
        lambda request: EventExtensions(request.registry.event_extensions, switches_of(request), request),
    )
    config.declare_permission("events:read", "See events; drafts only one's own", ANYONE)
    config.declare_permission("events:create", "Make events", ORGANIZER)
    config.declare_permission("events:update", "Change one's own events and their ticket types", ORGANIZER)
    config.declare_permission("events:publish", "Publish, postpone, cancel and archive one's own events", ORGANIZER)
    config.declare_permission("events:delete", "Delete one's own events that nobody booked", ORGANIZER)
    config.add_service(EventCatalog)
    config.add_service(EventService)
    config.add_subscriber(follow_venue, VenueChanged)
    config.add_subscriber(keep_images, ImagesSought)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(EventSection)
    config.add_capability("events", "Events with ticket types, found by filters and full-text search")
