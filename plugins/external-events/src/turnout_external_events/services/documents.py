"""Events from elsewhere, and what is searched for, as JSON: to be kept until their turn."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cattrs import Converter

from turnout_external_events.sources.contract import Criteria, ExternalEvent

_CONVERTER = Converter(forbid_extra_keys=True, detailed_validation=False)
for _kind in (datetime, date):
    _CONVERTER.register_unstructure_hook(_kind, lambda moment: moment.isoformat())
    _CONVERTER.register_structure_hook(_kind, lambda said, kind: kind.fromisoformat(said))
_CONVERTER.register_unstructure_hook(Decimal, str)
_CONVERTER.register_structure_hook(Decimal, lambda said, _kind: Decimal(said))


def event_to_json(event: ExternalEvent) -> dict[str, Any]:
    """Return an event as it is kept."""
    return _CONVERTER.unstructure(event)


def event_of_json(document: Mapping[str, Any]) -> ExternalEvent:
    """Return an event that was kept."""
    return _CONVERTER.structure(document, ExternalEvent)


def criteria_to_json(criteria: Criteria) -> dict[str, Any]:
    """Return what is searched for as it is kept."""
    return _CONVERTER.unstructure(criteria)


def criteria_of_json(document: Mapping[str, Any]) -> Criteria:
    """Return what is searched for, that was kept."""
    return _CONVERTER.structure(document, Criteria)
