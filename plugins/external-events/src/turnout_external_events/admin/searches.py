"""Saved searches in the admin UI."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from turnout.plugin import (
    ATTENTION,
    DASHBOARD,
    WHOLE,
    Actor,
    AdminSection,
    Column,
    Link,
    Note,
    Paging,
    Slice,
    Table,
    Versioned,
    action,
    panel,
)

from turnout_external_events.admin import schemas
from turnout_external_events.admin.lookups import Lookups
from turnout_external_events.admin.words import (
    GROUP,
    IMPORT,
    READ,
    REPORTS,
    RUNS,
    SEARCHES,
    badge,
    looks_for,
    offered,
    title_of,
)
from turnout_external_events.models import Run
from turnout_external_events.services import SavedSearchService
from turnout_external_events.sources import Sources
from turnout_external_events.sources.readiness import readiness_of

LATEST = 10
FEW = 5
"""How many saved searches the dashboard names."""
SUGGESTED = ("provider", "query", "location", "category")
Row = Mapping[str, Any]


class SavedSearchSection(AdminSection):
    """Searches that import by themselves what they find."""

    name, title, singular, plural = SEARCHES, "Saved searches", "saved search", "saved searches"
    icon, group, order = "bookmark", GROUP, 60
    description = "What you want to have here always is looked for again and again, and imported."
    permissions = {"read": READ, "create": IMPORT, "update": IMPORT}
    view, form = schemas.SavedSearchRow, schemas.SavedSearchForm
    columns = (
        "name",
        Column("source", "Source"),
        Column("looks_for", "Looks for"),
        "every_hours",
        "is_active",
        Column("next", "Next"),
        Column("last", "Last import", to=RUNS, id="last_id"),
        Column("missing", "Lacks"),
    )
    facts = (
        Column("source", "Source"),
        Column("query", "Words"),
        Column("location", "City"),
        "category",
        "days_ahead",
        "every_hours",
        Column("status", "New events are"),
        "is_active",
        Column("next", "Next"),
        "created_at",
        "updated_at",
    )
    zone_by = None

    def __init__(self, searches: SavedSearchService, sources: Sources, lookups: Lookups) -> None:
        self.searches = searches
        self.sources = sources
        self.lookups = lookups

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        found = self.searches.find(paging, actor=actor)
        latest = self.lookups.latest_runs([search["id"] for search in found.rows])
        return found.shown(lambda search: self._shown(search, latest.get(search["id"]), actor))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        search = self.searches.get(row_id, actor=actor)
        return Versioned(self._shown(search, None, actor), search.version)

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int:
        return self.searches.create(values, actor=actor).id

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self.searches.update(row_id, values, actor=actor, expected=expected)

    def suggested(self, given: Mapping[str, str], *, actor: Actor) -> Mapping[str, Any]:
        said = {name: given[name][:200] for name in SUGGESTED if given.get(name)}
        return {**said, "name": name} if (name := looks_for({**dict.fromkeys(SUGGESTED, ""), **said})) else said

    def offered(self, values: Mapping[str, Any], *, actor: Actor) -> Mapping[str, Any]:
        return {"provider": offered(self.sources, actor)}

    def _shown(self, search: Row, last: Run | None, actor: Actor) -> dict[str, Any]:
        source = self.sources.get(search["provider"])
        return {
            **search,
            "source": title_of(self.sources, search["provider"]),
            "looks_for": looks_for(search),
            "next": search["run_at"] if search["is_active"] else None,
            "last": None if last is None else f"{last.status}, {last.made} new",
            "last_id": None if last is None else last.id,
            "missing": "The source is not installed." if source is None else readiness_of(source).told(actor),
        }

    @action("Import now", permission=IMPORT, icon="refresh")
    def run_now(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.searches.run_now(row_id, actor=actor)
        return "It imports now what it finds."

    @action("Delete", permission=IMPORT, icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """It is looked for no more."""
        self.searches.delete(row_id, actor=actor, expected=expected)

    @delete.consequences
    def foresee_delete(self, search: Row, *, actor: Actor) -> list[str]:
        return ["Nothing more is imported by this search.", "What it has imported stays."]

    @panel("Last imports")
    def imports(self, search: Row, *, actor: Actor) -> Iterator[Table | Note]:
        """Show what came of it, and what it lacks to go on."""
        if search["missing"]:
            yield Note(f"It cannot import anything now. {search['missing']}", "warning")
        rows = [
            (
                Link(f"Import {run.id}", RUNS, run.id),
                badge(run.status),
                run.made,
                Link(str(run.refused), REPORTS, filters={"run": run.id}) if run.refused else 0,
                run.created_at,
            )
            for run in self.lookups.runs_of(search["id"], LATEST)
        ]
        yield Table(("Import", "State", "New", "Not imported", "Begun"), rows, empty="It has not begun yet.")

    @panel("Saved searches", on=ATTENTION, permission=READ, order=4)
    def attention(self, *, actor: Actor) -> Iterator[Note]:
        """Show staff which saved searches import nothing any more."""
        yield from self._failed(actor)

    @panel("Saved searches", on=DASHBOARD, permission=READ, width=WHOLE, order=6)
    def for_organizers(self, *, actor: Actor) -> Iterator[Note]:
        """Show organizers their own: for them there is no list of what needs attention."""
        if not actor.is_staff:
            yield from self._failed(actor)

    def _failed(self, actor: Actor) -> Iterator[Note]:
        for row in self.lookups.failed_searches(FEW, actor=actor):
            said = f"The saved search “{row.name}” failed: {row.error}"
            yield Note(said, "warning", Link("See its last import", RUNS, row.run_id))
