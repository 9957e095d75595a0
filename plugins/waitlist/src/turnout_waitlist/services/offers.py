"""Offering places that are free to those who wait, in the transaction in which they came free.

Everything here happens under the lock of the event's pool, which whoever frees places has anyway. Lock order: the event's
pool, its ticket types' pools, entries, the list as a whole; nobody who holds a pool waits for a booking's row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session
from turnout.plugin import Announce, Clock, NotFound, Settings
from turnout.pools.errors import CapacityBelowTaken
from turnout.pools.services import PoolService

from turnout_waitlist.hooks import Left, ListEnded, Offered, OfferLapsed
from turnout_waitlist.models import (
    ACTIVE,
    BOOKED,
    CANCELLED,
    EVENT_BEGAN,
    EVENT_CANCELLED,
    EXPIRED,
    NOT_ACCEPTED,
    NOT_POSSIBLE,
    OFFERED,
    TYPE_REMOVED,
    WAITING,
    WaitlistEntry,
)
from turnout_waitlist.services.claims import HELD, Claims
from turnout_waitlist.services.line import Line
from turnout_waitlist.services.lists import WaitlistRegister
from turnout_waitlist.services.sale import Kind, Sale, may_book, read_sale
from turnout_waitlist.services.sharing import Places, Shares, Waiting, share_out

AT_ONCE = 500
"""How many entries one statement names."""


class OfferService:
    """Offers what is free to those who wait, takes back what was not accepted in time, and saves places for groups."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        pools: PoolService,
        claims: Claims,
        register: WaitlistRegister,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.pools = pools
        self.claims = claims
        self.register = register
        self.offer_for = timedelta(hours=settings["waitlist.offer_hours"])
        self.patience: int = settings["waitlist.patience"]
        self._is_put_off = False
        self._came_free = False

    def locked(self, event_id: int) -> Sale:
        """Lock an event's pool, and return the event as it is sold now. Raises `NotFound`."""
        sale = read_sale(self.session, event_id) if self.claims.lock(event_id) else None
        if sale is None:
            raise NotFound("There is no such event.")
        return sale

    def places_came_free(self, event_id: int) -> None:
        """Offer places that have just come free, if anybody waits; the event's pool is locked."""
        if self._is_put_off:
            self._came_free = True
        elif self._is_anybody_there(event_id):
            self.go_on(event_id, came_free=True)

    @contextmanager
    def put_off(self, event_id: int) -> Iterator[None]:
        """Offer what comes free meanwhile only afterwards.

        For who accepts: between giving up the claim and booking, their places are free, and are nobody else's.
        """
        self._is_put_off = True
        try:
            yield
        finally:
            self._is_put_off = False
        self.go_on(event_id, came_free=self._came_free)
        self._came_free = False

    def look_after(self, event_id: int, *, is_on_again: bool = False) -> None:
        """Follow whatever has changed of an event's offer, or by time alone; the event's pool is locked.

        `is_on_again`: the event was postponed, and has a date now; offers are good for as long as new ones.
        """
        sale = read_sale(self.session, event_id) if self._is_anybody_there(event_id) else None
        if sale is None:
            return
        if sale.is_off():
            self._end(sale, CANCELLED, EVENT_CANCELLED)
        elif sale.is_published() and sale.starts_at <= self.clock.now():
            self._end(sale, EXPIRED, EVENT_BEGAN)
        else:
            self._follow_types(sale)
            self._end_what_cannot_be(sale)
            self._follow_sales(sale, is_on_again=is_on_again)
            self.go_on(event_id)

    def go_on(self, event_id: int, *, came_free: bool = False, first: int | None = None) -> None:
        """Share out what is free of an event among those who wait, whose pool is locked.

        `came_free`: some of it has just come free, so whoever does not get enough of it is passed over. `first`: an entry
        that comes before all others, this once.
        """
        sale = read_sale(self.session, event_id)
        if sale is None:
            return
        if sale.is_published() and self._let_lapse(sale):
            came_free = True
            sale = read_sale(self.session, event_id) or sale
        self._share_out(sale, came_free=came_free, first=first)
        self.register.note(sale)

    def end(self, sale: Sale, status: str, reason: str, *which: ColumnElement[bool]) -> None:
        """Let some of those who wait or have offers wait no more, and be told."""
        for row in self.claims.end(sale, status, reason, *which):
            self.announce(Left(row.id, sale.event_id, row.user_id))

    def _let_lapse(self, sale: Sale) -> bool:
        due = (WaitlistEntry.status == OFFERED, WaitlistEntry.offer_expires_at <= self.clock.now())
        late = self.claims.end(sale, EXPIRED, NOT_ACCEPTED, *due)
        for row in late:
            self.announce(OfferLapsed(row.id, sale.event_id, row.user_id))
        return bool(late)

    def _share_out(self, sale: Sale, *, came_free: bool, first: int | None) -> None:
        now = self.clock.now()
        line = Line(self.session, sale, now)
        saved = [row for row in line.saved() if row.ticket_type_id in sale.kinds]
        # What was saved is shared out anew with the rest: in the same order, the same come of it, unless more can be done.
        places = Places(sale.left, {kind.id: kind.left for kind in sale.kinds.values()})
        for row in saved:
            places.add(row.ticket_type_id, row.held)
        patience = self.patience if now < sale.starts_at - self.offer_for else None
        shares = share_out(line.in_turn(places, first=first), places, patience=patience, came_free=came_free)
        self._claim(sale, saved, shares)
        self._offer(sale, shares.offered)
        self._save(sale, {row.id: row.held for row in saved}, shares)
        self._update(sorted(shares.passed), passed_over=WaitlistEntry.passed_over + 1)

    def _claim(self, sale: Sale, saved: Sequence[Any], shares: Shares) -> None:
        """Let the pools say what was shared out, where that is not what they say already."""
        more: Counter[int] = Counter()
        whole = -sum(row.held for row in saved)
        for row in saved:
            more[row.type_pool_id or 0] -= row.held
        given = [(one, one.quantity) for one in shares.offered] + list(shares.saved.values())
        for one, number in given:
            whole += number
            more[sale.kinds[one.ticket_type_id].pool_id or 0] += number
        del more[0]  # of types without a limit of their own
        self.claims.change(sale.pool_id, whole, more)

    def _offer(self, sale: Sale, offered: Sequence[Waiting]) -> None:
        now = self.clock.now()
        for kind in sale.kinds.values():
            self._update(
                [one.id for one in offered if one.ticket_type_id == kind.id],
                status=OFFERED,
                held=WaitlistEntry.quantity,
                type_pool_id=kind.pool_id,
                offered_at=now,
                offer_expires_at=sale.offered_until(kind, now, self.offer_for),
                version=WaitlistEntry.version + 1,
            )
        for one in offered:
            self.announce(Offered(one.id, sale.event_id, one.user_id))

    def _save(self, sale: Sale, before: dict[int, int], shares: Shares) -> None:
        for one, number in shares.saved.values():
            if before.get(one.id) != number:
                self._update([one.id], held=number, type_pool_id=sale.kinds[one.ticket_type_id].pool_id)
        offered = {one.id for one in shares.offered}
        self._update(sorted(before.keys() - shares.saved.keys() - offered), held=0, type_pool_id=None)

    def _update(self, entry_ids: Sequence[int], **values: Any) -> None:
        for start in range(0, len(entry_ids), AT_ONCE):
            some = entry_ids[start : start + AT_ONCE]
            self.session.execute(
                update(WaitlistEntry)
                .where(WaitlistEntry.id.in_(some), WaitlistEntry.status == WAITING)
                .values(values)
                .execution_options(synchronize_session=False)
            )

    def _follow_types(self, sale: Sale) -> None:
        """Follow ticket types: one was removed, or got its first limit.

        Raises `CapacityBelowTaken` for a limit that is lower than what is offered and saved, which counts as taken.
        """
        self.end(sale, CANCELLED, TYPE_REMOVED, WaitlistEntry.ticket_type_id.is_(None))
        for kind in sale.kinds.values():
            if kind.pool_id is not None:
                self._claim_limit(kind.pool_id, sale.event_id, kind.id)

    def _end_what_cannot_be(self, sale: Sale) -> None:
        """Let nobody wait for what no booking can have any more, nor keep an offer that would be a booking too many."""
        impossible = []
        for kind in sale.kinds.values():
            possible = sale.possible(kind)
            is_possible = WaitlistEntry.quantity.between(possible.start, possible.stop - 1)
            impossible.append(and_(WaitlistEntry.ticket_type_id == kind.id, ~is_possible))
        self.end(sale, CANCELLED, NOT_POSSIBLE, or_(*impossible))
        if sale.bookings_per_attendee is not None:
            may = may_book(WaitlistEntry.user_id, sale, self.clock.now())
            self.end(sale, CANCELLED, BOOKED, WaitlistEntry.status == OFFERED, ~may)

    def _follow_sales(self, sale: Sale, *, is_on_again: bool) -> None:
        """Let no offer outlast the sale of its type; those that could not be accepted until now are good for longer."""
        now = self.clock.now()
        for kind in sale.kinds.values():
            ends, until = sale.ends(kind), sale.offered_until(kind, now, self.offer_for)
            self._move_offers(sale, kind, WaitlistEntry.offer_expires_at > ends, ends)
            if is_on_again or kind.is_to_come(now):
                for row in self._move_offers(sale, kind, WaitlistEntry.offer_expires_at < until, until):
                    self.announce(Offered(row.id, sale.event_id, row.user_id))

    def _move_offers(self, sale: Sale, kind: Kind, which: ColumnElement[bool], expires_at: datetime) -> Sequence[Any]:
        """Let some offers of a type run out at another time; return their `id` and `user_id`."""
        of_kind = (WaitlistEntry.event_id == sale.event_id, WaitlistEntry.ticket_type_id == kind.id)
        return self.session.execute(
            update(WaitlistEntry)
            .where(*of_kind, WaitlistEntry.status == OFFERED, which)
            .values(offer_expires_at=expires_at, version=WaitlistEntry.version + 1)
            .returning(WaitlistEntry.id, WaitlistEntry.user_id)
            .execution_options(synchronize_session=False)
        ).all()

    def _claim_limit(self, pool_id: int, event_id: int, type_id: int) -> None:
        of_kind = (WaitlistEntry.event_id == event_id, WaitlistEntry.ticket_type_id == type_id)
        held = (*of_kind, HELD, WaitlistEntry.type_pool_id.is_(None))
        places = self.session.scalar(select(func.sum(WaitlistEntry.held)).where(*held)) or 0
        if not places:
            return
        if not self.pools.claim(pool_id, int(places)):
            raise CapacityBelowTaken(
                f"{places} places are offered to people who waited; the limit is too low.", taken=int(places)
            )
        self.session.execute(
            update(WaitlistEntry).where(*held).values(type_pool_id=pool_id).execution_options(synchronize_session=False)
        )

    def _end(self, sale: Sale, status: str, reason: str) -> None:
        if self.claims.end(sale, status, reason):
            self.announce(ListEnded(sale.event_id, reason))
        self.register.note(sale)

    def _is_anybody_there(self, event_id: int) -> bool:
        there = exists().where(WaitlistEntry.event_id == event_id, WaitlistEntry.status.in_(ACTIVE))
        return bool(self.session.scalar(select(there)))
