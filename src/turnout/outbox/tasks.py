"""What keeps the outbox itself small."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.injection import Settings
from turnout.outbox.models import DONE, Job, WorkerSeen
from turnout.outbox.services import Outbox

MOST_AT_ONCE = 5000


def purge_jobs(session: Session, clock: Clock, settings: Settings, outbox: Outbox) -> None:
    """Delete what was done long ago, and workers that have not been seen since. What is dead stays until staff act."""
    before = clock.now() - timedelta(days=settings["outbox.keep_days"])
    old = (
        select(Job.id)
        .where(Job.status == DONE, Job.finished_at <= before)
        .order_by(Job.id)
        .limit(MOST_AT_ONCE)
    )
    purged: Any = session.execute(
        delete(Job).where(Job.id.in_(old)).execution_options(synchronize_session=False)
    )
    session.execute(delete(WorkerSeen).where(WorkerSeen.seen_at <= before))
    if purged.rowcount == MOST_AT_ONCE:
        outbox.put(purge_jobs)
