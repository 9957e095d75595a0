"""For whom events are imported when nobody is signed in: background work does what its user may do, and no more."""

from turnout.plugin import Actor, Denied, Session
from turnout.users.models import User


def organizer(session: Session, user_id: int | None) -> Actor:
    """Return the actor that a user is now. Raises `Denied` for one who may make no events (any more)."""
    user = None if user_id is None else session.get(User, user_id)
    if user is None or not user.is_active:
        raise Denied("Whoever began this is not here any more.")
    if not (user.is_organizer or user.is_staff or user.is_superuser):
        raise Denied("Whoever began this may not make events any more.")
    return Actor.of(user.id, is_organizer=user.is_organizer, is_staff=user.is_staff, is_superuser=user.is_superuser)
