"""What only pages want to know: small questions to the tables, each one statement however many rows it is about."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from turnout.events.models import Event
from turnout.plugin import Actor, Ordering, Paging, Session, Slice, fetch
from turnout.pools.models import Pool
from turnout.taxonomy.models import Category
from turnout.venues.models import Venue

from turnout_external_events.models import FAILED, Origin, Report, Run, SavedSearch

NEWEST_FIRST = Ordering("-id", Report.id, Report.id, descending=True)


class Lookups:
    """Answers what services are not asked by anybody else."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def reports(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return what runs could not import, with their titles, the newest first: of one's own runs, for staff of all."""
        query = select(Report, Run.title.label("run_title")).join(Run, Run.id == Report.run_id)
        if not actor.is_staff:
            query = query.where(Run.user_id == actor.user_id)
        if filters.get("run") is not None:
            query = query.where(Report.run_id == filters["run"])
        return fetch(self.session, query, NEWEST_FIRST, paging)

    def latest_runs(self, search_ids: Collection[int]) -> dict[int, Run]:
        """Return of each saved search that has run its newest run."""
        if not search_ids:
            return {}
        newest = select(func.max(Run.id)).where(Run.search_id.in_(search_ids)).group_by(Run.search_id)
        found = self.session.scalars(select(Run).where(Run.id.in_(newest)))
        return {run.search_id: run for run in found if run.search_id is not None}

    def failed_searches(self, most: int, *, actor: Actor) -> Sequence[Any]:
        """Return the saved searches that are to go on and whose newest run failed: name, id of the run, error of it."""
        newest = select(func.max(Run.id)).where(Run.search_id.is_not(None)).group_by(Run.search_id)
        query = (
            select(SavedSearch.name, Run.id.label("run_id"), Run.error)
            .join(Run, Run.search_id == SavedSearch.id)
            .where(SavedSearch.is_active, Run.status == FAILED, Run.id.in_(newest))
        )
        if not actor.is_staff:
            query = query.where(SavedSearch.user_id == actor.user_id)
        return self.session.execute(query.order_by(Run.id.desc()).limit(most)).all()

    def runs_of(self, search_id: int, most: int) -> Sequence[Run]:
        """Return the newest runs of a saved search."""
        query = select(Run).where(Run.search_id == search_id).order_by(Run.id.desc())
        return self.session.scalars(query.limit(most)).all()

    def visible(self, event_ids: Collection[int], *, actor: Actor) -> set[int]:
        """Return which of these events the actor has a page of."""
        if not event_ids:
            return set()
        query = select(Event.id).where(Event.id.in_(event_ids))
        if not actor.is_staff:
            query = query.where(Event.organizer_id == actor.user_id)
        return set(self.session.scalars(query))

    def wanting_a_look(self, most: int, *, actor: Actor) -> Sequence[Any]:
        """Return the booked events about which somebody has to decide: id, title, status there, places booked here."""
        query = (
            select(Event.id, Event.title, Origin.provider, Origin.status, Pool.taken)
            .join(Origin, Origin.event_id == Event.id)
            .join(Pool, Pool.id == Event.pool_id)
            .where(Origin.needs_look, Origin.is_leading, Pool.taken > 0)
        )
        if not actor.is_staff:
            query = query.where(Event.organizer_id == actor.user_id)
        return self.session.execute(query.order_by(Origin.id.desc()).limit(most)).all()

    def taken(self, event_id: int) -> int:
        """Return how many places of an event are taken."""
        query = select(Pool.taken).join(Event, Event.pool_id == Pool.id).where(Event.id == event_id)
        return self.session.scalar(query) or 0

    def names(self, venue_ids: Collection[int], category_ids: Collection[int]) -> dict[tuple[str, int], str]:
        """Return what venues and categories are called, by the name of the field and their id."""
        found: dict[tuple[str, int], str] = {}
        for field, table, ids in (("venue_id", Venue, venue_ids), ("category_id", Category, category_ids)):
            if ids:
                rows = self.session.execute(select(table.id, table.name).where(table.id.in_(ids)))
                found |= {(field, row.id): row.name for row in rows}
        return found
