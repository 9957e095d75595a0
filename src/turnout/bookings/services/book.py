"""The booking primitive: decide many requests in one transaction, in order of arrival, each with its own outcome.

Everything is read, checked and priced first; claim and inserts come last, in one statement where the database can. Two
tries decide a request. The first takes no lock: it decides by what it read, and the claim holds only if that is still
true. If it is not (the offer changed, the places do not suffice, holds have expired), the second locks the event's
pool, lets expired holds go, reads again and decides for good.

Lock order, so that nobody waits in a circle: events by id; an event's pool before its ticket types' pools; and whoever
holds a pool never waits for a booking's row.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.bookings.errors import DuplicateBooking, NotOnSale
from turnout.bookings.extensions import BookingExtensions
from turnout.bookings.hooks import BookingConfirmed, BookingHeld, BookingPriced, BookingRefused, PlacesClaimed
from turnout.bookings.models import CONFIRMED, PENDING, VALID
from turnout.bookings.services.expiry import expire_holds_of
from turnout.bookings.services.facts import Facts, Kind, Offer, Person, read_facts
from turnout.bookings.services.requests import BookingRequest, Line
from turnout.bookings.services.writing import Batch, Partial, Written, write
from turnout.clock import Clock
from turnout.errors import DomainError, Invalid, NotFound, TryAgain, Unauthenticated
from turnout.events.models import DRAFT, PUBLISHED
from turnout.injection import Announce, Settings
from turnout.money import as_text
from turnout.pools.errors import SoldOut
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.security.actors import Actor

_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a digit."""


@dataclass(slots=True)
class Draft:
    """A booking that may be made: its rows, and the places that they need."""

    decided_at: datetime
    is_accepted: bool
    booking: dict[str, Any]
    tickets: list[dict[str, Any]]
    new_attendee: dict[str, Any] | None
    type_places: Counter[int]


@dataclass(slots=True)
class _Tally:
    """What is left and used while requests are decided in turn."""

    left: int | None
    type_left: dict[int, int]
    slots: dict[int, set[int]] = field(default_factory=dict)
    bookings: Counter[int] = field(default_factory=Counter)
    is_short: bool = False
    """Somebody was refused for want of what an expired hold may still keep: places, or the attendee's slot."""

    @classmethod
    def of(cls, offer: Offer, facts: Facts) -> "_Tally":
        return cls(
            offer.left,
            {kind.id: kind.left for kind in offer.kinds.values() if kind.left is not None},
            {attendee: set(used) for attendee, used in facts.slots.items()},
            Counter(facts.bookings),
        )

    def take_slot(self, attendee: int, slot: int | None) -> None:
        self.bookings[attendee] += 1
        if slot is not None:
            self.slots.setdefault(attendee, set()).add(slot)


Outcome = dict[str, Any] | DomainError


class Booker:
    """Books places. Nothing here raises for a refused request: a refusal is its outcome."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        pools: PoolService,
        extensions: BookingExtensions,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.hold_for = timedelta(minutes=settings["bookings.hold_minutes"])
        self.pools = pools
        self.extensions = extensions

    def book(self, requests: Sequence[BookingRequest]) -> list[Outcome]:
        """Decide `requests`, given in order of arrival; return what became of each, in the same order.

        For one event, either all are new or all were accepted before.
        """
        outcomes: list[Any] = [None] * len(requests)
        for event_id in sorted({request.event_id for request in requests}):
            places = [place for place, request in enumerate(requests) if request.event_id == event_id]
            for place, outcome in zip(places, self._book_event([requests[place] for place in places]), strict=True):
                outcomes[place] = outcome
                if isinstance(outcome, DomainError) and requests[place].accepted is None:
                    self.announce(BookingRefused(event_id, outcome.code))
        return outcomes

    def _book_event(self, requests: Sequence[BookingRequest]) -> list[Outcome]:
        facts, drafts, is_short = self._decide(requests)
        if facts.offer is None:
            return [NotFound("There is no such event.") for _ in requests]
        if not (is_short and facts.offer.has_expired_holds):
            written = self._write(facts.offer, drafts)
            if isinstance(written, dict):
                return self._finish(facts.offer, drafts, written)
            for pool_id, places in written:
                self.pools.release(pool_id, places)
        self.session.execute(select(Pool.id).where(Pool.id == facts.offer.pool_id).with_for_update())
        expire_holds_of(self.session, self.clock.now(), self.announce, facts.offer.event_id)
        facts, drafts, _ = self._decide(requests)
        if facts.offer is not None:
            written = self._write(facts.offer, drafts)
            if isinstance(written, dict):
                return self._finish(facts.offer, drafts, written)
        raise TryAgain  # the event was deleted under our hands

    def _decide(self, requests: Sequence[BookingRequest]) -> tuple[Facts, list[Draft | DomainError], bool]:
        """Check and price each request by one reading of the facts; tell also whether one may be refused for an expired hold."""
        now = self.clock.now()
        users = {request.actor.user_id for request in requests if request.actor.user_id is not None}
        named = {request.attendee_id for request in requests if request.attendee_id is not None}
        facts = read_facts(self.session, requests[0].event_id, users, named, now)
        if facts.offer is None:
            return facts, [], False
        tally = _Tally.of(facts.offer, facts)
        decisions: list[Draft | DomainError] = []
        for request in requests:
            try:
                decisions.append(self._draft(request, facts.offer, facts, tally, now))
            except DomainError as refusal:
                decisions.append(refusal)
        return facts, decisions, tally.is_short

    def _draft(self, request: BookingRequest, offer: Offer, facts: Facts, tally: _Tally, now: datetime) -> Draft:
        person = facts.people.get(request.actor.user_id or 0)
        if person is None or not person.is_active:
            raise Unauthenticated("This account cannot book.")
        _require_on_sale(offer, request.actor, now)
        kinds = [_kind(offer, line) for line in request.lines]
        counts = Counter(kind.id for kind in kinds)
        _require_limits(offer, counts, now)
        attendee_id = _attendee(request, offer, person, facts)
        # A user without an attendee gets one with the booking; until then the negative user id stands for it.
        guest = attendee_id if attendee_id is not None else -person.user_id
        slot = _free_slot(offer, tally, guest)
        _take_places(offer, tally, counts)
        tally.take_slot(guest, slot)
        total = sum((kind.price for kind in kinds), Decimal(0))
        held_for = self._held_for(request, offer, person, total)
        accepted = request.accepted
        code = new_code() if accepted is None else accepted.code
        booking = {
            "code": code,
            "event_id": offer.event_id,
            "user_id": person.user_id,
            "attendee_id": attendee_id,
            "attendee_slot": slot,
            "quantity": len(kinds),
            "total_amount": total,
            "currency": offer.currency,
            "status": CONFIRMED if held_for is None else PENDING,
            "expires_at": None if held_for is None else now + held_for,
            "created_at": now if accepted is None else accepted.created_at,
        }
        tickets = [
            {
                "code": code,
                "ticket_type_id": kind.id,
                "price": kind.price,
                "holder_name": line.name,
                "holder_email": line.email,
                "secret": secrets.token_urlsafe(18),
            }
            for kind, line in zip(kinds, request.lines, strict=True)
        ]
        new_attendee = None
        if attendee_id is None:
            new_attendee = {
                "user_id": person.user_id,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": person.email,
            }
        type_places = Counter({kind.pool_id: counts[kind.id] for kind in kinds if kind.pool_id is not None})
        return Draft(now, accepted is not None, booking, tickets, new_attendee, type_places)

    def _held_for(self, request: BookingRequest, offer: Offer, person: Person, total: Decimal) -> timedelta | None:
        """Return how long the places are held, as somebody wants the booking to be confirmed later; None: nobody does."""
        priced = BookingPriced(offer.event_id, person.user_id, len(request.lines), total, offer.currency)
        self.announce(priced)
        return max([*priced.holds, *([self.hold_for] if request.hold else [])], default=None)

    def _write(self, offer: Offer, decisions: Sequence[Draft | DomainError]) -> dict[str, Written] | Partial:
        drafts = [decision for decision in decisions if isinstance(decision, Draft)]
        if not drafts:
            return {}
        type_places: Counter[int] = Counter()
        for draft in drafts:
            type_places.update(draft.type_places)
        attendees = {draft.booking["user_id"]: draft.new_attendee for draft in drafts if draft.new_attendee}
        batch = Batch(
            pool_id=offer.pool_id,
            revision=offer.revision,
            type_places=type_places,
            bookings=[draft.booking for draft in drafts],
            tickets=[ticket for draft in drafts for ticket in draft.tickets],
            # In one order everywhere: two who are new book two events at once, and neither waits for the other.
            attendees=[attendees[user_id] for user_id in sorted(attendees)],
            are_accepted=drafts[0].is_accepted,
            now=drafts[0].decided_at,
        )
        return write(self.session, batch)

    def _finish(
        self, offer: Offer, decisions: Sequence[Draft | DomainError], written: dict[str, Written]
    ) -> list[Outcome]:
        extended = self.extensions.read({made.booking_id: offer.event_id for made in written.values()})
        outcomes: list[Outcome] = []
        for decision in decisions:
            if isinstance(decision, DomainError):
                outcomes.append(decision)
                continue
            row = decision.booking
            made = written[row["code"]]
            kind = BookingHeld if row["status"] == PENDING else BookingConfirmed
            self.announce(PlacesClaimed(offer.event_id, row["quantity"]))
            self.announce(kind(made.booking_id, offer.event_id, row["user_id"], made.attendee_id, row["quantity"]))
            outcomes.append(_show(decision, made) | {"extensions": extended[made.booking_id]})
        return outcomes


def _require_on_sale(offer: Offer, actor: Actor, now: datetime) -> None:
    if offer.status == DRAFT and not actor.owns(offer.organizer_id):
        raise NotFound("There is no such event.")
    if offer.status != PUBLISHED:
        raise NotOnSale(f"The event is {offer.status}.")
    if offer.ends_at <= now:
        raise NotOnSale("The event is over.")
    if not offer.is_bookable:
        raise NotOnSale("Places for this event are not booked here.", tickets_url=offer.tickets_url)


def _kind(offer: Offer, line: Line) -> Kind:
    if line.ticket_type_id is None:
        return next(iter(offer.kinds.values()))
    kind = offer.kinds.get(line.ticket_type_id)
    if kind is None:
        raise Invalid({"ticket_type_id": "the event has no such ticket type"})
    return kind


def _require_limits(offer: Offer, counts: Counter[int], now: datetime) -> None:
    if counts.total() > offer.max_tickets_per_booking:
        raise Invalid({"quantity": f"must be at most {offer.max_tickets_per_booking} in one booking for this event"})
    for type_id, count in counts.items():
        kind = offer.kinds[type_id]
        if kind.sale_starts_at is not None and now < kind.sale_starts_at:
            raise NotOnSale(f"The sale of {kind.name!r} has not begun.", sale_starts_at=kind.sale_starts_at)
        if kind.sale_ends_at is not None and now >= kind.sale_ends_at:
            raise NotOnSale(f"The sale of {kind.name!r} has ended.", sale_ends_at=kind.sale_ends_at)
        if count < kind.min_per_booking:
            raise Invalid({"quantity": f"must be at least {kind.min_per_booking} of {kind.name!r}"})
        if kind.max_per_booking is not None and count > kind.max_per_booking:
            raise Invalid({"quantity": f"must be at most {kind.max_per_booking} of {kind.name!r}"})


def _attendee(request: BookingRequest, offer: Offer, person: Person, facts: Facts) -> int | None:
    """Return who comes: one's own attendee, or one without an account; for staff anybody's.

    The organizer is shown who comes, so for them it is who has booked an event of theirs before: nobody finds out names
    and addresses by booking for one id after the other.
    """
    wanted = request.attendee_id
    if wanted is None:
        return person.attendee_id
    owner = facts.owners.get(wanted, 0)
    if request.actor.is_staff:
        may_book = owner != 0
    elif person.user_id == offer.organizer_id:
        may_book = owner == person.user_id or wanted in facts.known or request.knows_attendee
    else:
        may_book = owner is None or owner == person.user_id
    if not may_book:
        raise Invalid({"attendee_id": "there is no such attendee"})
    return wanted


def _free_slot(offer: Offer, tally: _Tally, attendee: int) -> int | None:
    limit = offer.bookings_per_attendee
    if limit is None:
        return None
    if tally.bookings[attendee] >= limit:
        tally.is_short = True
        raise DuplicateBooking(
            "This attendee has a booking for the event already."
            if limit == 1
            else f"This attendee has {limit} bookings for the event already, as many as it allows."
        )
    used = tally.slots.get(attendee, set())
    return next(number for number in range(1, limit + 1) if number not in used)


def _take_places(offer: Offer, tally: _Tally, counts: Counter[int]) -> None:
    wanted = counts.total()
    short = [(tally.left, wanted, "the event")] if tally.left is not None and tally.left < wanted else []
    short += [
        (tally.type_left[type_id], count, repr(offer.kinds[type_id].name))
        for type_id, count in counts.items()
        if type_id in tally.type_left and tally.type_left[type_id] < count
    ]
    if short:
        tally.is_short = True
        left, places, what = short[0]
        left = max(left, 0)
        detail = (
            f"No place is left for {what}." if left == 0 else f"Only {left} of {places} places are left for {what}."
        )
        raise SoldOut(detail, seats_available=left)
    if tally.left is not None:
        tally.left -= wanted
    for type_id, count in counts.items():
        if type_id in tally.type_left:
            tally.type_left[type_id] -= count


def new_code() -> str:
    """Return a booking's code: short, and never to be guessed."""
    number = secrets.randbits(50)
    return "".join(_CODE_LETTERS[number >> shift & 31] for shift in range(0, 50, 5))


def _show(draft: Draft, made: Written) -> dict[str, Any]:
    """Return the booking as it is shown, from what is already known."""
    row = draft.booking
    currency = row["currency"]
    return {
        "id": made.booking_id,
        "code": row["code"],
        "event_id": row["event_id"],
        "user_id": row["user_id"],
        "attendee_id": made.attendee_id,
        "quantity": row["quantity"],
        "total_amount": as_text(row["total_amount"], currency),
        "currency": currency,
        "status": row["status"],
        "failure": None,
        "expires_at": row["expires_at"],
        "booking_date": row["created_at"],
        "tickets": [
            {
                "id": made.ticket_ids[ticket["secret"]],
                "ticket_type_id": ticket["ticket_type_id"],
                "price": as_text(ticket["price"], currency),
                "name": ticket["holder_name"],
                "email": ticket["holder_email"],
                "status": VALID,
                "secret": ticket["secret"],
                "checked_in_at": None,
            }
            for ticket in draft.tickets
        ],
    }
