"""What entries hold of the pools, and how an entry stops being one that waits: always under the lock of the event's pool."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session
from turnout.events.models import Event
from turnout.plugin import Clock, TryAgain
from turnout.pools.models import Pool
from turnout.pools.services import PoolService

from turnout_waitlist.models import ACTIVE, WaitlistEntry
from turnout_waitlist.services.sale import Sale

HELD = text("waitlist_entries.held > 0")
"""As text: a prepared statement's plan can use a partial index only if it knows the value."""
HELD_OF_EVENTS: Any = (
    select(Event.pool_id, WaitlistEntry.held).join(WaitlistEntry, WaitlistEntry.event_id == Event.id).where(HELD)
)
HELD_OF_TYPES: Any = select(WaitlistEntry.type_pool_id, WaitlistEntry.held).where(
    HELD, WaitlistEntry.type_pool_id.is_not(None)
)


class Claims:
    """Claims places for entries, and gives them back.

    Nothing here is announced as places that came free: whoever gives them back shares them out, or books them.
    """

    def __init__(self, session: Session, clock: Clock, pools: PoolService) -> None:
        self.session = session
        self.clock = clock
        self.pools = pools

    def lock(self, event_id: int) -> bool:
        """Lock an event's pool, and with it the event's whole waiting list; tell whether there is such an event."""
        pool_id = select(Event.pool_id).where(Event.id == event_id).scalar_subquery()
        found = self.session.scalar(select(Pool.id).where(Pool.id == pool_id).with_for_update())
        return found is not None

    def change(self, pool_id: int, whole: int, by_pool: Counter[int]) -> None:
        """Claim so many places more from an event's pool and those of its types; where negative, give places back.

        Raises `TryAgain` where there are not so many, which the lock rules out for those who have counted.
        """
        for number, places in [(pool_id, whole), *sorted(by_pool.items())]:
            if places < 0:
                self.pools.release(number, -places)
            elif places > 0 and not self.pools.claim(number, places):
                raise TryAgain

    def end(self, sale: Sale, status: str, reason: str | None, *which: ColumnElement[bool]) -> Sequence[Any]:
        """Let those entries that wait or have offers be over, and give back what they held; return their `id` and `user_id`."""
        mine = (WaitlistEntry.event_id == sale.event_id, WaitlistEntry.status.in_(ACTIVE), *which)
        held = self.session.execute(
            select(WaitlistEntry.type_pool_id, func.sum(WaitlistEntry.held))
            .where(*mine, HELD)
            .group_by(WaitlistEntry.type_pool_id)
        ).all()
        ended = self.session.execute(
            update(WaitlistEntry)
            .where(*mine)
            .values(
                status=status,
                reason=reason,
                held=0,
                type_pool_id=None,
                decided_at=self.clock.now(),
                version=WaitlistEntry.version + 1,
            )
            .returning(WaitlistEntry.id, WaitlistEntry.user_id)
            .execution_options(synchronize_session=False)
        ).all()
        of_types = Counter({pool_id: -int(places) for pool_id, places in held if pool_id is not None})
        self.change(sale.pool_id, -sum(int(places) for _, places in held), of_types)
        return sorted(ended)
