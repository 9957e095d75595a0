"""Background work in the admin UI."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson

from turnout.admin.actions import action
from turnout.admin.panels import ATTENTION, WHOLE, Block, Facts, Link, Note, panel
from turnout.admin.sections import SYSTEM, AdminSection, Column
from turnout.outbox.models import DEAD
from turnout.outbox.schemas import JobQuery, JobView
from turnout.outbox.services import JobService
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.versions import Versioned

_SHOWN = tuple(node.name for node in JobView().children)


class JobSection(AdminSection):
    """Work that is done after the answer: mail, webhooks, reminders, and what plugins add."""

    name, title, singular = "jobs", "Background work", "job"
    plural = "jobs"
    icon, group, order = "hourglass", SYSTEM, 20
    description = (
        "What is done after the answer: mail, webhooks, reminders. What is dead has failed as often as it may."
    )
    permissions = {"read": "jobs:read"}
    query, view = JobQuery, JobView
    columns = (
        Column("what", "What"),
        "status",
        "attempts",
        "queue",
        Column("due_at", "Due"),
        Column("created_at", "Since"),
    )
    facts = ("handler", "status", "attempts", "error", "queue", "stream", "key", "due_at", "created_at", "finished_at")
    empty = "There is no work: everything is done"

    def __init__(self, jobs: JobService) -> None:
        self.jobs = jobs

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.jobs.find(filters, paging).shown(_shown)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return Versioned(_shown(self.jobs.get(row_id)), 1)

    def label(self, row: Mapping[str, Any]) -> str:
        return f"{row['what']} ({row['id']})"

    @action("Try again", permission="jobs:retry", icon="refresh", bulk=True, when=lambda job: job["status"] == DEAD)
    def retry(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.jobs.retry(row_id)
        return "It is tried again, as often as new work."

    @panel("What it works on", width=WHOLE)
    def payload(self, job: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show what was given to the function."""
        given = job["payload"].get("fields", job["payload"])  # of what happened, or a task's arguments
        if given:
            yield Facts(given)

    @panel("Background work", on=ATTENTION, permission="jobs:read", order=10)
    def attention(self, *, actor: Actor) -> Iterable[Block]:
        """Tell of work that has failed for good."""
        dead = self.jobs.find({"status": DEAD}, Paging(1, 1)).count
        if dead:
            what = "A piece of background work has" if dead == 1 else f"{dead} pieces of background work have"
            yield Note(f"{what} failed for good.", "danger", Link("See why", self.name, filters={"status": DEAD}))


def _shown(row: Any) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _SHOWN}
    return shown | {"payload": orjson.loads(row.payload), "what": row.handler.rpartition(".")[2].replace("_", " ")}
