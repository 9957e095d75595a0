"""The audit log in the admin UI: a list, and the history of each thing on its own page."""

from collections.abc import Iterable, Mapping
from typing import Any

from turnout.admin.panels import EVERYWHERE, WHOLE, Block, Link, Table, panel
from turnout.admin.sections import SYSTEM, AdminSection, Column
from turnout.audit.models import AuditEntry
from turnout.audit.schemas import AuditEntryView, AuditQuery
from turnout.audit.services import AuditLog, represent
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.versions import Versioned

LATEST = 10
"""How many entries the page of a thing shows."""
ITSELF = "Turnout itself"


class AuditSection(AdminSection):
    """Who did what, when, and what was different afterwards."""

    name, title, singular = "audit", "Audit log", "entry"
    plural = "entries"
    icon, group, order = "history", SYSTEM, 70
    description = "What staff and organizers did in the admin, and staff over the API. Entries are never changed."
    permissions = {"read": "audit:read"}
    query, view = AuditQuery, AuditEntryView
    columns = (
        Column("action", "What"),
        Column("thing", "With"),
        "subject",
        Column("username", "Who", to="users", id="user_id"),
        "source",
        Column("at", "When"),
    )
    facts = (
        Column("action", "What"),
        Column("thing", "With"),
        "subject",
        Column("username", "Who", to="users", id="user_id"),
        Column("at", "When"),
        "source",
        "path",
        "request_id",
    )
    pickers = {"user": "users"}
    empty = "Nothing was done yet"

    def __init__(self, log: AuditLog) -> None:
        self.log = log

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.log.find(filters, paging).shown(lambda row: _shown(row.AuditEntry))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return Versioned(_shown(self.log.get(row_id)), 1)

    def label(self, row: Mapping[str, Any]) -> str:
        return f"{row['action']}: {row['label'] or row['subject']}"

    @panel("Before and after", width=WHOLE, order=10)
    def difference(self, entry: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show what was otherwise before, beside what is so now."""
        before, after = entry["before"] or {}, entry["after"] or {}
        names = dict.fromkeys((*before, *after))
        rows = [(name.replace("_", " "), before.get(name), after.get(name)) for name in names]
        yield Table(("What", "Before", "After"), rows, empty="Nothing more was noted.")

    @panel("History", on=EVERYWHERE, permission="audit:read", width=WHOLE, order=900)
    def history(self, subject: str, row: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show what was done with a thing lately."""
        if subject == self.name or not isinstance(row["id"], int):
            return
        of_it = {"subject": subject, "subject_id": row["id"]}
        found = self.log.find(of_it, Paging(1, LATEST)).shown(lambda found: _shown(found.AuditEntry))
        yield Table(
            ("What", "Who", "When", "Changed"),
            [
                (
                    Link(one["action"], self.name, one["id"]),
                    Link(one["username"], "users", one["user_id"]) if one["user_id"] else one["username"],
                    one["at"],
                    ", ".join(name.replace("_", " ") for name in one["after"] or ()),
                )
                for one in found.rows
            ],
            empty="Nothing is noted yet.",
            more=Link(f"All {found.count}", self.name, filters=of_it) if found.has_next else None,
        )


def _shown(entry: AuditEntry) -> dict[str, Any]:
    shown = represent(entry)
    thing = shown["label"] or None
    if shown["subject_id"] is not None:
        thing = Link(
            shown["label"] or f"{shown['subject']} {shown['subject_id']}", shown["subject"], shown["subject_id"]
        )
    return shown | {"username": shown["username"] or ITSELF, "thing": thing}
