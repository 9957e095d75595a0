"""Schemas of waiting lists."""

import colander
from turnout.plugin import PageQuery, Schema, fields, page_of

from turnout_waitlist.models import HIGHEST, LOWEST, REASONS, STATUSES


class NewEntry(Schema):
    """What somebody waits for."""

    quantity = fields.whole(1, 1000, missing=1, description="How many places, offered together or not at all")
    ticket_type_id = fields.identifier(optional=True, description="Null: the event's first")


class EntrySummary(Schema):
    """An entry of a waiting list."""

    id = fields.identifier()
    event_id = fields.identifier()
    ticket_type_id = fields.identifier(nullable=True, description="Null: the type was removed")
    ticket_type = fields.text(100, nullable=True)
    quantity = fields.whole(1)
    status = fields.choice(
        STATUSES, description="offered: accept until `offer_expires_at`; accepted: it is the booking `booking_id`"
    )
    reason = fields.choice(REASONS, nullable=True, description="Why it expired or was cancelled")
    offered_at = fields.moment(nullable=True)
    offer_expires_at = fields.moment(nullable=True)
    decided_at = fields.moment(nullable=True)
    booking_id = fields.identifier(nullable=True)
    created_at = fields.moment()


class WaitlistEntryView(EntrySummary):
    """An entry of a waiting list, as whoever waits sees it."""

    position = fields.whole(1, nullable=True, description="The place in line; null: not waiting")


class BookingMade(Schema):
    """The booking that was made of an offer; `GET /bookings/{id}` has all of it."""

    id = fields.identifier()
    code = fields.text(12)
    status = fields.text(10, description='"confirmed", or "pending": to be paid or confirmed until `expires_at`')
    quantity = fields.whole(1)
    total_amount = fields.money(nullable=True)
    currency = fields.currency()
    expires_at = fields.moment(nullable=True)


class AcceptedView(Schema):
    """An entry that was accepted, and the booking that it is now."""

    entry = WaitlistEntryView()
    booking = BookingMade()


class PersonView(Schema):
    """Who waits."""

    id = fields.identifier()
    name = fields.text(300)
    email = fields.text(254)


class ListedEntry(EntrySummary):
    """An entry of a waiting list, as the event's organizer and staff see it."""

    user = PersonView()
    priority = fields.whole(LOWEST, HIGHEST)
    saved = fields.whole(description="How many places are kept for it until there are enough")
    passed_over = fields.whole(description="How often places came free that were not enough for it")


EntryPage = page_of(ListedEntry(name="entry"))


class EntryQuery(PageQuery):
    """Parameters of an event's waiting list."""

    status = fields.choice(STATUSES, missing=None)


class AnyEntryQuery(EntryQuery):
    """Filters of the list of the entries of all events."""

    event = fields.identifier(missing=None)


class PriorityInput(Schema):
    """Where in line somebody comes."""

    priority = fields.whole(LOWEST, HIGHEST, description="Higher comes first; 0 is what everybody begins with")


class StatusCounts(Schema):
    """How many entries there are in each status."""

    waiting = fields.whole()
    offered = fields.whole()
    accepted = fields.whole()
    expired = fields.whole()
    cancelled = fields.whole()


class Statistics(Schema):
    """How an event's waiting list did."""

    counts = StatusCounts()
    offers = fields.whole(description="How many were offered places")
    acceptance_rate = fields.matching(
        r"^[01]\.[0-9]{2}$",
        "must be like 0.75",
        4,
        nullable=True,
        description="Of those who had an offer that is decided, how many accepted; null: none is decided",
        example="0.75",
    )
    mean_wait_seconds = fields.whole(nullable=True, description="From joining until the offer")
    longest_wait_seconds = fields.whole(nullable=True, description="From joining until the offer")
    mean_seconds_to_accept = fields.whole(nullable=True, description="From the offer until it was accepted")


class EventList(Schema):
    """What organizers say of an event's waiting list."""

    is_open = fields.flag(
        missing=colander.drop,
        default=True,
        title="Waiting list open",
        description="Whether people may join the waiting list; left out: as it was, at first they may",
    )


class EventListView(Schema):
    """An event's waiting list."""

    is_open = fields.flag(description="Whether anybody may join")
    waiting = fields.whole(description="How many entries wait")
    offered = fields.whole(description="How many have an offer to decide about")
