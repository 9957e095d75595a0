"""Claiming places, giving them back, and proving that the counters are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NewType

from sqlalchemy import Select, func, or_, select, union_all, update
from sqlalchemy.orm import Session

from turnout.pools.errors import CapacityBelowTaken
from turnout.pools.models import Pool

ClaimSources = NewType("ClaimSources", dict[str, Select[Any]])
"""What holds places: statements that return a pool's id and the places that one row holds in it."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A counter that is not what the rows say."""

    pool_id: int
    what: str
    taken: int
    counted: int


class PoolService:
    """Counts places. A claim holds in the statement that makes it, or not at all."""

    def __init__(self, session: Session, sources: ClaimSources) -> None:
        self.session = session
        self.sources = sources

    def open(self, capacity: int | None, taken: int = 0) -> Pool:
        """Make a pool; a capacity of None is no limit."""
        pool = Pool(capacity=capacity, taken=taken)
        self.session.add(pool)
        self.session.flush()
        return pool

    def claim(self, pool_id: int, places: int) -> bool:
        """Take places if there are so many; tell whether there were."""
        fits = or_(Pool.capacity.is_(None), Pool.taken + places <= Pool.capacity)
        return self._change(update(Pool).where(Pool.id == pool_id, fits).values(taken=Pool.taken + places))

    def release(self, pool_id: int, places: int) -> None:
        """Give places back."""
        self._change(update(Pool).where(Pool.id == pool_id).values(taken=Pool.taken - places))

    def resize(self, pool_id: int, capacity: int | None) -> None:
        """Change a pool's capacity. Raises `CapacityBelowTaken`."""
        enough = Pool.taken <= capacity if capacity is not None else Pool.id == pool_id
        values = {"capacity": capacity, "revision": Pool.revision + 1}
        if not self._change(update(Pool).where(Pool.id == pool_id, enough).values(values)):
            taken = self.session.scalar(select(Pool.taken).where(Pool.id == pool_id))
            raise CapacityBelowTaken(f"{taken} places are taken; the capacity cannot be {capacity}.", taken=taken)

    def revise(self, pool_id: int) -> None:
        """Lock an event's pool and let no claim hold that was priced before: what is sold from it is changing."""
        self._change(update(Pool).where(Pool.id == pool_id).values(revision=Pool.revision + 1))

    def _change(self, statement: Any) -> bool:
        result: Any = self.session.execute(statement.execution_options(synchronize_session=False))
        return bool(result.rowcount == 1)

    def check(self) -> list[Discrepancy]:
        """Return the pools whose counter is not what the rows say, in one statement and so at one moment."""
        counted = self._counted()
        query = (
            select(Pool.id, Pool.taken, func.coalesce(counted.c.places, 0).label("counted"))
            .outerjoin(counted, counted.c.pool_id == Pool.id)
            .where(Pool.taken != func.coalesce(counted.c.places, 0))
            .order_by(Pool.id)
        )
        rows = self.session.execute(query).all()
        return [Discrepancy(row.id, f"pool {row.id}", row.taken, row.counted) for row in rows]

    def repair(self, discrepancies: Sequence[Discrepancy]) -> list[Discrepancy]:
        """Set the counters to what the rows say; return what could not be, because it exceeds the capacity."""
        left = []
        for found in sorted(discrepancies, key=lambda discrepancy: discrepancy.pool_id):
            self.revise(found.pool_id)  # locks the row: nobody claims while we count
            counted = self._counted()
            places = self.session.scalar(select(counted.c.places).where(counted.c.pool_id == found.pool_id)) or 0
            fits = or_(Pool.capacity.is_(None), Pool.capacity >= places)
            if not self._change(update(Pool).where(Pool.id == found.pool_id, fits).values(taken=places)):
                left.append(found)
        return left

    def _counted(self) -> Any:
        claims = union_all(*self.sources.values()).subquery("claims")
        pool_id, places = claims.c
        return select(pool_id.label("pool_id"), func.sum(places).label("places")).group_by(pool_id).subquery("counted")


def places_left(capacity: int | None, taken: int) -> int | None:
    """Return how many places are left; None is no limit."""
    return None if capacity is None else max(capacity - taken, 0)
