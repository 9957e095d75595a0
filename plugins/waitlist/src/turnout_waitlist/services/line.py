"""Reading who waits for an event, in order: as many as the places that are left are worth looking at."""

from collections.abc import Callable, Iterator
from datetime import datetime
from heapq import merge
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from turnout_waitlist.models import WAITING, WaitlistEntry
from turnout_waitlist.services.claims import HELD
from turnout_waitlist.services.sale import Kind, Sale, may_book
from turnout_waitlist.services.sharing import Places, Waiting

PART = 200
"""How many entries are read at once."""
FRONT = 50
"""How many in front, of those for whom there are not places enough, can be passed over or saved for."""
TURN = (WaitlistEntry.rank, WaitlistEntry.id)


class Line:
    """Those who wait for an event and could be offered places now, were there enough.

    Their ticket type is sold, or will be: what comes free before a sale is offered then already, so that nobody overtakes
    the line at the moment it begins. Who has as many bookings as the event allows could not accept, and is not looked at.
    """

    def __init__(self, session: Session, sale: Sale, now: datetime) -> None:
        self.session = session
        self.sale = sale
        self.kinds = [kind for kind in sale.kinds.values() if sale.is_on(now) and not kind.is_over(now)]
        self.may_book = may_book(WaitlistEntry.user_id, sale, now)

    def in_turn(self, places: Places, *, first: int | None = None) -> Iterator[Waiting]:
        """Give those in line who may get something of `places`, which become fewer meanwhile; `first` is an entry to begin with."""
        front = self._read(self._wanting(places, self._short), FRONT)
        others = merge(front, self._enough(places), key=lambda one: one.turn)
        if first is not None:
            yield from self._read(self._wanting(places, self._any, WaitlistEntry.id == first), 1)
        yield from (one for one in others if one.id != first)

    def saved(self) -> list[Any]:
        """Return for whom places are saved: `id`, `ticket_type_id`, `type_pool_id` and how many are `held`."""
        query = select(
            WaitlistEntry.id, WaitlistEntry.ticket_type_id, WaitlistEntry.type_pool_id, WaitlistEntry.held
        ).where(WaitlistEntry.event_id == self.sale.event_id, WaitlistEntry.status == WAITING, HELD)
        return list(self.session.execute(query.order_by(WaitlistEntry.id)))

    def _enough(self, places: Places) -> Iterator[Waiting]:
        """Give those for whom there are places enough, reading again whenever places may have become fewer."""
        part = self._read(self._wanting(places, self._fitting), PART)
        while part:
            yield from part
            last = part[-1]
            behind = tuple_(*TURN) > tuple_(literal(last.rank), literal(last.id))
            part = self._read(self._wanting(places, self._fitting, behind), PART) if len(part) == PART else []

    def _wanting(
        self, places: Places, how_many: Callable[[Kind, int | None], range], *conditions: ColumnElement[bool]
    ) -> Select[*tuple[Any, ...]]:
        of_kinds = []
        for kind in self.kinds:
            wanted = how_many(kind, places.of(kind.id))
            if wanted:
                in_range = WaitlistEntry.quantity.between(wanted.start, wanted.stop - 1)
                of_kinds.append(and_(WaitlistEntry.ticket_type_id == kind.id, in_range))
        return (
            select(
                WaitlistEntry.id, WaitlistEntry.user_id, WaitlistEntry.ticket_type_id, WaitlistEntry.quantity,
                WaitlistEntry.passed_over, WaitlistEntry.rank,
            )
            .where(WaitlistEntry.event_id == self.sale.event_id, WaitlistEntry.status == WAITING)
            .where(or_(false(), *of_kinds), self.may_book, *conditions)
            .order_by(*TURN)
        )  # fmt: skip

    def _any(self, kind: Kind, _left: int | None) -> range:
        return self.sale.possible(kind)

    def _fitting(self, kind: Kind, left: int | None) -> range:
        possible = self.sale.possible(kind)
        return possible if left is None else range(possible.start, min(possible.stop, left + 1))

    def _short(self, kind: Kind, left: int | None) -> range:
        possible = self.sale.possible(kind)
        return range(max(possible.start, left + 1), possible.stop) if left else range(0)

    def _read(self, query: Select[*tuple[Any, ...]], limit: int) -> list[Waiting]:
        return [Waiting(*row) for row in self.session.execute(query.limit(limit))]
