"""Runs: many events being imported. What can be done with one; how it goes on is in `running`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from turnout.plugin import (
    SYSTEM,
    Actor,
    Announce,
    Clock,
    Invalid,
    NotFound,
    Ordering,
    Paging,
    Session,
    Settings,
    Slice,
    delete_some,
    fetch,
)

from turnout_external_events.errors import UnknownProvider, WrongRunStatus
from turnout_external_events.hooks import RunBegun
from turnout_external_events.models import (
    FAILED,
    RESUMABLE,
    RUNNING,
    SEARCH,
    SELECTION,
    STOPPED,
    UPLOAD,
    WAITING,
    Candidate,
    Report,
    Run,
)
from turnout_external_events.services.documents import criteria_to_json, event_to_json
from turnout_external_events.services.searching import require_answerable, require_set_up
from turnout_external_events.services.walking import Walk
from turnout_external_events.sources.contract import Criteria, EventSource, ExternalEvent
from turnout_external_events.sources.directive import Sources

NEWEST_FIRST = Ordering("-id", Run.id, Run.id, descending=True)
IN_ORDER = Ordering("id", Report.id, Report.id)
GIVEN_UP = timedelta(days=2)
"""After how long without a step a run is taken for one that nobody goes on with: none waits longer than a day for its source."""
MOST_AT_ONCE = 1000
"""How many candidates are written by one statement."""


class RunService:
    """Begins runs, shows them, stops them and lets them go on."""

    def __init__(
        self, session: Session, clock: Clock, announce: Announce, settings: Settings, sources: Sources
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.sources = sources

    def search(
        self,
        provider: str,
        criteria: Criteria,
        *,
        status: str,
        actor: Actor,
        title: str = "",
        search_id: int | None = None,
        by_hand: bool = False,
    ) -> Run:
        """Begin to import everything that a search finds. `by_hand`: whoever calls lets it go on, no worker does.

        `status` is what new events have: published or draft. Raises `UnknownProvider`, `SourceNotSetUp`, and `Invalid` for
        what the source never answers, and dates that are no span of time.
        """
        source = self._source(provider, SYSTEM if by_hand else actor)
        require_answerable(source, criteria)
        begin = criteria.date_from or self.clock.now().replace(microsecond=0)
        if criteria.date_to is not None and criteria.date_to < begin:
            raise Invalid({"date_to": "must not be before date_from, or over"})
        run = self._begin(SEARCH, provider, title or _words(criteria) or source.title, status, actor)
        run.search_id = search_id
        run.criteria = criteria_to_json(criteria)
        # What is searched for stays as it was said, so that the same search is known again another day.
        run.state = Walk.over(replace(criteria, date_from=begin)).to_json()
        return self._start(run, by_hand=by_hand)

    def selection(self, chosen: Sequence[tuple[str, str]], *, status: str, actor: Actor) -> Run:
        """Begin to import events that somebody chose, as (provider, external id).

        Raises `UnknownProvider`, `SourceNotSetUp`, and `Invalid` for those of a source that is read as a whole.
        """
        chosen = list(dict.fromkeys(chosen))
        providers = sorted({provider for provider, _ in chosen})
        for source in [self._source(provider, actor) for provider in providers]:
            if source.by_address:
                raise Invalid({"chosen": f"{source.title} is imported as a whole: say provider and query instead"})
        title = f"{len(chosen)} chosen {'event' if len(chosen) == 1 else 'events'}"
        run = self._begin(SELECTION, providers[0] if len(providers) == 1 else "", title, status, actor)
        self._add(run, [(provider, external_id, None, {}) for provider, external_id in chosen])
        return self._start(run)

    def upload(
        self,
        provider: str,
        title: str,
        events: Iterable[tuple[ExternalEvent, Mapping[str, Any]]],
        *,
        status: str,
        actor: Actor,
    ) -> Run:
        """Begin to import the events of a file, each with what the organizer says otherwise (`Importer.bring`), as JSON says it."""
        run = self._begin(UPLOAD, provider, title, status, actor)
        self._add(
            run,
            [(provider, event.external_id, event_to_json(event), dict(overrides)) for event, overrides in events],
        )
        return self._start(run)

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return runs, the newest first: one's own, for staff all."""
        query = select(Run)
        if not actor.is_staff:
            query = query.where(Run.user_id == actor.user_id)
        if filters.get("status") is not None:
            query = query.where(Run.status == filters["status"])
        return fetch(self.session, query, NEWEST_FIRST, paging)

    def get(self, run_id: int, *, actor: Actor) -> Run:
        """Return a run. Raises `NotFound`, also for somebody else's."""
        run = self.session.get(Run, run_id, populate_existing=True)
        if run is None or not actor.owns(run.user_id):
            raise NotFound("There is no such run.")
        return run

    def reports(self, run_id: int, paging: Paging, *, actor: Actor) -> Slice:
        """Return what a run could not import. Raises `NotFound`."""
        self.get(run_id, actor=actor)
        return fetch(self.session, select(Report).where(Report.run_id == run_id), IN_ORDER, paging)

    def stop(self, run_id: int, *, actor: Actor) -> Run:
        """Let a run import nothing more; what it has imported stays. Raises `NotFound`, `WrongRunStatus`."""
        return self._move(self.get(run_id, actor=actor), (RUNNING, WAITING), STOPPED)

    def resume(self, run_id: int, *, actor: Actor, by_hand: bool = False) -> Run:
        """Let a run go on where it stopped. Raises `NotFound`, `WrongRunStatus`."""
        # A command goes on with a run of its own that was killed, and so is still said to be running.
        before = RESUMABLE + ((RUNNING,) if by_hand else ())
        run = self._move(self.get(run_id, actor=actor), before, RUNNING)
        return self._start(run, by_hand=by_hand)

    def unfinished(self, provider: str, criteria: Criteria, *, status: str, actor: Actor) -> Run | None:
        """Return the newest run of this very search, for events of this `status`, that can go on."""
        wanted = criteria_to_json(criteria), _terms(status)
        query = select(Run).where(Run.user_id == actor.user_id, Run.provider == provider, Run.kind == SEARCH)
        newest = self.session.scalars(
            query.where(Run.status.in_((*RESUMABLE, RUNNING))).order_by(Run.id.desc()).limit(20)
        )
        return next((run for run in newest if (run.criteria, run.terms) == wanted), None)

    def is_underway(self, search_id: int) -> bool:
        """Tell whether a saved search still imports."""
        query = select(Run.id).where(Run.search_id == search_id, Run.status.in_((RUNNING, WAITING)))
        return self.session.scalar(query.limit(1)) is not None

    def stop_search(self, search_id: int) -> bool:
        """Let what a saved search imports end here: it is another search now, or none; tell whether anything had to end."""
        return self._end(
            STOPPED, "Its saved search was changed, or is not wanted any more.", Run.search_id == search_id
        )

    def give_up(self, run_id: int) -> None:
        """Let a run fail that cannot go on, for a reason that only the log knows."""
        self._end(FAILED, "It broke off: what happened is in the log.", Run.id == run_id)

    def give_up_forgotten(self) -> None:
        """Let runs fail that nobody goes on with: their command was killed, or their work is lost."""
        self._end(FAILED, "Nobody has gone on with it for days.", Run.updated_at <= self.clock.now() - GIVEN_UP)

    def purge(self) -> bool:
        """Delete runs that ended, or were stopped, long ago, some at a time; return whether there may be more."""
        long_ago = self.clock.now() - timedelta(days=self.settings["external_events.keep_days"])
        return delete_some(self.session, Run, Run.updated_at < long_ago, Run.status.not_in((RUNNING, WAITING)))

    def _source(self, provider: str, actor: Actor) -> EventSource:
        """Return a source that can be asked."""
        source = self.sources.get(provider)
        if source is None:
            raise UnknownProvider(f"There is no source {provider!r}.")
        require_set_up(source, actor)
        return source

    def _begin(self, kind: str, provider: str, title: str, status: str, actor: Actor) -> Run:
        now = self.clock.now()
        run = Run(
            kind=kind,
            provider=provider,
            title=title[:300],
            user_id=actor.user_id,
            terms=_terms(status),
            created_at=now,
            updated_at=now,
        )
        self.session.add(run)
        self.session.flush()
        return run

    def _add(self, run: Run, rows: list[tuple[str, str, dict[str, Any] | None, dict[str, Any]]]) -> None:
        run.total = len(rows)
        for begin in range(0, len(rows), MOST_AT_ONCE):
            self.session.execute(
                insert(Candidate),
                [
                    {
                        "run_id": run.id,
                        "provider": provider,
                        "external_id": external_id,
                        "document": document,
                        "overrides": overrides,
                    }
                    for provider, external_id, document, overrides in rows[begin : begin + MOST_AT_ONCE]
                ],
            )

    def _start(self, run: Run, *, by_hand: bool = False) -> Run:
        self.session.flush()
        if not by_hand:
            self.announce(RunBegun(run.id))
        return run

    def _end(self, status: str, error: str, which: ColumnElement[bool]) -> bool:
        now = self.clock.now()
        ended: Any = self.session.execute(
            update(Run)
            .where(which, Run.status.in_((RUNNING, WAITING)))
            .values(status=status, error=error, goes_on_at=None, updated_at=now)
            .values(finished_at=now if status == FAILED else None)
            .execution_options(synchronize_session=False)
        )
        return bool(ended.rowcount)

    def _move(self, run: Run, before: Sequence[str], after: str) -> Run:
        now = self.clock.now()
        moved: Any = self.session.execute(
            update(Run)
            .where(Run.id == run.id, Run.status.in_(before))
            .values(status=after, error="", goes_on_at=None, finished_at=None, updated_at=now)
            .execution_options(synchronize_session=False)
        )
        self.session.refresh(run)
        if not moved.rowcount:
            raise WrongRunStatus(f"The run is {run.status}.", status_now=run.status)
        return run


def _terms(status: str) -> dict[str, Any]:
    return {"status": status}


def _words(criteria: Criteria) -> str:
    return ", ".join(part for part in (criteria.query, criteria.category, criteria.location) if part)
