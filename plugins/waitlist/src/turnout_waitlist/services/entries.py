"""What people do on waiting lists: join, accept, leave; and what organizers do with those who wait."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session
from turnout.bookings.errors import DuplicateBooking, NotOnSale
from turnout.bookings.services import Booker, BookingCatalog, BookingRequest, Line
from turnout.bookings.services.expiry import expire_holds_of
from turnout.events.models import DRAFT, PUBLISHED
from turnout.events.services import EventService
from turnout.plugin import Actor, Announce, Clock, DomainError, Invalid, NotFound, Unauthenticated, require_version
from turnout.pools.errors import SoldOut
from turnout.users.models import User

from turnout_waitlist.errors import AlreadyWaiting, NotFull, NotOffered, NotWaiting, OfferExpired, WaitlistClosed
from turnout_waitlist.hooks import Accepted, Joined, Left
from turnout_waitlist.models import (
    ACCEPTED,
    ACTIVE,
    CANCELLED,
    EXPIRED,
    LEFT,
    OFFERED,
    REMOVED,
    WAITING,
    WaitlistEntry,
)
from turnout_waitlist.services.lists import WaitlistRegister
from turnout_waitlist.services.offers import OfferService
from turnout_waitlist.services.sale import Kind, Sale, may_book


class WaitlistService:
    """Lets people wait, take what is offered to them, and leave; and organizers, and staff, look after those who wait.

    Lock order: users, as whoever deletes them has it; the event's pool, with which the whole list is locked; and so on
    (`turnout_waitlist.services.offers`).
    """

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        offers: OfferService,
        register: WaitlistRegister,
        booker: Booker,
        bookings: BookingCatalog,
        events: EventService,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.offers = offers
        self.register = register
        self.booker = booker
        self.bookings = bookings
        self.events = events

    def join(self, event_id: int, new: Mapping[str, Any], *, actor: Actor) -> int:
        """Wait for places of an event that is full; return the entry's id. It may be offered places at once.

        Raises `NotFound`, `NotOnSale`, `Invalid`, `WaitlistClosed`, `AlreadyWaiting`, `DuplicateBooking`, `NotFull`.
        """
        user_id = self._kept(actor)
        sale = self.offers.locked(event_id)
        kind = self._require_waitable(sale, new, actor)
        # As booking would: holds that are due are let go, and offered on; what is free after that can be booked.
        expire_holds_of(self.session, self.clock.now(), self.announce, event_id)
        sale = self.offers.locked(event_id)
        self._require_bookable(sale, user_id)
        free = sale.free(sale.kinds[kind.id])
        if free is None or free >= new["quantity"]:
            raise NotFull("There are places enough now: book them.", seats_available=free)
        self.offers.go_on(event_id)  # one's own offer may be due
        waiting = select(WaitlistEntry.id).where(
            WaitlistEntry.event_id == event_id, WaitlistEntry.user_id == user_id, WaitlistEntry.status.in_(ACTIVE)
        )
        earlier = self.session.scalar(waiting)
        if earlier is not None:
            raise AlreadyWaiting(entry_id=earlier)
        entry = WaitlistEntry(
            event_id=event_id,
            user_id=user_id,
            ticket_type_id=kind.id,
            quantity=new["quantity"],
            created_at=self.clock.now(),
        )
        self.session.add(entry)
        self.session.flush()
        self.announce(Joined(entry.id, event_id, user_id))
        self.offers.go_on(event_id)  # offers that were due may have left enough
        return entry.id

    def accept(self, event_id: int, *, actor: Actor) -> tuple[int, dict[str, Any]]:
        """Book what is offered to the actor; return the entry's id and the booking. Who has done so gets the same again.

        Raises `NotFound`, `NotOffered`, `OfferExpired`, and whatever booking is refused with.
        """
        user_id = self._kept(actor)
        sale = self.offers.locked(event_id)
        entry = self._latest(event_id, user_id)
        if entry.status == ACCEPTED and entry.booking_id is not None:
            return entry.id, self.bookings.get(entry.booking_id, actor=actor)
        if entry.status == EXPIRED or (entry.status == OFFERED and self._is_late(entry, sale)):
            raise OfferExpired(expired_at=entry.offer_expires_at)
        if entry.status != OFFERED or entry.ticket_type_id is None:
            raise NotOffered(f"Your entry is {entry.status}.", status_now=entry.status)
        line = Line(entry.ticket_type_id)
        with self.offers.put_off(event_id):
            self._end(entry, ACCEPTED, None)
            (outcome,) = self.booker.book([BookingRequest(event_id, actor, [line] * entry.quantity)])
            if isinstance(outcome, DomainError):
                raise outcome
            self.session.execute(
                update(WaitlistEntry)
                .where(WaitlistEntry.id == entry.id)
                .values(booking_id=outcome["id"])
                .execution_options(synchronize_session=False)
            )
        self.announce(Accepted(entry.id, event_id, user_id, outcome["id"]))
        return entry.id, outcome

    def leave(self, event_id: int, *, actor: Actor) -> None:
        """Wait no more, or give an offer back; who has left already has. Raises `NotFound`, `NotWaiting`."""
        self.offers.locked(event_id)
        self._cancel(self._latest(event_id, actor.user_id or 0), LEFT)

    def remove(self, event_id: int, entry_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Take somebody off the list of one's own event. Raises `NotFound`, `Denied`, `VersionMismatch`, `NotWaiting`."""
        self._cancel(self._of_own(event_id, entry_id, actor, expected), REMOVED)

    def prioritize(
        self,
        event_id: int,
        entry_id: int,
        priority: int,
        *,
        actor: Actor,
        expected: Collection[int] | None = None,
    ) -> None:
        """Let somebody come earlier or later in line. Raises `NotFound`, `Denied`, `VersionMismatch`, `NotWaiting`."""
        entry = self._of_own(event_id, entry_id, actor, expected)
        moved: Any = self.session.execute(
            update(WaitlistEntry)
            .where(WaitlistEntry.id == entry.id, WaitlistEntry.status == WAITING)
            .values(priority=priority, version=WaitlistEntry.version + 1)
            .execution_options(synchronize_session=False)
        )
        if not moved.rowcount:
            raise _not_waiting(entry)
        self.offers.go_on(event_id)

    def offer_now(self, event_id: int, entry_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Offer places to somebody before all others. Raises `NotFound`, `Denied`, `VersionMismatch`, `NotWaiting`, `SoldOut`."""
        entry = self._of_own(event_id, entry_id, actor, expected)
        if entry.status != WAITING:
            raise _not_waiting(entry)
        self.offers.go_on(event_id, first=entry.id)
        if self._read(WaitlistEntry.id == entry.id).status != OFFERED:
            raise SoldOut("There are not so many places free, or they have booked as often as the event allows.")

    def release_of_users(self, user_ids: Sequence[int], reason: str) -> None:
        """Let users wait for nothing any more who are being deleted or disabled, and offer on what is held for them."""
        theirs = WaitlistEntry.user_id.in_(user_ids)
        active = select(WaitlistEntry.event_id).where(theirs, WaitlistEntry.status.in_(ACTIVE)).distinct()
        for event_id in sorted(self.session.scalars(active)):
            self.offers.end(self.offers.locked(event_id), CANCELLED, reason, theirs)
            self.offers.go_on(event_id, came_free=True)

    def foresee_deletion(self, user_ids: Select[int]) -> list[str]:
        """Return in words what of waiting lists goes with users, whose ids a statement gives."""
        theirs = (WaitlistEntry.user_id.in_(user_ids), WaitlistEntry.status.in_(ACTIVE))
        number = self.session.scalar(select(func.count()).select_from(WaitlistEntry).where(*theirs)) or 0
        return [f"They leave {number} waiting list{'' if number == 1 else 's'}."] if number else []

    def _kept(self, actor: Actor) -> int:
        """Keep a user from being deleted or disabled until the commit, before anything else is locked. Raises `Unauthenticated`."""
        kept = select(User.id).where(User.id == actor.user_id, User.is_active).with_for_update(read=True)
        user_id = self.session.scalar(kept)
        if user_id is None:
            raise Unauthenticated("This account cannot wait.")
        return user_id

    def _require_waitable(self, sale: Sale, new: Mapping[str, Any], actor: Actor) -> Kind:
        """Return the ticket type that is wanted. Raises `NotFound`, `NotOnSale`, `Invalid`, `WaitlistClosed`."""
        if sale.status == DRAFT and not actor.owns(sale.organizer_id):
            raise NotFound("There is no such event.")
        if sale.status != PUBLISHED:
            raise NotOnSale(f"The event is {sale.status}.")
        if not sale.is_bookable:
            raise NotOnSale("Places of this event are not booked here.")
        now, wanted = self.clock.now(), new["ticket_type_id"]
        if sale.starts_at <= now:
            raise NotOnSale("The event has begun.")
        kind = next(iter(sale.kinds.values())) if wanted is None else sale.kinds.get(wanted)
        if kind is None:
            raise Invalid({"ticket_type_id": "the event has no such ticket type"})
        if not kind.is_sold(now):
            raise NotOnSale(f"{kind.name!r} is not on sale now.")
        possible = sale.possible(kind)
        if new["quantity"] >= possible.stop:
            raise Invalid({"quantity": f"must be at most {possible.stop - 1} of {kind.name!r}"})
        if new["quantity"] < possible.start:
            raise Invalid({"quantity": f"must be at least {possible.start} of {kind.name!r}"})
        if not self.register.is_open(sale.event_id):
            raise WaitlistClosed("The organizer lets nobody join any more.")
        return kind

    def _require_bookable(self, sale: Sale, user_id: int) -> None:
        """Raise `DuplicateBooking` for who has as many bookings as the event allows."""
        if not self.session.scalar(select(may_book(user_id, sale, self.clock.now()))):
            raise DuplicateBooking("You have as many bookings for the event as it allows.")

    def _of_own(self, event_id: int, entry_id: int, actor: Actor, expected: Collection[int] | None) -> WaitlistEntry:
        """Return an entry of an event that the actor may change, the list locked. Raises `NotFound`, `Denied`, `VersionMismatch`."""
        self.events.for_change(event_id, actor=actor)
        self.offers.locked(event_id)
        entry = self._read(WaitlistEntry.event_id == event_id, WaitlistEntry.id == entry_id)
        require_version(entry.version, expected)
        return entry

    def _latest(self, event_id: int, user_id: int) -> WaitlistEntry:
        return self._read(WaitlistEntry.event_id == event_id, WaitlistEntry.user_id == user_id)

    def _read(self, *which: Any) -> WaitlistEntry:
        query = select(WaitlistEntry).where(*which).order_by(WaitlistEntry.id.desc()).limit(1)
        entry = self.session.scalar(query.execution_options(populate_existing=True))
        if entry is None:
            raise NotFound("There is no such entry of this waiting list.")
        return entry

    def _is_late(self, entry: WaitlistEntry, sale: Sale) -> bool:
        """Tell whether an offer has run out: none does while its event is postponed."""
        ends = entry.offer_expires_at
        return sale.is_published() and ends is not None and ends <= self.clock.now()

    def _end(self, entry: WaitlistEntry, status: str, reason: str | None) -> None:
        sale = self.offers.locked(entry.event_id)
        self.offers.claims.end(sale, status, reason, WaitlistEntry.id == entry.id)

    def _cancel(self, entry: WaitlistEntry, reason: str) -> None:
        if entry.status == CANCELLED:
            return
        if entry.status not in ACTIVE:
            raise _not_waiting(entry)
        came_free = entry.held > 0
        self._end(entry, CANCELLED, reason)
        self.announce(Left(entry.id, entry.event_id, entry.user_id))
        self.offers.go_on(entry.event_id, came_free=came_free)


def _not_waiting(entry: WaitlistEntry) -> NotWaiting:
    return NotWaiting(f"The entry is {entry.status}.", status_now=entry.status)
