"""What is done in the admin UI, written into the audit log."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request

from turnout.admin.sections import AdminSection
from turnout.audit.services import AuditLog


def record(
    request: Request,
    section: AdminSection,
    action: str,
    row_id: int | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    given: Mapping[str, Any] | None = None,
    gone: Sequence[str] = (),
) -> None:
    """Note who did what with which thing, and what is different now.

    `given` is what was filled in, and kept apart: the thing need not have become so. `gone` names what is no more.
    """
    shown = after or before or {"id": row_id}
    request.find_service(AuditLog).record(
        action,
        actor=request.actor,
        subject=section.name,
        subject_id=row_id,
        label=section.label(shown) if row_id is not None else section.title,
        before={**(before or {}), "gone": list(gone)} if gone else before,
        after=after if given is None else {**(after or {}), "given": given},
    )
