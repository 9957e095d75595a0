"""Webhooks: what happens is posted, signed, to addresses that organizers and staff name."""

from datetime import timedelta
from importlib.metadata import version

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.bookings import hooks as bookings
from turnout.check_ins import hooks as check_ins
from turnout.events import hooks as events
from turnout.outbox.retries import Retry
from turnout.security.actors import ORGANIZER
from turnout.webhooks import api
from turnout.webhooks.admin import DeliverySection, WebhookSection
from turnout.webhooks.event_types import EventTypes, Telling, add_webhook_event, teller
from turnout.webhooks.hooks import DeliveryDue, WebhookDisabled
from turnout.webhooks.representations import tell_of_booking, tell_of_event, tell_of_ticket
from turnout.webhooks.sending import Sender
from turnout.webhooks.services import DeliveryService, WebhookService
from turnout.webhooks.tasks import DISABLED, deliver, fan_out, purge_deliveries, tell_owner, try_again

QUEUE = "webhooks"
"""A queue of its own: no receiver holds up other work."""
RETRY = Retry(attempts=20, first=1, longest=60)
"""Of a try that could not be noted; for what receivers do there are the pauses of the services."""


BOOKING_EVENTS = {
    "booking.held": bookings.BookingHeld,
    "booking.confirmed": bookings.BookingConfirmed,
    "booking.cancelled": bookings.BookingCancelled,
    "booking.expired": bookings.BookingExpired,
    "booking.resized": bookings.BookingResized,
    "booking.failed": bookings.BookingFailed,
}
TICKET_EVENTS = {
    "ticket.checked_in": check_ins.TicketCheckedIn,
    "ticket.check_in_undone": check_ins.CheckInUndone,
}
EVENTS = {
    "event.created": events.EventCreated,
    "event.changed": events.EventChanged,
    "event.published": events.EventPublished,
    "event.cancelled": events.EventCancelled,
    "event.postponed": events.EventPostponed,
    "event.archived": events.EventArchived,
}


class WebhookSettings(colander.MappingSchema):
    """How webhooks are told."""

    allow_private_addresses = fields.flag(
        missing=False, description="Let webhooks lead into private networks and to this machine, and use plain http://"
    )
    most_per_user = fields.whole(1, 1000, missing=20, description="How many webhooks one user may have")
    timeout_seconds = fields.whole(1, 60, missing=10, description="How long a receiver may take, all in all")
    threads = fields.whole(1, 64, missing=4, description="How many receivers a worker talks to at once")
    keep_days = fields.whole(1, 3650, missing=30, description="How long the log of deliveries is kept")


def includeme(config: Configurator) -> None:
    config.declare_settings("webhooks", WebhookSettings)
    settings = config.get_settings()
    registry = config.registry
    registry.webhook_events = {}
    registry.webhook_sender = Sender(
        f"Turnout/{version('turnout')} (webhooks)",
        seconds=settings["webhooks.timeout_seconds"],
        private=settings["webhooks.allow_private_addresses"],
    )
    config.add_directive("add_webhook_event", add_webhook_event)
    config.add_injectable(EventTypes, lambda request: request.registry.webhook_events)
    config.add_injectable(Telling, teller)
    config.add_injectable(Sender, lambda request: request.registry.webhook_sender)
    config.declare_permission("webhooks:read", "See one's own webhooks and what was sent to them", ORGANIZER)
    config.declare_permission("webhooks:manage", "Make and change one's own webhooks, test and replay", ORGANIZER)
    config.add_service(WebhookService)
    config.add_service(DeliveryService)
    config.set_queue_threads(QUEUE, settings["webhooks.threads"])
    config.add_task(fan_out)
    config.add_task(try_again)
    config.add_listener(deliver, DeliveryDue, queue=QUEUE, retry=RETRY)
    config.add_message_kind(DISABLED, "A webhook of one's own is switched off", templates="turnout.webhooks:templates")
    config.add_listener(tell_owner, WebhookDisabled)
    config.add_periodic_task(purge_deliveries, every=timedelta(hours=1))
    for name, booking_event in BOOKING_EVENTS.items():
        config.add_webhook_event(name, booking_event, tell_of_booking)
    for name, ticket_event in TICKET_EVENTS.items():
        config.add_webhook_event(name, ticket_event, tell_of_ticket)
    for name, happening in EVENTS.items():
        config.add_webhook_event(name, happening, tell_of_event)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(WebhookSection)
    config.add_admin_section(DeliverySection)
    config.add_capability("webhooks", "Signed messages to addresses of your own (Standard Webhooks)")
