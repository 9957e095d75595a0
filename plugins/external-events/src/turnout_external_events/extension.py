"""What events from elsewhere add to events: ``extensions.external_events`` in their JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from turnout.plugin import Session

from turnout_external_events.models import Origin


def read(event_ids: Sequence[int], session: Session) -> Mapping[int, Mapping[str, Any]]:
    """Return where events came from, in one statement however many they are; those made here are left out."""
    query = select(
        Origin.event_id, Origin.provider, Origin.external_id, Origin.url, Origin.status, Origin.is_time_known, Origin.is_price_known,
        Origin.refreshed_at,
    ).where(Origin.event_id.in_(event_ids), Origin.is_leading)  # fmt: skip
    return {
        row.event_id: {name: value for name, value in row._mapping.items() if name != "event_id"}
        for row in session.execute(query)
    }
