"""What users deleted here of what they had imported: no search brings it again by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from turnout.events.models import Event
from turnout.plugin import Session

from turnout_external_events.models import Deleted, Origin

_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_ROW = ("user_id", "provider", "external_id")


class Deletions:
    """Remembers which events of elsewhere their organizers deleted here."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def note(self, event_ids: Sequence[int]) -> None:
        """Remember of events that are about to be deleted what they are elsewhere, for their organizers."""
        rows = (
            select(Event.organizer_id, Origin.provider, Origin.external_id)
            .join(Origin, Origin.event_id == Event.id)
            .where(Event.id.in_(event_ids), Event.organizer_id.is_not(None))
        )
        insert = _INSERTS[self.session.get_bind().dialect.name](Deleted).from_select(_ROW, rows)
        self.session.execute(insert.on_conflict_do_nothing(index_elements=_ROW))

    def among(self, provider: str, external_ids: Sequence[str], user_id: int | None) -> frozenset[str]:
        """Return which of these events of a source a user has deleted here."""
        query = select(Deleted.external_id).where(
            Deleted.user_id == user_id, Deleted.provider == provider, Deleted.external_id.in_(external_ids)
        )
        return frozenset(self.session.scalars(query))

    def forget(self, provider: str, external_id: str, user_id: int | None) -> None:
        """Let an event that a user imports by hand be as if they had never deleted it."""
        self.session.execute(
            delete(Deleted)
            .where(Deleted.user_id == user_id, Deleted.provider == provider, Deleted.external_id == external_id)
            .execution_options(synchronize_session=False)
        )
