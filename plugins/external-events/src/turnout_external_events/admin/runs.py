"""Imports: how far they are, what came of them, and what could not be imported."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from turnout.plugin import (
    WHOLE,
    Actor,
    AdminSection,
    Column,
    Link,
    Note,
    Paging,
    Share,
    Slice,
    Table,
    Versioned,
    action,
    panel,
)

from turnout_external_events.admin import schemas
from turnout_external_events.admin.lookups import Lookups
from turnout_external_events.admin.words import GROUP, IMPORT, ORIGINS, READ, REPORTS, RUNS, badge, title_of
from turnout_external_events.api import represent_report, represent_run
from turnout_external_events.models import DONE, FAILED, RESUMABLE, RUNNING, WAITING, Run
from turnout_external_events.schemas import ImportRunView
from turnout_external_events.services import RunService
from turnout_external_events.sources import Sources

UNDERWAY = (RUNNING, WAITING)
SHOWN = 50
"""How many of the events that could not be imported a run's page names."""
Row = Mapping[str, Any]


class RunSection(AdminSection):
    """Many events being imported."""

    name, title, singular = RUNS, "Imports", "import"
    icon, group, order = "download", GROUP, 30
    description = (
        "Events that were, or are being, imported from elsewhere: a choice, all that a search finds, or a file."
    )
    permissions = {"read": READ}
    query, view = schemas.RunRowQuery, ImportRunView
    columns = (
        "title",
        "status",
        Column("source", "Source"),
        Column("progress", "Looked at"),
        Column("made", "New"),
        "changed",
        Column("same", "Here already"),
        Column("refused", "Not imported"),
        Column("created_at", "Begun"),
    )
    facts = (
        "status",
        Column("why", "Why"),
        Column("goes_on_at", "Goes on"),
        Column("progress", "Looked at"),
        Column("made", "New here"),
        Column("changed", "Here already, and changed now"),
        Column("same", "Here already"),
        Column("refused", "Not imported"),
        Column("source", "Source"),
        Column("search", "Saved search", to="saved-searches", id="search_id"),
        Column("created_at", "Begun"),
        Column("finished_at", "Done"),
    )
    label_by = "title"
    zone_by = None
    empty = "Nothing was imported yet"

    def __init__(self, runs: RunService, sources: Sources, lookups: Lookups) -> None:
        self.runs = runs
        self.sources = sources
        self.lookups = lookups

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.runs.find(filters, paging, actor=actor).shown(lambda row: self.shown(row.Run))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return Versioned(self.shown(self.runs.get(row_id, actor=actor)), 1)

    def goes_on(self, row: Row) -> bool:
        return row["state"] in UNDERWAY

    def shown(self, run: Run) -> dict[str, Any]:
        """Return a run as the pages show it."""
        return {
            **represent_run(run),
            "status": badge(run.status),
            "state": run.status,
            "source": title_of(self.sources, run.provider),
            # How many there are is only an estimate while a search goes on.
            "progress": Share(run.seen, None if run.total is None else max(run.total, run.seen)),
            "why": _why(run),
            "search": None if run.search_id is None else "See it",
        }

    @action("Stop", permission=IMPORT, icon="player-pause", when=lambda run: run["state"] in UNDERWAY)
    def stop(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.runs.stop(row_id, actor=actor)
        return "It has stopped. What it has imported stays."

    @action("Go on", permission=IMPORT, icon="player-play", when=lambda run: run["state"] in RESUMABLE)
    def go_on(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.runs.resume(row_id, actor=actor)
        return "It goes on."

    @panel("What could not be imported", width=WHOLE)
    def failures(self, run: Row, *, actor: Actor) -> Iterator[Table]:
        """Name the events, and say why."""
        found = self.lookups.reports({"run": run["id"]}, Paging(1, SHOWN), actor=actor)
        if run["refused"] or found.rows:
            rows = [(row.Report.title or row.Report.external_id, row.Report.reason) for row in found.rows]
            more = Link(f"All {run['refused']}", REPORTS, filters={"run": run["id"]}) if found.has_next else None
            yield Table(("Event", "Why"), rows, empty="They are not kept by name.", more=more)

    @panel("What was imported", width=WHOLE)
    def arrived(self, run: Row, *, actor: Actor) -> Iterator[Note]:
        """Lead to the events."""
        if run["state"] == DONE and (run["made"] or run["changed"]):
            yield Note("They are among the imported events.", link=Link("See them", ORIGINS))


def _why(run: Run) -> str:
    """Return why a run does not go on just now, and what is to be done."""
    if run.status == WAITING:
        return f"{run.error} It goes on by itself as soon as the source can be asked again."
    if run.status == FAILED:
        return f"{run.error} When that is mended, let it go on: it begins where it stopped."
    return run.error


class ReportSection(AdminSection):
    """What could not be imported."""

    name, title, singular, plural = REPORTS, "Not imported", "event", "events"
    icon, group, order = "alert-circle", GROUP, 40
    description = "Events of elsewhere that could not be imported, and why."
    permissions = {"read": READ}
    query, view = schemas.ReportRowQuery, schemas.ReportRow
    columns = (
        Column("title", "Event"),
        "reason",
        Column("run_title", "Import", to=RUNS, id="run_id"),
        Column("created_at", "When"),
    )
    pickers = {"run": RUNS}
    zone_by = None
    empty = "Whatever was to be imported was imported"

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.lookups.reports(filters, paging, actor=actor).shown(_shown)


def _shown(row: Any) -> dict[str, Any]:
    report = represent_report(row.Report)
    title = report["title"] or report["external_id"] or "An event without a name"
    return {**report, "title": title, "run_id": row.Report.run_id, "run_title": row.run_title}
