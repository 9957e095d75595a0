"""Saved searches: what an organizer wants to have here always is looked for again and again, and imported."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select
from turnout.plugin import (
    SYSTEM,
    Actor,
    Clock,
    Denied,
    DomainError,
    Invalid,
    NotFound,
    Ordering,
    Paging,
    Session,
    Slice,
    Versioned,
    fetch,
    require_version,
)

from turnout_external_events.models import Run, SavedSearch
from turnout_external_events.services.people import organizer
from turnout_external_events.services.runs import RunService
from turnout_external_events.services.searching import require_answerable, require_set_up
from turnout_external_events.sources.contract import Criteria
from turnout_external_events.sources.directive import Sources

NEWEST_FIRST = Ordering("-id", SavedSearch.id, SavedSearch.id, descending=True)
FOUND_BY = ("provider", "query", "location", "category", "days_ahead", "status", "is_active")
"""What a search's run goes by: when one of these changes, it is another run that is wanted."""
AT_ONCE = 20
"""How many searches one job begins."""

log = structlog.get_logger()


class SavedSearchService:
    """Keeps searches, each its user's, and begins those that are due."""

    def __init__(self, session: Session, clock: Clock, runs: RunService, sources: Sources) -> None:
        self.session = session
        self.clock = clock
        self.runs = runs
        self.sources = sources

    def find(self, paging: Paging, *, actor: Actor) -> Slice:
        """Return searches, the newest first: one's own, for staff all."""
        query = select(SavedSearch)
        if not actor.is_staff:
            query = query.where(SavedSearch.user_id == actor.user_id)
        return fetch(self.session, query, NEWEST_FIRST, paging).shown(lambda row: represent(row.SavedSearch))

    def get(self, search_id: int, *, actor: Actor) -> Versioned:
        """Return a search. Raises `NotFound`, also for somebody else's."""
        return represent(self._own(search_id, actor))

    def create(self, new: Mapping[str, Any], *, actor: Actor) -> SavedSearch:
        """Keep a search; it begins at once, if it is active. Raises `Invalid`."""
        if actor.user_id is None:
            raise Denied("A saved search is somebody's.")
        self._require_possible(new)
        now = self.clock.now()
        search = SavedSearch(**new, user_id=actor.user_id, run_at=now, created_at=now, updated_at=now)
        self.session.add(search)
        self.session.flush()
        return search

    def update(
        self, search_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> SavedSearch:
        """Change a search. What it still imports as it was ends, and it begins anew. Raises `NotFound`, `Invalid`, `VersionMismatch`."""
        search = self._own(search_id, actor)
        require_version(search.version, expected)
        self._require_possible({**represent(search), **changes})
        is_another = any(name in changes and changes[name] != getattr(search, name) for name in FOUND_BY)
        for name, value in changes.items():
            setattr(search, name, value)
        search.updated_at = self.clock.now()
        if is_another and self.runs.stop_search(search.id):
            search.run_at = search.updated_at
        self.session.flush()
        return search

    def delete(self, search_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Forget a search, and import nothing more; what it imported stays. Raises `NotFound`, `VersionMismatch`."""
        search = self._own(search_id, actor)
        require_version(search.version, expected)
        self.runs.stop_search(search.id)
        self.session.delete(search)
        self.session.flush()

    def run_now(self, search_id: int, *, actor: Actor) -> Run:
        """Begin a search's run. Raises `NotFound`, and what `RunService.search` raises."""
        return self._begin(self._own(search_id, actor), actor)

    def begin_due(self) -> bool:
        """Begin the runs that are due, some at a time; return whether there may be more."""
        now = self.clock.now()
        due = select(SavedSearch).where(SavedSearch.run_at <= now, SavedSearch.is_active).order_by(SavedSearch.run_at)
        found = self.session.scalars(due.limit(AT_ONCE).with_for_update(skip_locked=True)).all()
        for search in found:
            search.run_at = now + timedelta(hours=search.every_hours)
            try:
                if not self.runs.is_underway(search.id):
                    self._begin(search, SYSTEM)
            except DomainError as error:
                log.warning("a saved search could not begin", search=search.id, reason=error.detail)
        self.session.flush()
        return len(found) == AT_ONCE

    def _begin(self, search: SavedSearch, actor: Actor) -> Run:
        source = self.sources.get(search.provider)
        if source is not None:
            require_set_up(source, actor)  # whoever lets it begin is told what it lacks, not whose search it is
        now = self.clock.now()
        criteria = Criteria(
            query=search.query,
            location=search.location,
            category=search.category,
            date_from=now,
            date_to=now + timedelta(days=search.days_ahead),
        )
        return self.runs.search(
            search.provider,
            criteria,
            status=search.status,
            actor=organizer(self.session, search.user_id),
            title=search.name,
            search_id=search.id,
        )

    def _own(self, search_id: int, actor: Actor) -> SavedSearch:
        search = self.session.get(SavedSearch, search_id, populate_existing=True)
        if search is None or not actor.owns(search.user_id):
            raise NotFound("There is no such saved search.")
        return search

    def _require_possible(self, said: Mapping[str, Any]) -> None:
        source = self.sources.get(said["provider"])
        if source is None:
            raise Invalid({"provider": f"must be one of: {', '.join(self.sources)}"})
        require_answerable(source, Criteria(said["query"]))
        if not source.by_address and not any(said[name] for name in ("query", "location", "category")):
            raise Invalid({"query": "say words, a place or a category: nobody wants all there is"})


def represent(search: SavedSearch) -> Versioned:
    """Return a search as it is shown."""
    names = (
        "id", "user_id", "name", "provider", "query", "location", "category", "days_ahead", "status", "every_hours",
        "is_active", "run_at", "created_at", "updated_at",
    )  # fmt: skip
    return Versioned({name: getattr(search, name) for name in names}, search.version)
