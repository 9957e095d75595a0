"""The audit log as tests read it, and as a service."""

import pytest
from sqlalchemy import select

from turnout.audit.models import ADMIN, AuditEntry
from turnout.audit.services import AuditLog, Origin


@pytest.fixture
def entries(session):
    """Return a function that reads all entries, oldest first."""

    def entries():
        return session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()

    return entries


@pytest.fixture
def log(session, clock):
    return AuditLog(session, clock, Origin(ADMIN, "POST /admin/events/12/cancel", "some-request"))
