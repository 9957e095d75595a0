"""What an organizer says otherwise of an event that is here already: nobody's words are dropped in silence."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from turnout_external_events.errors import AlreadyImported
from turnout_external_events.services.mapping import kept


def require_alike(event: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """Require that an event, as it is shown, says what an organizer says otherwise. Raises `AlreadyImported`."""
    names = _unlike(event, overrides)
    if names:
        raise AlreadyImported(
            f"It is here already, as event {event['id']}, with another {', '.join(names)} than the overrides say; "
            "change that event instead, if it is yours.",
            event_id=event["id"],
        )


def _unlike(event: Mapping[str, Any], overrides: Mapping[str, Any]) -> list[str]:
    """Return which of these fields the event does not say; places that are not sold here are none."""
    here = {
        **event,
        "category_id": event["category"] and event["category"]["id"],
        "tags": {tag["slug"] for tag in event["tags"]},
        "capacity": event["capacity"] if event["is_bookable"] else None,
        "price": Decimal(event["price"]),
    }
    said = {name: set(value) if name == "tags" else value for name, value in overrides.items()}
    return sorted(name for name, value in said.items() if kept(here[name]) != kept(value))
