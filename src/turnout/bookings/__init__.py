"""Bookings: places claimed, held, confirmed and given back."""

from datetime import timedelta

import colander
from pyramid.config import Configurator
from sqlalchemy import func, select

from turnout import schema as fields
from turnout.attendees.hooks import AcquaintancesSought
from turnout.bookings import api
from turnout.bookings.admin import BookingSection
from turnout.bookings.extensions import BookingExtensions, add_booking_extension, describe_extensions
from turnout.bookings.models import ACTIVE, VALID, Booking, Ticket
from turnout.bookings.services import Booker, BookingCatalog, BookingService, BoxOffice, Intake
from turnout.bookings.services.intake import decide_bookings
from turnout.bookings.tasks import expire_holds
from turnout.events.hooks import TransitionForeseen
from turnout.events.models import CANCELLED, Event
from turnout.outbox.retries import Retry
from turnout.security.actors import USER
from turnout.ticket_types.models import TicketType
from turnout.users.hooks import UsersDeleting, UsersDeletionForeseen
from turnout.words import money


class BookingSettings(colander.MappingSchema):
    """How bookings are held."""

    hold_minutes = fields.whole(1, 10_080, missing=15, description="How long a pending booking keeps its places")


MOST_DECIDED = 100
"""How many accepted bookings of one event are decided in one transaction: more gain little, and hold its pool longer."""
DECISION = Retry(attempts=8, first=0.5, longest=10)
"""Those who came later wait for what is tried again, so it is not tried for long: about half a minute."""
HELD_OF_EVENTS = (
    select(Event.pool_id, Booking.quantity)
    .join(Booking, Booking.event_id == Event.id)
    .where(Booking.status.in_(ACTIVE))
)
HELD_OF_TYPES = (
    select(TicketType.pool_id, func.count())
    .join(Ticket, Ticket.ticket_type_id == TicketType.id)
    .join(Booking, Booking.id == Ticket.booking_id)
    .where(Booking.status.in_(ACTIVE), Ticket.status == VALID, TicketType.pool_id.is_not(None))
    .group_by(TicketType.pool_id)
)


def delete_of_users(event: UsersDeleting) -> None:
    """Let users take what they booked with them when they are deleted."""
    event.request.find_service(BookingService).delete_of_users(event.user_ids)


def foresee_deletion(event: UsersDeletionForeseen) -> None:
    """Say how many bookings go with users."""
    for sentence in event.request.find_service(BookingService).foresee_deletion(event.user_ids):
        event.say(sentence)


def find_acquaintances(event: AcquaintancesSought) -> None:
    """Say whom an organizer knows: who has booked an event of theirs."""
    event.found.append(event.request.find_service(BoxOffice).guests_of(event.user_id))


def foresee_transition(event: TransitionForeseen) -> None:
    """Say what is booked and paid of an event that is about to be called off or postponed."""
    bookings = event.request.find_service(BookingCatalog)
    held = [one for one in bookings.counts(event.event_id) if one["status"] in ACTIVE]
    number, places = (sum(one[name] for one in held) for name in ("bookings", "places"))
    if not number:
        event.say("Nobody has booked it.")
        return
    event.say(
        f"{number} booking{'' if number == 1 else 's'} of {places} place{'' if places == 1 else 's'} "
        f"{'stays' if number == 1 else 'stay'} as {'it is' if number == 1 else 'they are'}."
    )
    taken = event.request.find_service(BoxOffice).takings_of(event.event_id)
    words = [money(amount, currency) for currency, amount in sorted(taken.items()) if amount]
    if words and event.status == CANCELLED:
        event.say(f"{' and '.join(words)} {'was' if len(words) == 1 else 'were'} taken, and is yours to refund.")


def includeme(config: Configurator) -> None:
    config.declare_settings("bookings", BookingSettings)
    registry = config.registry
    registry.booking_extensions = {}
    registry.openapi_described |= {"booking extensions": describe_extensions(config)}
    config.add_directive("add_booking_extension", add_booking_extension)
    config.add_injectable(
        BookingExtensions, lambda request: BookingExtensions(request.registry.booking_extensions, request)
    )
    config.declare_permission("bookings:read", "See one's own bookings, and those of one's own events", USER)
    config.declare_permission("bookings:create", "Book", USER)
    config.declare_permission("bookings:update", "Change one's own bookings, and those of one's own events", USER)
    config.declare_permission("bookings:confirm", "Confirm one's own bookings, and those of one's own events", USER)
    config.declare_permission("bookings:cancel", "Cancel one's own bookings, and those of one's own events", USER)
    config.add_service(Booker)
    config.add_service(BookingCatalog)
    config.add_service(BookingService)
    config.add_service(BoxOffice)
    config.add_service(Intake)
    config.add_task(decide_bookings, queue="bookings", batch=MOST_DECIDED, retry=DECISION)
    config.add_claim_source("bookings of events", HELD_OF_EVENTS)
    config.add_claim_source("tickets of types", HELD_OF_TYPES)
    config.add_subscriber(delete_of_users, UsersDeleting)
    config.add_subscriber(find_acquaintances, AcquaintancesSought)
    config.add_subscriber(foresee_transition, TransitionForeseen)
    config.add_subscriber(foresee_deletion, UsersDeletionForeseen)
    config.add_periodic_task(expire_holds, every=timedelta(minutes=1))
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(BookingSection)
    config.add_capability("asynchronous-bookings", "Bookings with `Prefer: respond-async` are decided after the answer")
    config.add_capability("bookings", "Bookings that never exceed the places there are, with holds that expire")
