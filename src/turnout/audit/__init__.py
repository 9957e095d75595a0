"""Audit: who did what, when and how; written in the transaction that does it, and never changed."""

from datetime import timedelta

import colander
from pyramid.config import Configurator
from pyramid.request import Request

from turnout import schema as fields
from turnout.api.service import PREFIX, Written
from turnout.audit import api
from turnout.audit.admin import AuditSection
from turnout.audit.models import ADMIN, API, BACKGROUND, COMMAND_LINE
from turnout.audit.services import AuditLog, Origin
from turnout.audit.tasks import purge_audit
from turnout.security.actors import STAFF, SYSTEM


class AuditSettings(colander.MappingSchema):
    """The audit log."""

    keep_days = fields.whole(1, 36_500, missing=730, description="How long entries of the audit log are kept")


def origin_of(request: Request) -> Origin:
    """Say how something comes to be done in this request."""
    if getattr(request, "job", None) is not None:
        return Origin(BACKGROUND)
    if request.actor is SYSTEM:
        return Origin(COMMAND_LINE)
    source = API if request.path_info.startswith(PREFIX + "/") else ADMIN
    return Origin(source, f"{request.method} {request.path}", request.environ.get("turnout.request_id", ""))


def note_written(written: Written) -> None:
    """Note what a member of staff changed over the API."""
    api.record(written)


def includeme(config: Configurator) -> None:
    config.declare_settings("audit", AuditSettings)
    config.declare_permission("audit:read", "Read the audit log", STAFF)
    config.add_injectable(Origin, origin_of)
    config.add_service(AuditLog)
    config.add_subscriber(note_written, Written)
    config.add_periodic_task(purge_audit, every=timedelta(hours=1))
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(AuditSection)
    config.add_capability("audit", "What staff did, and organizers in the admin: who, when and with what")
