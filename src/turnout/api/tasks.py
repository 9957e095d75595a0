"""Periodic work of the REST toolkit."""

from sqlalchemy.orm import Session

from turnout.api.idempotency import purge
from turnout.clock import Clock


def forget_idempotency_keys(session: Session, clock: Clock) -> None:
    """Delete kept answers that are too old to be asked for again."""
    purge(session, clock.now())
