"""What a picker offers while one types."""

from typing import Any

from pyramid.request import Request

from turnout.admin.context import choices
from turnout.admin.sections import AdminSection

LONGEST = 100


def search(request: Request, section: AdminSection) -> list[dict[str, Any]]:
    """Return the things whose names match what was typed."""
    typed = request.params.get("search", "")[:LONGEST].replace("\x00", "")
    return [{"value": value, "text": text} for value, text in choices(request, section.name, typed)]
