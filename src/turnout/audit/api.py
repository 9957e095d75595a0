"""The audit log over REST, and what it notes of the API."""

import re
from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from turnout.api.pages import page, paging_of
from turnout.api.service import PREFIX, Service, Written
from turnout.audit import schemas
from turnout.audit.services import AuditLog, represent

TAG = "Audit"
LABELS = ("title", "name", "username", "code", "email")
"""Members by which things are called, the first that there is."""

audit = Service("audit", "/audit", TAG)
SERVICES = (audit,)


@audit.get(permission="audit:read", query=schemas.AuditQuery, answer=schemas.AuditPage)
def read_audit_log(request: Request) -> dict[str, Any]:
    """Read what staff did, newest first."""
    paging = paging_of(request)
    found = request.find_service(AuditLog).find(request.validated["query"], paging)
    return page(request, found, lambda row: represent(row[0]))


def record(written: Written) -> None:
    """Note what a member of staff changed: as what it was sent, unless the operation is about secrets."""
    request, operation = written.request, written.operation
    shown = written.result if isinstance(written.result, Mapping) else {}
    subject, _, rest = operation.path.removeprefix(PREFIX + "/").partition("/")
    given = re.match(r"{((?:\w+_)?id)}", rest)
    shown_id = shown.get("id") if isinstance(shown.get("id"), int) else None
    subject_id = shown_id if given is None else int(request.matchdict[given[1]])
    # What was made below another thing has an id, too, and it may be the same.
    is_shown = shown_id == subject_id and not (given and operation.location)
    label = next((shown[name] for name in LABELS if is_shown and shown.get(name)), "")
    request.find_service(AuditLog).record(
        operation.name,
        actor=request.actor,
        subject=subject,
        subject_id=subject_id,
        label=str(label),
        after=None if operation.secret else written.given,
    )
