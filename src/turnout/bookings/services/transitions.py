"""What happens to a booking after it was made: named transitions, each guarded in its own statement."""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, or_, select, union, update
from sqlalchemy.orm import Session, aliased

from turnout.attendees.models import Attendee
from turnout.attendees.services import AttendeeService
from turnout.bookings.errors import DuplicateBooking, HoldExpired, NotOnSale, TicketsUsed, WrongBookingStatus
from turnout.bookings.hooks import (
    BookingCancelled,
    BookingConfirmed,
    BookingResized,
    ConfirmationSought,
    PlacesClaimed,
    PlacesReleased,
)
from turnout.bookings.models import ACTIVE, CANCELLED, CONFIRMED, EXPIRED, PENDING, PROCESSING, VALID, Booking, Ticket
from turnout.bookings.services.expiry import expire_holds, expire_holds_of, release_places
from turnout.clock import Clock
from turnout.errors import Invalid, NotFound
from turnout.events.models import PUBLISHED, Event
from turnout.events.services import EventService
from turnout.injection import Announce
from turnout.pools.errors import SoldOut
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.security.actors import SYSTEM, Actor
from turnout.ticket_types.models import TicketType
from turnout.versions import require_version


class BookingService:
    """Confirms, cancels, expires and changes bookings, for whoever made them, the event's organizer and staff."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        pools: PoolService,
        events: EventService,
        attendees: AttendeeService,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.pools = pools
        self.events = events
        self.attendees = attendees

    def for_change(
        self, booking_id: int, *, actor: Actor, expected: Collection[int] | None = None, as_guest: bool = False
    ) -> Booking:
        """Return a booking that the actor may change, its row locked; `as_guest`: also as the one it was made for.

        Raises `NotFound`, `VersionMismatch`.
        """
        query = select(Booking).where(Booking.id == booking_id).with_for_update(of=Booking)
        booking = self.session.scalars(query.execution_options(populate_existing=True)).first()
        if booking is not None and not actor.owns(booking.user_id):
            owners = [self.session.scalar(select(Event.organizer_id).where(Event.id == booking.event_id))]
            if as_guest:
                owners.append(self.session.scalar(select(Attendee.user_id).where(Attendee.id == booking.attendee_id)))
            booking = booking if any(map(actor.owns, owners)) else None
        if booking is None:
            raise NotFound("There is no such booking.")
        require_version(booking.version, expected)
        return booking

    def confirm(self, booking_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Booking:
        """Make a held booking good. Raises `HoldExpired`, `NotOnSale`, `WrongBookingStatus`, and what plugins refuse with."""
        booking = self.for_change(booking_id, actor=actor, expected=expected)
        now = self.clock.now()
        if booking.status == PENDING and booking.expires_at is not None and booking.expires_at > now:
            total = booking.total_amount or Decimal(0)
            self.announce(ConfirmationSought(booking.id, booking.event_id, total, booking.currency))
        in_time = Booking.expires_at > now
        if self._move(booking, CONFIRMED, Booking.status == PENDING, in_time, _is_on(now), expires_at=None):
            self._announce(BookingConfirmed, booking)
        elif booking.status == PENDING:
            if booking.expires_at is not None and booking.expires_at > now:
                raise NotOnSale("The event is not on sale any more; cancel the booking.")
            raise HoldExpired("The places were held until then; book again.", expired_at=booking.expires_at)
        elif booking.status != CONFIRMED:
            raise _wrong_status(booking, "confirmed")
        return booking

    def fulfil(self, booking_id: int) -> Booking:
        """Make a booking good for which what it was held for has come, such as its money: in time or late.

        One that has expired takes its places again, if there are so many. For plugins; whoever asks by themselves confirms.
        Raises `NotFound`, `NotOnSale`, `SoldOut`, `DuplicateBooking`, `WrongBookingStatus`.
        """
        booking = self.for_change(booking_id, actor=SYSTEM)
        now, before, slot = self.clock.now(), booking.status, booking.attendee_slot
        if before == CONFIRMED:
            return booking
        if before not in {PENDING, EXPIRED}:
            raise _wrong_status(booking, "confirmed")
        if before == EXPIRED:
            slot = self._take_again(booking, now)
        is_same = Booking.status == before
        if not self._move(booking, CONFIRMED, is_same, _is_on(now), expires_at=None, attendee_slot=slot):
            raise NotOnSale("The event is not on sale any more.")
        self._announce(BookingConfirmed, booking)
        return booking

    def _take_again(self, booking: Booking, now: datetime) -> int | None:
        """Claim the places of an expired booking anew, and its tickets; return its attendee's slot."""
        event = self.session.get_one(Event, booking.event_id)
        self.session.execute(select(Pool.id).where(Pool.id == event.pool_id).with_for_update())
        self.session.refresh(event)
        slot = self._free_slot(booking, event)
        tickets = self.session.scalars(select(Ticket).where(Ticket.booking_id == booking.id, Ticket.lapsed)).all()
        if len(tickets) != booking.quantity:
            raise _wrong_status(booking, "confirmed")  # it expired before that was noted
        counts = Counter(ticket.ticket_type_id for ticket in tickets)
        of_types = {pool_id: counts[type_id] for type_id, pool_id in self._type_pools(counts)}
        self._claim({event.pool_id: booking.quantity} | of_types, event.id, now)
        self.session.execute(
            update(Ticket)
            .where(Ticket.id.in_([ticket.id for ticket in tickets]))
            .values(status=VALID, lapsed=False)
            .execution_options(synchronize_session=False)
        )
        self.announce(PlacesClaimed(event.id, booking.quantity))
        return slot

    def _free_slot(self, booking: Booking, event: Event) -> int | None:
        if event.bookings_per_attendee is None:
            return None
        others = select(Booking.attendee_slot).where(
            Booking.event_id == event.id, Booking.attendee_id == booking.attendee_id, Booking.status.in_(ACTIVE)
        )
        used = set(self.session.scalars(others))
        slots = range(1, event.bookings_per_attendee + 1)
        free = next((slot for slot in slots if slot not in used), None)
        if free is None or len(used) >= event.bookings_per_attendee:
            raise DuplicateBooking(
                "This attendee has booked again meanwhile, and has as many bookings as the event allows."
            )
        return free

    def extend_hold(self, booking_id: int, until: datetime) -> datetime:
        """Hold a booking's places at least until then; return until when. For plugins, which wait for something.

        Raises `NotFound`, `HoldExpired`, `WrongBookingStatus`.
        """
        booking = self.for_change(booking_id, actor=SYSTEM)
        if booking.status != PENDING or booking.expires_at is None:
            raise _wrong_status(booking, "held for longer")
        if booking.expires_at <= self.clock.now():
            raise HoldExpired("The places were held until then; book again.", expired_at=booking.expires_at)
        if until > booking.expires_at:
            self._move(booking, PENDING, Booking.status == PENDING, expires_at=until)
        return max(until, booking.expires_at)

    def cancel(self, booking_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Booking:
        """Give a booking's places back; whoever comes may decline, too. Raises `WrongBookingStatus`, `TicketsUsed`.

        One that is not decided yet has none, and is not decided any more. Places on which somebody sits are not given to
        others: their check-in is undone first.
        """
        booking = self.for_change(booking_id, actor=actor, expected=expected, as_guest=True)
        before = booking.status
        is_unused = ~exists().where(Ticket.booking_id == Booking.id, Ticket.checked_in_at.is_not(None))
        if before in {PROCESSING, *ACTIVE} and self._move(booking, CANCELLED, Booking.status == before, is_unused):
            if before in ACTIVE:
                release_places(self.session, self.announce, [booking.id])
            self._announce(BookingCancelled, booking)
        elif booking.status in ACTIVE:
            raise TicketsUsed("Undo the check-in first; then the booking can be cancelled.")
        elif booking.status != CANCELLED:
            raise _wrong_status(booking, "cancelled")
        return booking

    def expire_due(self) -> int:
        """Expire every hold that is due; return how many."""
        return expire_holds(self.session, self.clock.now(), self.announce)

    def _move(self, booking: Booking, status: str, *guards: Any, **values: Any) -> bool:
        """Do a transition if the guards hold in the statement itself; tell whether it was done now."""
        moved: Any = self.session.execute(
            update(Booking)
            .where(Booking.id == booking.id, *guards)
            .values(status=status, updated_at=self.clock.now(), version=Booking.version + 1, **values)
            .execution_options(synchronize_session=False)
        )
        self.session.refresh(booking)
        return bool(moved.rowcount)

    def _announce(self, kind: Any, booking: Booking, *more: int) -> None:
        self.announce(kind(booking.id, booking.event_id, booking.user_id, booking.attendee_id, booking.quantity, *more))

    def update(
        self, booking_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Booking:
        """Change how many places a booking has, and who holds its tickets. Raises `SoldOut`, `Invalid`."""
        booking = self.for_change(booking_id, actor=actor, expected=expected)
        if booking.status not in ACTIVE:
            raise _wrong_status(booking, "changed")
        now = self.clock.now()  # one moment for all that follows, lest the booking expire while it changes
        if booking.status == PENDING and booking.expires_at is not None and booking.expires_at <= now:
            raise HoldExpired("The places were held until then; book again.", expired_at=booking.expires_at)
        if "tickets" in changes:
            self._rename(booking, changes["tickets"])
        if changes.get("quantity", booking.quantity) != booking.quantity:
            self._resize(booking, changes["quantity"], now)
        self.session.execute(
            update(Booking)
            .where(Booking.id == booking.id)
            .values(updated_at=now, version=Booking.version + 1)
            .execution_options(synchronize_session=False)
        )
        self.session.refresh(booking)
        return booking

    def _rename(self, booking: Booking, holders: Sequence[Mapping[str, Any]]) -> None:
        for holder in holders:
            renamed: Any = self.session.execute(
                update(Ticket)
                .where(Ticket.id == holder["id"], Ticket.booking_id == booking.id, Ticket.status == VALID)
                .values(holder_name=holder["name"], holder_email=holder["email"])
                .execution_options(synchronize_session=False)
            )
            if not renamed.rowcount:
                raise Invalid({"tickets": f"the booking has no valid ticket {holder['id']}"})

    def _resize(self, booking: Booking, quantity: int, now: datetime) -> None:
        tickets = self.session.scalars(
            select(Ticket).where(Ticket.booking_id == booking.id, Ticket.status == VALID).order_by(Ticket.id)
        ).all()
        before = booking.quantity
        if quantity > before:
            self._grow(booking, tickets, quantity - before, now)
        else:
            self._shrink(booking, tickets[:quantity], tickets[quantity:])
        prices = select(Ticket.price).where(Ticket.booking_id == booking.id, Ticket.status == VALID)
        total = sum(self.session.scalars(prices), Decimal(0))
        self.session.execute(
            update(Booking)
            .where(Booking.id == booking.id)
            .values(quantity=quantity, total_amount=total)
            .execution_options(synchronize_session=False)
        )
        self.session.refresh(booking)
        self._announce(BookingResized, booking, before)

    def _shrink(self, booking: Booking, kept: Sequence[Ticket], surplus: Sequence[Ticket]) -> None:
        if any(ticket.checked_in_at for ticket in surplus):
            raise Invalid({"quantity": "would take away a ticket that was used at the door"})
        self._require_enough(Counter(ticket.ticket_type_id for ticket in kept))
        event_pool = self.session.scalars(select(Event.pool_id).where(Event.id == booking.event_id)).one()
        self.pools.release(event_pool, len(surplus))
        counts = Counter(ticket.ticket_type_id for ticket in surplus)
        for type_id, pool_id in self._type_pools(counts):
            self.pools.release(pool_id, counts[type_id])
        self.session.execute(
            update(Ticket)
            .where(Ticket.id.in_([ticket.id for ticket in surplus]))
            .values(status=CANCELLED)
            .execution_options(synchronize_session=False)
        )
        self.announce(PlacesReleased(booking.event_id, len(surplus)))

    def _require_enough(self, counts: Counter[int]) -> None:
        least = select(TicketType.id, TicketType.name, TicketType.min_per_booking).where(TicketType.id.in_(counts))
        for type_id, name, fewest in self.session.execute(least):
            if counts[type_id] < fewest:
                raise Invalid({"quantity": f"would leave fewer than {fewest} of {name!r}"})

    def _grow(self, booking: Booking, tickets: Sequence[Ticket], more: int, now: datetime) -> None:
        event = self.session.get_one(Event, booking.event_id)
        type_ids = {ticket.ticket_type_id for ticket in tickets}
        if len(type_ids) != 1:
            raise Invalid({"quantity": "can only grow where all tickets are of one type; make another booking"})
        (type_id,) = type_ids
        self.pools.revise(event.pool_id)  # locks the pool: what is read from here on is still true when it is claimed
        self.session.refresh(event)
        kind = self.session.get_one(TicketType, type_id, populate_existing=True)
        is_open = (kind.sale_starts_at or now) <= now and (kind.sale_ends_at is None or now < kind.sale_ends_at)
        if event.status != PUBLISHED or event.ends_at <= now or not is_open:
            raise NotOnSale("No more places of this booking's kind are sold.")
        most = min(event.max_tickets_per_booking, kind.max_per_booking or event.max_tickets_per_booking)
        if booking.quantity + more > most:
            raise Invalid({"quantity": f"must be at most {most} in one booking"})
        pools = [event.pool_id, *([kind.pool_id] if kind.pool_id is not None else [])]
        self._claim(dict.fromkeys(pools, more), event.id, now)
        rows = [
            {
                "booking_id": booking.id,
                "ticket_type_id": type_id,
                "price": kind.price,
                "holder_name": "",
                "holder_email": "",
                "secret": secrets.token_urlsafe(18),
                "status": VALID,
            }
            for _ in range(more)
        ]
        self.session.execute(insert(Ticket), rows)
        self.announce(PlacesClaimed(booking.event_id, more))

    def _claim(self, places: Mapping[int, int], event_id: int, now: datetime) -> None:
        """Claim places from an event's pool and then its types', once holds that are over have gone. Raises `SoldOut`."""
        if not self._claim_all(places):
            expire_holds_of(self.session, now, self.announce, event_id)
            if not self._claim_all(places):
                raise SoldOut(f"There are not {next(iter(places.values()))} more places.")

    def _claim_all(self, places: Mapping[int, int]) -> bool:
        for number, (pool_id, wanted) in enumerate(places.items()):
            if not self.pools.claim(pool_id, wanted):
                for claimed in list(places)[:number]:
                    self.pools.release(claimed, places[claimed])
                return False
        return True

    def _type_pools(self, type_ids: Collection[int]) -> Sequence[Any]:
        query = select(TicketType.id, TicketType.pool_id).where(
            TicketType.id.in_(type_ids), TicketType.pool_id.is_not(None)
        )
        return self.session.execute(query.order_by(TicketType.pool_id)).all()

    def foresee_deletion(self, user_ids: Select[int]) -> list[str]:
        """Return in words what of bookings and events goes with users, whose ids a statement gives."""
        guests = select(Attendee.id).where(Attendee.user_id.in_(user_ids))
        one = aliased(Booking)
        theirs = union(
            select(one.id).where(one.user_id.in_(user_ids)), select(one.id).where(one.attendee_id.in_(guests))
        )
        counts = select(Booking.status, func.count(), func.sum(Booking.quantity)).where(Booking.id.in_(theirs))
        found = self.session.execute(counts.group_by(Booking.status)).all()
        bookings = sum(number for _, number, _ in found)
        places = sum(int(quantity) for status, _, quantity in found if status in ACTIVE)
        own = select(Event.id).where(Event.organizer_id.in_(user_ids))
        events = self.session.scalar(select(func.count()).select_from(own.subquery())) or 0
        # Two counts, not one with NOT IN, for which PostgreSQL would read all bookings.
        booked = select(func.count()).where(Booking.event_id.in_(own))
        is_refused = events and self.session.scalar(booked) != self.session.scalar(booked.where(Booking.id.in_(theirs)))
        return [
            *([f"Their bookings are deleted: {bookings}, and {places} places come free."] if bookings else []),
            *([f"Their events are deleted: {events}."] if events else []),
            *(["But others have booked some of these events: so nothing can be deleted."] if is_refused else []),
        ]

    def delete_of_users(self, user_ids: Sequence[int]) -> None:
        """Delete all that users who are being deleted booked, held or organized.

        Raises `turnout.errors.InUse` if others have booked an event of theirs.
        """
        # Locked, as the users are already: nobody books for them between what is released here and what is deleted.
        guests = select(Attendee.id).where(Attendee.user_id.in_(user_ids)).order_by(Attendee.id).with_for_update()
        theirs = or_(Booking.user_id.in_(user_ids), Booking.attendee_id.in_(self.session.scalars(guests).all()))
        # All of them, and before any pool: also one that has expired may be waited for, by whoever takes it up again.
        self.session.execute(select(Booking.id).where(theirs).order_by(Booking.id).with_for_update())
        active = self.session.scalars(
            update(Booking)
            .where(theirs, Booking.status.in_(ACTIVE))
            .values(status=CANCELLED, updated_at=self.clock.now(), version=Booking.version + 1)
            .returning(Booking.id)
            .execution_options(synchronize_session=False)
        ).all()
        if active:
            release_places(self.session, self.announce, active)
        self.session.execute(delete(Booking).where(theirs).execution_options(synchronize_session=False))
        self.attendees.delete_of_users(user_ids)
        self.events.delete_of_users(user_ids)


def _is_on(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a booking's event is still to be held, or goes on."""
    return exists().where(Event.id == Booking.event_id, Event.status == PUBLISHED, Event.ends_at > now)


def _wrong_status(booking: Booking, wanted: str) -> WrongBookingStatus:
    if booking.status == PROCESSING:
        detail = f"The booking is not decided yet; wait until it is, before it can be {wanted}."
        return WrongBookingStatus(detail, status_now=booking.status)
    return WrongBookingStatus(f"The booking is {booking.status}; it cannot be {wanted}.", status_now=booking.status)
