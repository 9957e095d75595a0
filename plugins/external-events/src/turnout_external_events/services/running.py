"""How a run goes on: one step asks a source, and then writes what came of it, with where it goes on, in one transaction.

Whatever ends this half-way, the next step is this one again; what it had imported already it finds again. Two that step at the
same time do not: the second finds the step taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import delete, insert, select, update
from turnout.plugin import Clock, Denied, DomainError, ReadSession, Session

from turnout_external_events.models import (
    DONE,
    FAILED,
    RUNNING,
    SEARCH,
    WAITING,
    Candidate,
    Report,
    Run,
)
from turnout_external_events.services.deletions import Deletions
from turnout_external_events.services.documents import criteria_of_json, event_of_json
from turnout_external_events.services.importing import Importer
from turnout_external_events.services.people import organizer
from turnout_external_events.services.walking import Walk
from turnout_external_events.sources.asking import asked, discreet
from turnout_external_events.sources.checking import check, checked
from turnout_external_events.sources.contract import (
    BadAnswer,
    Criteria,
    EventSource,
    ExternalEvent,
    Found,
    KeyRefused,
    Malformed,
    NotThere,
    Pace,
    QuotaSpent,
    Refusal,
    Refused,
    SourceError,
    Unavailable,
)
from turnout_external_events.sources.directive import Sources

SIZE = 100
"""How many events one step looks at: its transaction is open for as long as writing them takes."""
FEW = 20
"""How many events are asked for one by one in a step."""
PATIENCE, LONGEST_PATIENCE = 60.0, 3600.0
"""Seconds until a source is asked again that did not say how long to wait; twice as many after each time, up to the longest."""
MOST_WAITS = 30
"""How often in a row a source may be out of reach before a run is given up: about a day. A quota that is spent does not count."""
TRIES = 3
"""How often an event that was chosen is asked for before the run goes on without it."""
IN_A_ROW = 3
"""After so many events in a row of which a source says nothing it is asked for something else, to know whether it is out of reach."""
OVERTAKEN = "overtaken"
"""Of a step that somebody else has taken, or that is not to be taken any more."""
MOST_REPORTS = 1000
"""How many events of a run that could not be imported are kept by name; all are counted."""

MALFORMED, UNAVAILABLE, UNSAID, REMARK = "malformed", "unavailable", "source_failed", "remark"
CODES: Mapping[type[Exception], str] = {
    NotThere: "not_there",
    Refused: "refused",
    BadAnswer: "bad_answer",
    Unavailable: UNAVAILABLE,
    Malformed: MALFORMED,
}
"""What programs read of why a source did not say what an event is."""

log = structlog.get_logger()


class NotInstalled(SourceError):
    """The source is not here any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step came to: the status of the run, which step is next, and in how many seconds."""

    status: str
    step: int = 0
    seconds: float = 0.0

    @property
    def goes_on(self) -> bool:
        """Tell whether there is another step."""
        return self.status in {RUNNING, WAITING}


@dataclass(slots=True)
class _Step:
    """What a step was told: events, each with who has it and what the organizer says otherwise, and what to note of the run.

    `refused` are those of which nothing is known, each with the code of why. `address` is where they are, of a source that
    is read as a whole.
    """

    events: list[tuple[str, ExternalEvent, Mapping[str, Any]]]
    refused: list[tuple[str, Refusal]]
    noted: dict[str, Any]
    done_until: int | None = None
    address: str | None = None


class Runner:
    """Lets a run take one step."""

    def __init__(
        self,
        session: Session,
        reading: ReadSession,
        clock: Clock,
        sources: Sources,
        importer: Importer,
        deletions: Deletions,
    ) -> None:
        self.session = session
        self.reading = reading
        self.clock = clock
        self.sources = sources
        self.importer = importer
        self.deletions = deletions

    def step(self, run_id: int, step: int | None = None) -> Progress:
        """Take the next step of a run, or this one if it is the next. Asks its source before the transaction begins."""
        with self.reading as session:
            run = session.execute(select(Run.__table__).where(Run.id == run_id)).first()
            if run is None or run.status not in {RUNNING, WAITING} or step not in {None, run.step}:
                return Progress(OVERTAKEN)
            waiting = self._waiting(session, run) if run.kind != SEARCH else []
        try:
            told = self._search(run) if run.kind == SEARCH else self._next(waiting, run.waits + 1)
        except Unavailable as trouble:
            return self._wait(run, trouble)
        except SourceError as trouble:
            return self._end(run, FAILED, str(trouble))
        return self._write(run, told)

    def _waiting(self, session: Session, run: Any) -> list[Any]:
        query = select(Candidate.__table__).where(Candidate.run_id == run.id).order_by(Candidate.id)
        rows = session.execute(query.limit(SIZE)).all()
        # Those that are still to be asked for take time each; files have theirs at hand.
        asked = [number for number, row in enumerate(rows, 1) if row.document is None]
        return list(rows[: asked[FEW - 1]] if len(asked) >= FEW else rows)

    def _search(self, run: Any) -> _Step:
        walk = Walk.of_json(run.state)
        if walk.is_over:
            return _Step([], [], {"status": DONE})
        source = self._source(run.provider)
        criteria = criteria_of_json(run.criteria)
        size = min(SIZE, source.largest_page)
        found = checked(asked(source, lambda: source.search(walk.asked(criteria), walk.page, size, Pace.STEADY)))
        after, counts = walk.after(found, size, source.deepest, self.clock.now())
        found = found if counts else Found()
        noted = {"state": after.to_json(), "total": after.total, "status": DONE if after.is_over else RUNNING}
        if after.is_over and after.lost:
            noted["error"] = f"{after.lost} events could not be reached: the source shows no more of so short a time."
        refused = [(REMARK if refusal.is_remark else MALFORMED, refusal) for refusal in found.refused]
        told = _Step([(run.provider, event, {}) for event in found.events], refused, noted)
        told.address = criteria.query if source.by_address else None
        return told

    def _next(self, waiting: list[Any], tries: int) -> _Step:
        """Ask for what waits; `tries`: how often, with this time, the first of these was asked for."""
        told = _Step([], [], {"status": RUNNING if waiting else DONE})
        unheard = 0
        for row in waiting:
            has_more_said = len(told.events) + len(told.refused) > unheard
            try:
                told.events.append((row.provider, self._event(row), row.overrides))
            except (Unavailable, KeyRefused, NotInstalled) as trouble:
                if has_more_said:
                    break  # what was told so far is written; the next step begins with this one
                # Whether it is this event's fault shows when the source says something of one behind it.
                if not isinstance(trouble, Unavailable) or isinstance(trouble, QuotaSpent) or tries < TRIES:
                    raise
                told.refused.append((UNAVAILABLE, Refusal(str(trouble), row.external_id)))
                unheard += 1
                if unheard == IN_A_ROW:
                    if not self._answers(row.provider):
                        raise
                    told.done_until = row.id
                    break  # it takes long to be told nothing: the next step begins behind them
            except (SourceError, Malformed) as error:
                told.refused.append((_code(error), Refusal(str(error), row.external_id)))
            told.done_until = row.id
        return told

    def _event(self, row: Any) -> ExternalEvent:
        if row.document is not None:
            return check(event_of_json(row.document))
        source = self._source(row.provider)
        return check(asked(source, lambda: source.fetch(row.external_id, Pace.STEADY)))

    def _answers(self, provider: str) -> bool:
        """Tell whether a source says anything at all."""
        source = self._source(provider)
        try:
            asked(source, lambda: source.search(Criteria(), 1, 1, Pace.STEADY))
        except Refused:
            return True
        except KeyRefused:
            raise
        except SourceError:
            return False
        return True

    def _source(self, provider: str) -> EventSource:
        source = self.sources.get(provider)
        if source is None:
            raise NotInstalled(f"The source {provider} is not installed.")
        return source

    def _write(self, run: Any, told: _Step) -> Progress:
        with self.session.begin_nested():  # whatever goes wrong, that it did can be written
            return self._written(run, told)

    def _written(self, run: Any, told: _Step) -> Progress:
        if not self._take(run, told.noted):
            return Progress(OVERTAKEN)
        try:
            actor = organizer(self.session, run.user_id)
        except Denied as error:
            self._set(run, {"status": FAILED, "error": error.detail, "finished_at": self.clock.now()})
            return Progress(FAILED)
        unread = sum(not refusal.is_remark for _, refusal in told.refused)
        counts = {"made": 0, "changed": 0, "same": 0, "refused": unread}
        reports = [{"code": code, **_report(refusal)} for code, refusal in told.refused]
        deleted = self._deleted(run, told)
        for provider, event, overrides in told.events:
            if event.external_id in deleted:
                counts["same"] += 1
                continue
            try:
                with self.session.begin_nested():
                    said = {"status": run.terms["status"], **_overrides(overrides)}
                    brought = self.importer.bring(provider, event, said, actor=actor, address=told.address)
                    counts[brought.outcome] += 1
            except DomainError as error:
                counts["refused"] += 1
                reports.append({"code": error.code, **_report(Refusal(error.detail, event.external_id, event.title))})
        self._report(run, reports)
        if told.done_until is not None:
            self.session.execute(delete(Candidate).where(Candidate.run_id == run.id, Candidate.id <= told.done_until))
        seen = {"seen": Run.seen + len(told.events) + unread}
        self._set(run, seen | {name: getattr(Run, name) + count for name, count in counts.items()})
        return Progress(told.noted["status"], run.step + 1)

    def _deleted(self, run: Any, told: _Step) -> frozenset[str]:
        """Return which of these events are left out, because whose run it is deleted them here, and has not chosen them since."""
        if run.kind != SEARCH:
            return frozenset()
        return self.deletions.among(run.provider, [event.external_id for _, event, _ in told.events], run.user_id)

    def _take(self, run: Any, noted: Mapping[str, Any]) -> bool:
        """Note where the run goes on; False if somebody took this step, or stopped the run, meanwhile."""
        is_over = noted["status"] not in {RUNNING, WAITING}
        now = self.clock.now()
        taken: Any = self.session.execute(
            update(Run)
            .where(Run.id == run.id, Run.step == run.step, Run.status.in_((RUNNING, WAITING)))
            .values(
                {"error": "", "waits": 0, "goes_on_at": None, **noted, "step": Run.step + 1, "updated_at": now}
                | ({"finished_at": now} if is_over else {})
            )
            .execution_options(synchronize_session=False)
        )
        return bool(taken.rowcount)

    def _set(self, run: Any, values: Mapping[str, Any]) -> None:
        self.session.execute(
            update(Run).where(Run.id == run.id).values(values).execution_options(synchronize_session=False)
        )

    def _wait(self, run: Any, trouble: Unavailable) -> Progress:
        waits = run.waits + (not isinstance(trouble, QuotaSpent))
        if waits > MOST_WAITS:
            return self._end(run, FAILED, str(trouble))
        pause = min(PATIENCE * 2.0 ** min(run.waits, 10), LONGEST_PATIENCE)
        seconds = max(trouble.seconds or pause, 1.0)
        goes_on_at = self.clock.now() + timedelta(seconds=seconds)
        is_ours = self._take(run, {"status": WAITING, "error": str(trouble), "waits": waits, "goes_on_at": goes_on_at})
        return Progress(WAITING, run.step + 1, seconds) if is_ours else Progress(OVERTAKEN)

    def _end(self, run: Any, status: str, error: str) -> Progress:
        log.warning("an import failed", run=run.id, source=run.provider, reason=discreet(error))
        self._take(run, {"status": status, "error": error})
        return Progress(status)

    def _report(self, run: Any, reports: list[dict[str, Any]]) -> None:
        room = max(0, MOST_REPORTS - run.refused)
        if reports[:room]:
            now = self.clock.now()
            rows = [{"run_id": run.id, "created_at": now, **report} for report in reports[:room]]
            self.session.execute(insert(Report), rows)


def _code(error: Exception) -> str:
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), UNSAID)


def _report(refusal: Refusal) -> dict[str, str]:
    return {"external_id": refusal.external_id[:255], "title": refusal.title[:300], "reason": refusal.reason}


def _overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an organizer says otherwise, as services take it: amounts are text in JSON."""
    return {name: Decimal(value) if name == "price" else value for name, value in overrides.items()}
