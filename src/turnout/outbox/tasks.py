"""What keeps the tables of requests and background work small."""

from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from turnout.api.idempotency import purge
from turnout.clock import Clock
from turnout.db import delete_some
from turnout.injection import Settings
from turnout.outbox.handlers import DEFAULT, Handlers, queues_of
from turnout.outbox.models import DONE, WAITING, Job, WorkerSeen
from turnout.outbox.services import Outbox


def purge_jobs(session: Session, clock: Clock, settings: Settings, outbox: Outbox) -> None:
    """Delete what was done long ago, and workers that have not been seen since. What is dead stays until staff act."""
    before = clock.now() - timedelta(days=settings["outbox.keep_days"])
    session.execute(delete(WorkerSeen).where(WorkerSeen.seen_at <= before))
    if delete_some(session, Job, Job.status == DONE, Job.finished_at <= before):
        outbox.put(purge_jobs)


def adopt_jobs(session: Session, handlers: Handlers) -> None:
    """Put work of queues that no handler names any more into the default one, where it fails for all to see."""
    session.execute(
        update(Job)
        .where(Job.status == WAITING, Job.queue.not_in(queues_of(handlers)))
        .values(queue=DEFAULT)
        .execution_options(synchronize_session=False)
    )


def purge_idempotency_keys(session: Session, clock: Clock, outbox: Outbox) -> None:
    """Delete kept answers that are too old to be asked for again."""
    if purge(session, clock.now()):
        outbox.put(purge_idempotency_keys)
