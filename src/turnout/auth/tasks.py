"""Background work of signing in."""

from datetime import timedelta

from sqlalchemy.orm import Session

from turnout.auth.models import ApiToken, SignInSession
from turnout.clock import Clock
from turnout.db import delete_some
from turnout.outbox.services import Outbox

KEPT = timedelta(days=1)
"""Nobody is signed in by them any more; for so long their owners may still wonder what became of them."""


def purge_sign_ins(session: Session, clock: Clock, outbox: Outbox) -> None:
    """Delete sign-ins and API tokens whose time is over."""
    before = clock.now() - KEPT
    more_sessions = delete_some(session, SignInSession, SignInSession.expires_at <= before)
    more_tokens = delete_some(session, ApiToken, ApiToken.expires_at <= before)
    if more_sessions or more_tokens:
        outbox.put(purge_sign_ins)
