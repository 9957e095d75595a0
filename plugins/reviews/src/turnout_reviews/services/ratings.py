"""Ratings: counters that change with each review, in the same transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from turnout.events.models import Event

from turnout_reviews.models import PUBLISHED, Rating, Review

PART = 1000
"""For how many events one transaction mends ratings."""
UNRATED: Mapping[str, Any] = {"rating_average": None, "rating_count": 0}
_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class RatingService:
    """Keeps count of how events are rated."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def of_events(self, event_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        """Return how each event is rated, as its JSON shows it."""
        query = select(Rating.event_id, Rating.rating_count, Rating.rating_average)
        rows = self.session.execute(query.where(Rating.event_id.in_(event_ids), Rating.rating_count > 0)).all()
        rated = {
            row.event_id: {"rating_average": _in_words(row.rating_average), "rating_count": row.rating_count}
            for row in rows
        }
        return {event_id: rated.get(event_id, UNRATED) for event_id in event_ids}

    def open(self, event_id: int) -> None:
        """Give an event that has none its rating."""
        new = self._insert().values(event_id=event_id, rating_count=0, rating_total=0)
        self.session.execute(new.on_conflict_do_nothing())

    def change(self, event_id: int, *, count: int = 0, total: int = 0) -> None:
        """Let an event have so many reviews more, and so much more given by them; less, if negative.

        By what is added, not to what it shall be: whoever changes it at the same moment loses nothing.
        """
        if not self._added(event_id, count, total):  # made while this plugin was not enabled, or switched off for it
            self.open(event_id)
            self._added(event_id, count, total)

    def _added(self, event_id: int, count: int, total: int) -> bool:
        changed: Any = self.session.execute(
            update(Rating)
            .where(Rating.event_id == event_id)
            .values(rating_count=Rating.rating_count + count, rating_total=Rating.rating_total + total)
            .execution_options(synchronize_session=False)
        )
        return bool(changed.rowcount)

    def mend(self) -> bool:
        """Bring ratings up to the events and reviews that there are; tell whether there may be more to mend."""
        opened, wrong = self._open_missing(), self.wrong()
        for event_id in wrong:
            self._recount(event_id)
        return max(opened, len(wrong)) == PART

    def _open_missing(self) -> int:
        has_none = ~exists().where(Rating.event_id == Event.id)
        event_ids = self.session.scalars(select(Event.id).where(has_none).order_by(Event.id).limit(PART)).all()
        if event_ids:
            rows = [{"event_id": event_id, "rating_count": 0, "rating_total": 0} for event_id in event_ids]
            self.session.execute(self._insert().values(rows).on_conflict_do_nothing())
        return len(event_ids)

    def wrong(self) -> Sequence[int]:
        """Return events whose ratings are not what their reviews say, by their ids; the first of them if they are many."""
        counted = _counted().group_by(Review.event_id).subquery("counted")
        differs = or_(
            Rating.rating_count != func.coalesce(counted.c.count, 0),
            Rating.rating_total != func.coalesce(counted.c.total, 0),
        )
        query = select(Rating.event_id).outerjoin(counted, counted.c.event_id == Rating.event_id).where(differs)
        return self.session.scalars(query.order_by(Rating.event_id).limit(PART)).all()

    def _recount(self, event_id: int) -> None:
        # Locked before it is counted: who changes a review meanwhile waits, and adds to what is set here.
        lock = select(Rating.event_id).where(Rating.event_id == event_id).with_for_update()
        self.session.execute(lock)
        counted = self.session.execute(_counted(Review.event_id == event_id).group_by(Review.event_id)).first()
        _, count, total = counted or (event_id, 0, 0)
        self.session.execute(
            update(Rating)
            .where(Rating.event_id == event_id)
            .values(rating_count=count, rating_total=total)
            .execution_options(synchronize_session=False)
        )

    def _insert(self) -> Any:
        return _INSERTS[self.session.get_bind().dialect.name](Rating)


def _counted(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(Review.event_id, func.count().label("count"), func.sum(Review.rating).label("total")).where(
        Review.status == PUBLISHED, *conditions
    )


def _in_words(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02}"
