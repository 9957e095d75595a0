"""What can be done with the audit log: write an entry, and read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from turnout.audit.changes import changes
from turnout.audit.models import LONGEST_LABEL, LONGEST_PATH, AuditEntry
from turnout.clock import Clock
from turnout.errors import NotFound
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.users.models import User

NEWEST_FIRST = Ordering("-at", AuditEntry.at, AuditEntry.id, descending=True)
SHOWN = (
    "id", "at", "user_id", "username", "action", "subject", "subject_id", "label", "before", "after", "source", "path",
    "request_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """How something comes to be done: over the API, in the admin UI, ... and, over HTTP, by which request."""

    source: str
    path: str = ""
    request_id: str = ""


def represent(entry: AuditEntry) -> dict[str, Any]:
    """Return what staff see."""
    return {name: getattr(entry, name) for name in SHOWN}


class AuditLog:
    """The log of who did what. There is no way to change an entry."""

    def __init__(self, session: Session, clock: Clock, origin: Origin) -> None:
        self.session = session
        self.clock = clock
        self.origin = origin

    def record(
        self,
        action: str,
        *,
        actor: Actor,
        subject: str,
        subject_id: int | None = None,
        label: str = "",
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Note that `actor` did `action` to a thing: ``record("cancel", actor=..., subject="events", subject_id=12, ...)``.

        `label` is what the thing is called. `before` and `after` are what it was and is, as the API shows it: of both,
        only what differs is kept, of long values a part, of secrets that they were there. The entry is written in the
        session's transaction, now: what is undone leaves none, and what cannot be noted is not done.
        """
        old, new = changes(before, after)
        username = select(User.username).where(User.id == actor.user_id).scalar_subquery()
        self.session.execute(
            insert(AuditEntry).values(
                at=self.clock.now(),
                user_id=actor.user_id,
                username=func.coalesce(username, ""),
                action=action,
                subject=subject,
                subject_id=subject_id,
                label=label[:LONGEST_LABEL],
                before=old,
                after=new,
                source=self.origin.source,
                path=self.origin.path[:LONGEST_PATH],
                request_id=self.origin.request_id,
            )
        )

    def get(self, entry_id: int) -> AuditEntry:
        """Return an entry. Raises `NotFound`."""
        found = self.session.get(AuditEntry, entry_id)
        if found is None:
            raise NotFound("There is no such entry.")
        return found

    def find(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return entries, newest first, filtered by what of `AuditQuery` is given."""
        query = select(AuditEntry)
        for name, column in (
            ("subject", AuditEntry.subject),
            ("subject_id", AuditEntry.subject_id),
            ("user", AuditEntry.user_id),
            ("action", AuditEntry.action),
        ):
            if filters.get(name) is not None:
                query = query.where(column == filters[name])
        if filters.get("date_from") is not None:
            query = query.where(AuditEntry.at >= filters["date_from"])
        if filters.get("date_to") is not None:
            query = query.where(AuditEntry.at <= filters["date_to"])
        return fetch(self.session, query, NEWEST_FIRST, paging)
