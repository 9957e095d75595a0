"""Bookings that are accepted at once and decided later: many of one event together, in the order in which they came.

Accepting touches no pool and reads no facts: it is one row, and one job in the event's stream. Deciding is the booking
primitive's (`Booker`), over the rows that are there already.

Lock order, before the primitive's own: users, the attendees that were named, and the accepted bookings, each by id. So
whoever deletes a user or an attendee, or cancels a booking, is either done before anything is decided, or waits while we
hold no pool; and when we hold one, we have every row that we are going to write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import structlog
from sqlalchemy import Boolean, Integer, String, bindparam, insert, literal, literal_column, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.errors import NotDecided
from turnout.bookings.hooks import BookingFailed
from turnout.bookings.models import PROCESSING, Booking
from turnout.bookings.services.book import Booker, new_code
from turnout.bookings.services.requests import Accepted, BookingRequest, Line
from turnout.bookings.services.writing import Refused, fail
from turnout.clock import Clock
from turnout.db import AnyRow, Id, UTCDateTime
from turnout.errors import DomainError, NotFound, TryAgain
from turnout.events.models import DRAFT, Event
from turnout.injection import Announce
from turnout.outbox.handlers import CurrentJob
from turnout.outbox.services import Outbox
from turnout.security.actors import Actor
from turnout.users.models import User

log = structlog.get_logger()

_now = bindparam("now", type_=UTCDateTime)
_ROW: Mapping[str, Any] = {
    "code": bindparam("code", type_=String),
    "event_id": Event.id,
    "user_id": User.id,
    "quantity": bindparam("quantity", type_=Integer),
    "currency": Event.currency,
    "status": literal_column(f"'{PROCESSING}'"),
    "created_at": _now,
    "updated_at": _now,
    "version": literal(1),
}
_ACCEPT = (
    insert(Booking)
    .from_select(
        list(_ROW),
        select(*_ROW.values())
        .join_from(Event, User, User.id == bindparam("user_id", type_=Id))
        .where(Event.id == bindparam("event_id", type_=Id))
        .where(or_(Event.status != DRAFT, Event.organizer_id == User.id, bindparam("as_staff", type_=Boolean))),
    )
    .returning(Booking.id, Booking.currency)
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for with an accepted booking, and by whom with which rights, as its job keeps it."""

    booking_id: int
    user_id: int
    as_staff: bool
    attendee_id: int | None
    hold: bool
    lines: Sequence[Line]

    def kept(self) -> dict[str, Any]:
        """Return it as JSON can say it."""
        return {
            "booking_id": self.booking_id,
            "user_id": self.user_id,
            "as_staff": self.as_staff,
            "attendee_id": self.attendee_id,
            "hold": self.hold,
            "lines": [astuple(line) for line in self.lines],
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Wish":
        """Return what was kept."""
        return cls(**{**kept, "lines": [Line(*line) for line in kept["lines"]]})


class Intake:
    """Accepts bookings, and decides those that were accepted."""

    def __init__(self, session: Session, clock: Clock, announce: Announce, outbox: Outbox, booker: Booker) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.outbox = outbox
        self.booker = booker

    def accept(self, request: BookingRequest) -> dict[str, Any]:
        """Accept a booking, to be decided after the commit; return it as it is shown until then.

        Raises `NotFound` for an event that is not there or not to be seen; whatever else stands in the way is decided.
        """
        now, code, quantity = self.clock.now(), new_code(), len(request.lines)
        wanted = {
            "code": code,
            "event_id": request.event_id,
            "user_id": request.actor.user_id,
            "as_staff": request.actor.is_staff,
            "quantity": quantity,
            "now": now,
        }
        row = self.session.connection().execute(_ACCEPT, wanted).first()
        if row is None or request.actor.user_id is None:
            raise NotFound("There is no such event.")
        user_id, as_staff = request.actor.user_id, request.actor.is_staff
        wish = Wish(row.id, user_id, as_staff, request.attendee_id, request.hold, request.lines)
        self.outbox.put(decide_bookings, wish.kept(), stream=f"event:{request.event_id}")
        return {
            "id": row.id,
            "code": code,
            "event_id": request.event_id,
            "user_id": user_id,
            "attendee_id": None,
            "quantity": quantity,
            "total_amount": None,
            "currency": row.currency,
            "status": PROCESSING,
            "failure": None,
            "expires_at": None,
            "booking_date": now,
            "tickets": [],
            "extensions": {},
        }

    def decide(self, wishes: Sequence[Wish], *, again: bool = False, is_last: bool = False) -> None:
        """Decide accepted bookings of one event, given in order of arrival; those that were cancelled meanwhile are none.

        A subscriber that refuses one raises its error here, and nothing is decided; `again` is for one that is tried
        alone after that, and then fails with the subscriber's reason. If this `is_last` try meets what nobody foresaw,
        the booking fails, too: nobody waits for it for ever.
        """
        is_staff = self._lock_users({wish.user_id for wish in wishes})
        self._lock_attendees({wish.attendee_id for wish in wishes if wish.attendee_id is not None})
        rows = self._lock_bookings({wish.booking_id for wish in wishes})
        left = {wish.booking_id: wish for wish in wishes if wish.booking_id in rows}
        if not left:
            return
        requests = [
            BookingRequest(
                rows[wish.booking_id].event_id,
                # At most what the request might do, and what its user may still do now.
                Actor.of(wish.user_id, is_staff=wish.as_staff and is_staff[wish.user_id]),
                wish.lines,
                wish.attendee_id,
                wish.hold,
                Accepted(rows[wish.booking_id].code, rows[wish.booking_id].created_at),
            )
            for wish in left.values()
        ]
        outcomes = self._book_alone(requests, is_last=is_last) if again else self.booker.book(requests)
        refused = [
            Refused(booking_id, outcome.code, outcome.detail)
            for booking_id, outcome in zip(left, outcomes, strict=True)
            if isinstance(outcome, DomainError)
        ]
        if refused:
            fail(self.session, refused, self.clock.now())
        for one in refused:
            row = rows[one.booking_id]
            self.announce(BookingFailed(row.id, row.event_id, row.user_id, None, row.quantity, one.code))

    def _book_alone(self, requests: Sequence[BookingRequest], *, is_last: bool) -> Sequence[Any]:
        refusal: DomainError
        try:
            with self.session.begin_nested():
                return self.booker.book(requests)
        except DomainError as error:
            refusal = error
        except (TryAgain, SQLAlchemyError):
            raise
        except Exception:
            if not is_last:
                raise
            log.exception("booking cannot be decided", event_id=requests[0].event_id)
            refusal = NotDecided()
        return [refusal] * len(requests)

    def _lock_users(self, user_ids: set[int]) -> dict[int, bool]:
        """Keep users from being deleted until the commit; tell which are staff."""
        is_staff = or_(User.is_staff, User.is_superuser).label("is_staff")
        query = select(User.id, is_staff).where(User.id.in_(user_ids)).order_by(User.id)
        rows = self.session.connection().execute(query.with_for_update(read=True, key_share=True))
        return {row.id: row.is_staff for row in rows}

    def _lock_attendees(self, attendee_ids: set[int]) -> None:
        """Keep attendees from being deleted until the commit."""
        if attendee_ids:
            query = select(Attendee.id).where(Attendee.id.in_(attendee_ids)).order_by(Attendee.id)
            self.session.connection().execute(query.with_for_update(read=True, key_share=True))

    def _lock_bookings(self, booking_ids: set[int]) -> dict[int, AnyRow]:
        """Lock the bookings that are still processing, and return their rows."""
        query = (
            select(Booking.id, Booking.code, Booking.event_id, Booking.user_id, Booking.quantity, Booking.created_at)
            .where(Booking.id.in_(booking_ids), Booking.status == PROCESSING)
            .order_by(Booking.id)
            .with_for_update()
        )
        return {row.id: row for row in self.session.connection().execute(query)}


def decide_bookings(kept: list[dict[str, Any]], intake: Intake, job: CurrentJob) -> None:
    """Decide bookings of one event that were accepted, many in one transaction. What fails is tried again alone."""
    intake.decide([Wish.of(wish) for wish in kept], again=job.attempt > 1, is_last=job.is_last_attempt)
