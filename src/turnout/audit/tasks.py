"""Background work of the audit log: the end of old entries."""

from datetime import timedelta

from sqlalchemy.orm import Session

from turnout.audit.models import AuditEntry
from turnout.clock import Clock
from turnout.db import delete_some
from turnout.injection import Settings
from turnout.outbox.services import Outbox


def purge_audit(session: Session, clock: Clock, settings: Settings, outbox: Outbox) -> None:
    """Delete entries that nobody has to answer for any more."""
    before = clock.now() - timedelta(days=settings["audit.keep_days"])
    if delete_some(session, AuditEntry, AuditEntry.at <= before):
        outbox.put(purge_audit)
