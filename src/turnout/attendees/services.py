"""What can be done with attendees."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, true, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from turnout.attendees.errors import AttendeeExists
from turnout.attendees.hooks import AcquaintancesSought, AttendeesDeleting
from turnout.attendees.models import Attendee
from turnout.clock import Clock
from turnout.errors import InUse, Invalid, NotFound
from turnout.filters import begins
from turnout.injection import Announce
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.users.models import User
from turnout.users.services import UserService
from turnout.versions import Versioned, require_version

FIRST_BIRTHDAY = date(1900, 1, 1)
ORDERINGS = {
    "id": Ordering("id", Attendee.id, Attendee.id),
    "-id": Ordering("-id", Attendee.id, Attendee.id, descending=True),
}

_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def represent(attendee: Attendee) -> Versioned:
    """Return what the attendee and staff see."""
    return Versioned(
        {
            "id": attendee.id,
            "first_name": attendee.first_name,
            "last_name": attendee.last_name,
            "email": attendee.email,
            "phone": attendee.phone,
            "date_of_birth": attendee.date_of_birth,
            "user_id": attendee.user_id,
            "created_at": attendee.created_at,
            "updated_at": attendee.updated_at,
        },
        attendee.version,
    )


def _without_account(email: str) -> tuple[ColumnElement[bool], ...]:
    return Attendee.user_id.is_(None), func.lower(Attendee.email) == email.lower()


class AttendeeService:
    """Registers attendees, changes and deletes them."""

    def __init__(self, session: Session, clock: Clock, announce: Announce, users: UserService) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.users = users

    def register(self, new: Mapping[str, Any], *, actor: Actor) -> Attendee:
        """Make an attendee: the actor's own if it has their email address, else one without an account.

        Raises `Invalid`, and `AttendeeExists` if the actor has one already or another without an account has the address.
        """
        self._check(new)
        user_id = self._account(new["email"], actor)
        if user_id is not None:
            own = self.session.scalar(select(Attendee.id).where(Attendee.user_id == user_id))
            if own is not None:
                raise AttendeeExists("You are an attendee already.", attendee_id=own)
        else:
            self._refuse_taken(new["email"])
        now = self.clock.now()
        attendee = Attendee(**new, user_id=user_id, created_at=now, updated_at=now)
        self.session.add(attendee)
        self._flush()
        return attendee

    def of_user(self, user: User) -> Attendee:
        """Return the user's own attendee, made from their account if there is none yet."""
        query = select(Attendee).where(Attendee.user_id == user.id)
        found = self.session.scalars(query).first()
        if found is not None:
            return found
        now = self.clock.now()
        insert = _INSERTS[self.session.get_bind().dialect.name](Attendee).values(
            user_id=user.id,
            first_name=user.first_name or user.username[:100],
            last_name=user.last_name,
            email=user.email,
            phone=user.phone,
            created_at=now,
            updated_at=now,
        )
        # Another request of the same user may make it at the same moment; then its attendee is the one.
        self.session.execute(insert.on_conflict_do_nothing(index_elements=[Attendee.user_id]))
        return self.session.scalars(query).one()

    def get(self, attendee_id: int, actor: Actor) -> Attendee:
        """Return an attendee. Raises `NotFound` for one that is not the actor's to see."""
        attendee = self.session.get(Attendee, attendee_id)
        if attendee is None or not actor.owns(attendee.user_id):
            raise NotFound("There is no such attendee.")
        return attendee

    def get_known(self, attendee_id: int, *, actor: Actor) -> Attendee:
        """Return an attendee, for organizers also one of whom they know. Raises `NotFound`."""
        attendee = self.session.scalar(select(Attendee).where(Attendee.id == attendee_id, self._is_known(actor)))
        if attendee is None:
            raise NotFound("There is no such attendee.")
        return attendee

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor, with_known: bool = False) -> Slice:
        """Return attendees, filtered and sorted (see `AttendeeQuery`): all for staff, else the actor's own.

        `with_known`: and those whom the actor knows, because they have booked an event of theirs.
        """
        query = select(Attendee)
        if with_known:
            query = query.where(self._is_known(actor))
        elif not actor.is_staff:
            query = query.where(Attendee.user_id == actor.user_id)
        if filters.get("search") is not None:
            columns = (Attendee.first_name, Attendee.last_name, Attendee.email)
            query = query.where(or_(*(begins(column, filters["search"]) for column in columns)))
        if filters.get("email") is not None:
            query = query.where(func.lower(Attendee.email) == filters["email"].lower())
        return fetch(self.session, query, ORDERINGS[filters.get("ordering", "id")], paging)

    def update(
        self, attendee_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Attendee:
        """Change an attendee. Raises `NotFound`, `Invalid`, `VersionMismatch`, `AttendeeExists`."""
        attendee = self.get(attendee_id, actor)
        require_version(attendee.version, expected)
        self._check(changes)
        if attendee.user_id is None and "email" in changes:
            self._refuse_taken(changes["email"], besides=attendee.id)
        for name, value in changes.items():
            setattr(attendee, name, value)
        attendee.updated_at = self.clock.now()
        self._flush()
        return attendee

    def delete(self, attendee_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete an attendee. Raises `NotFound`, `VersionMismatch`, and `InUse` for one with bookings."""
        attendee = self.get(attendee_id, actor)
        require_version(attendee.version, expected)
        try:
            with self.session.begin_nested():
                self.announce(AttendeesDeleting([attendee.id]))
                self.session.delete(attendee)
        except IntegrityError:
            raise InUse("There are bookings for this attendee.") from None

    def delete_of_users(self, user_ids: Sequence[int]) -> None:
        """Delete the attendees of users who are being deleted.

        Bookings, which depend on attendees, calls it once it has deleted its own, while `UsersDeleting` is told.
        """
        attendee_ids = self.session.scalars(select(Attendee.id).where(Attendee.user_id.in_(user_ids))).all()
        if attendee_ids:
            self.announce(AttendeesDeleting(attendee_ids))
            self.session.execute(delete(Attendee).where(Attendee.id.in_(attendee_ids)))

    def _is_known(self, actor: Actor) -> ColumnElement[bool]:
        """Return the condition that the actor knows an attendee: it is their own, or was found by those who were asked."""
        if actor.is_staff:
            return true()
        user_id = actor.user_id or 0
        sought = AcquaintancesSought(user_id)
        self.announce(sought)
        own = aliased(Attendee)
        # One list of ids, not several conditions with OR: each finds its rows in an index.
        return Attendee.id.in_(union_all(select(own.id).where(own.user_id == user_id), *sought.found))

    def _check(self, values: Mapping[str, Any]) -> None:
        born = values.get("date_of_birth")
        if born is None:
            return
        if born > self.clock.now().date():
            raise Invalid({"date_of_birth": "must not be in the future"})
        if born < FIRST_BIRTHDAY:
            raise Invalid({"date_of_birth": "must not be before 1900"})

    def _account(self, email: str, actor: Actor) -> int | None:
        """Return the actor's id if this is the address of their account."""
        if actor.user_id is None:
            return None
        user = self.users.get(actor.user_id, actor=actor)
        return user.id if user.email.lower() == email.lower() else None

    def _refuse_taken(self, email: str, besides: int = 0) -> None:
        if self.session.scalar(select(Attendee.id).where(*_without_account(email), Attendee.id != besides)):
            raise AttendeeExists("There is an attendee with this email address already.")

    def _flush(self) -> None:
        try:
            self.session.flush()
        except IntegrityError:
            # Two registrations at the same moment; the unique index decided.
            raise AttendeeExists from None
