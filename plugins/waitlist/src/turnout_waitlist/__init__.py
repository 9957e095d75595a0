"""Waiting lists: places that come free are offered to those who wait for them, and to nobody else meanwhile."""

from datetime import timedelta

from turnout.bookings.hooks import PlacesReleased
from turnout.events.hooks import (
    EventArchived,
    EventCancelled,
    EventChanged,
    EventPublished,
    OfferChanged,
    TransitionForeseen,
)
from turnout.events.models import CANCELLED
from turnout.plugin import API_VERSION, ORGANIZER, USER, Configurator, Plugin, Schema, fields
from turnout.users.hooks import UserDisabled, UsersDeleting, UsersDeletionForeseen

from turnout_waitlist import api, extension, schemas, tasks
from turnout_waitlist.admin import WaitlistSection
from turnout_waitlist.hooks import Accepted, Joined, Left, ListEnded, Offered, OfferLapsed
from turnout_waitlist.models import ACCOUNT_DISABLED, LEFT
from turnout_waitlist.services import (
    HELD_OF_EVENTS,
    HELD_OF_TYPES,
    KINDS,
    Claims,
    OfferService,
    WaitlistCatalog,
    WaitlistNotices,
    WaitlistRegister,
    WaitlistService,
)


class WaitlistSettings(Schema):
    """How places are offered to those who wait."""

    offer_hours = fields.whole(
        1, 720, missing=24, description="How long an offer can be accepted; never longer than until the event begins"
    )
    patience = fields.whole(
        0,
        1000,
        missing=3,
        description="How often an entry is passed over, for want of places, before they are saved for it",
    )
    keep_days = fields.whole(1, 3650, missing=365, description="How long entries are kept after they are decided")


plugin = Plugin(
    name="waitlist",
    title="Waiting lists",
    description="People wait for places of what is full, and are offered what comes free, in turn",
    api_version=API_VERSION,
    settings=WaitlistSettings,
)


def offer_on(event: PlacesReleased) -> None:
    """Offer what came free to those who wait, in the transaction that freed it."""
    event.request.find_service(OfferService).places_came_free(event.event_id)


def follow_offer(event: OfferChanged | EventCancelled | EventArchived) -> None:
    """Let waiting lists follow what is sold: more places are offered, and nobody waits for what will not be."""
    event.request.find_service(OfferService).look_after(event.event_id)


def follow_event(event: EventChanged) -> None:
    """Let waiting lists follow when an event begins, and how many bookings, of how many places, somebody may have."""
    if event.fields & {"starts_at", "max_tickets_per_booking", "bookings_per_attendee"}:
        event.request.find_service(OfferService).look_after(event.event_id)


def follow_date(event: EventPublished) -> None:
    """Let offers of an event that was postponed be good for as long as new ones, now that it has a date."""
    if event.was_postponed:
        event.request.find_service(OfferService).look_after(event.event_id, is_on_again=True)


def leave_lists(event: UsersDeleting) -> None:
    """Let users leave all waiting lists when they are deleted."""
    event.request.find_service(WaitlistService).release_of_users(event.user_ids, LEFT)


def end_waiting(event: UserDisabled) -> None:
    """Let a user wait for nothing any more who could not accept it."""
    event.request.find_service(WaitlistService).release_of_users([event.user_id], ACCOUNT_DISABLED)


def foresee_deletion(event: UsersDeletionForeseen) -> None:
    """Say on how many waiting lists users are."""
    for sentence in event.request.find_service(WaitlistService).foresee_deletion(event.user_ids):
        event.say(sentence)


def foresee_transition(event: TransitionForeseen) -> None:
    """Say how many wait for an event that is about to be called off or postponed."""
    known = event.request.find_service(WaitlistRegister).of_events([event.event_id])[event.event_id]
    number = known["waiting"] + known["offered"]
    if number:
        people = "1 person is" if number == 1 else f"{number} people are"
        goes = "nobody waits any more, and they are told" if event.status == CANCELLED else "they go on waiting"
        event.say(f"{people} on the waiting list: {goes}.")


def includeme(config: Configurator) -> None:
    """Register everything that waiting lists have."""
    config.declare_permission("waitlist:read", "See one's own place on waiting lists", USER)
    config.declare_permission("waitlist:join", "Wait for places of events that are full", USER)
    config.declare_permission("waitlist:accept", "Accept places that one has waited for", USER)
    config.declare_permission("waitlist:leave", "Leave waiting lists", USER)
    config.declare_permission("waitlist:inspect", "See who waits for one's own events; staff: all", ORGANIZER)
    config.declare_permission("waitlist:manage", "Decide who of those waiting for one's own events is next", ORGANIZER)
    for service in (Claims, WaitlistRegister, OfferService, WaitlistService, WaitlistCatalog, WaitlistNotices):
        config.add_service(service)
    config.add_claim_source("waiting list, of events", HELD_OF_EVENTS)
    config.add_claim_source("waiting list, of types", HELD_OF_TYPES)
    config.add_subscriber(offer_on, PlacesReleased)
    for happened in (OfferChanged, EventCancelled, EventArchived):
        config.add_subscriber(follow_offer, happened)
    config.add_subscriber(follow_event, EventChanged)
    config.add_subscriber(follow_date, EventPublished)
    config.add_subscriber(leave_lists, UsersDeleting)
    config.add_subscriber(end_waiting, UserDisabled)
    config.add_subscriber(foresee_deletion, UsersDeletionForeseen)
    config.add_subscriber(foresee_transition, TransitionForeseen)
    config.add_event_extension(
        "waitlist", view=schemas.EventListView, read=extension.read, body=schemas.EventList, write=extension.write
    )
    for name, title in KINDS.items():
        config.add_message_kind(name, title, templates="turnout_waitlist:templates")
    config.add_listener(tasks.tell_of_entry, Joined, Offered, Accepted, OfferLapsed, Left)
    config.add_listener(tasks.tell_of_end, ListEnded)
    config.add_task(tasks.tell_some)
    config.add_task(tasks.look_after_list)
    config.add_periodic_task(tasks.look_after_lists, every=timedelta(minutes=1))
    config.add_periodic_task(tasks.purge_entries, every=timedelta(hours=1))
    for name, event in (
        ("waitlist.joined", Joined),
        ("waitlist.offered", Offered),
        ("waitlist.accepted", Accepted),
        ("waitlist.expired", OfferLapsed),
        ("waitlist.left", Left),
    ):
        config.add_webhook_event(name, event, tasks.tell_webhooks)
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_admin_section(WaitlistSection)
    config.add_capability(
        "waitlist", "Waiting lists of events that are full: places that come free are offered in turn"
    )
