"""The statement that books: claims, attendees, bookings and tickets, all or nothing.

It reaches over four features' tables on purpose: on PostgreSQL one data-modifying CTE is one round trip while the pool
is locked, where a statement for each would be five (docs/adr/0004-the-hot-path.md). SQLite has no such CTE, and no round
trips; its write lock is held from the start.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, insert, or_, text, true, update
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.models import FAILED, PROCESSING, VALID, Booking, Ticket
from turnout.pools.models import Pool


@dataclass(slots=True)
class Written:
    """The ids of a booking that was made, and of its tickets by their secrets."""

    booking_id: int
    attendee_id: int
    ticket_ids: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of bookings of one event, and the places that they claim: from its pool, and from ticket types' pools.

    The claim holds only while the event's pool has the `revision` under which all this was priced. Either all bookings are
    new, or all were accepted before (`are_accepted`): their rows are there already, locked and processing.
    """

    pool_id: int
    revision: int
    type_places: Counter[int]
    bookings: Sequence[dict[str, Any]]
    tickets: Sequence[dict[str, Any]]
    attendees: Sequence[dict[str, Any]]
    are_accepted: bool
    now: datetime

    @property
    def places(self) -> dict[int, int]:
        """How many places are claimed from each pool, the event's first."""
        return {self.pool_id: sum(booking["quantity"] for booking in self.bookings)} | dict(self.type_places)


@dataclass(frozen=True, slots=True)
class Refused:
    """An accepted booking that gets no places, and why."""

    booking_id: int
    code: str
    detail: str


Partial = list[tuple[int, int]]
"""Pools that were claimed, and how many places, when others could not be."""


def write(session: Session, batch: Batch) -> dict[str, Written] | Partial:
    """Claim the places and write the rows. Return what was made, by code, or what must be released again."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return _on_sqlite(session, batch) if on_sqlite else _on_postgresql(session, batch)


_ROWS = """
        ROWS FROM (jsonb_to_recordset(CAST(:bookings AS jsonb)) AS (code text, event_id bigint, user_id bigint,
            attendee_id bigint, attendee_slot integer, quantity integer, total_amount numeric, currency text, status text,
            before text, expires_at timestamptz)) WITH ORDINALITY AS new (code, event_id, user_id, attendee_id,
            attendee_slot, quantity, total_amount, currency, status, before, expires_at, place)
        LEFT JOIN new_attendees ON new_attendees.user_id = new.user_id
"""
_INSERT = """
        INSERT INTO bookings (code, event_id, user_id, attendee_id, attendee_slot, quantity, total_amount, currency,
            status, expires_at, created_at, updated_at, version)
        SELECT new.code, new.event_id, new.user_id, coalesce(new.attendee_id, new_attendees.id), new.attendee_slot,
            new.quantity, new.total_amount, new.currency, new.status, new.expires_at, :now, :now, 1
        FROM fits, {rows}
        WHERE fits.ok
        ORDER BY new.place
        RETURNING id, code, attendee_id
"""
# That it is processing is compared with what is sent, not with a literal: of that, old statistics say that there is none,
# and the plan for one row compares each of the batch with each.
_COMPLETE = """
        UPDATE bookings SET attendee_id = coalesce(new.attendee_id, new_attendees.id), attendee_slot = new.attendee_slot,
            total_amount = new.total_amount, status = new.status, expires_at = new.expires_at, updated_at = :now,
            version = version + 1
        FROM fits, {rows}
        WHERE fits.ok AND bookings.code = new.code AND bookings.status = new.before
        RETURNING bookings.id, bookings.code, bookings.attendee_id
"""
_BOOK = """
    WITH event_claim AS (
        UPDATE pools SET taken = taken + :places
        WHERE id = :pool_id AND revision = :revision AND (capacity IS NULL OR taken + :places <= capacity)
        RETURNING id
    ), type_claims AS (
        UPDATE pools SET taken = taken + wanted.places
        FROM unnest(CAST(:type_pools AS bigint[]), CAST(:type_places AS integer[])) AS wanted (pool_id, places)
        WHERE pools.id = wanted.pool_id AND (capacity IS NULL OR taken + wanted.places <= capacity)
            AND EXISTS (SELECT 1 FROM event_claim)
        RETURNING pools.id
    ), claimed AS (
        SELECT id FROM event_claim UNION ALL SELECT id FROM type_claims
    ), fits AS (
        SELECT count(*) = :pools AS ok FROM claimed
    ), new_attendees AS (
        INSERT INTO attendees (user_id, first_name, last_name, email, phone, created_at, updated_at, version)
        SELECT new.user_id, new.first_name, new.last_name, new.email, '', :now, :now, 1
        FROM fits, jsonb_to_recordset(CAST(:attendees AS jsonb))
            AS new (user_id bigint, first_name text, last_name text, email text)
        WHERE fits.ok
        RETURNING id, user_id
    ), new_bookings AS ({bookings}
    ), new_tickets AS (
        INSERT INTO tickets (booking_id, ticket_type_id, price, holder_name, holder_email, secret, status)
        SELECT new_bookings.id, new.ticket_type_id, new.price, new.holder_name, new.holder_email, new.secret, 'valid'
        FROM ROWS FROM (jsonb_to_recordset(CAST(:tickets AS jsonb)) AS (code text, ticket_type_id bigint,
            price numeric, holder_name text, holder_email text, secret text)) WITH ORDINALITY AS new (code,
            ticket_type_id, price, holder_name, holder_email, secret, place)
        JOIN new_bookings ON new_bookings.code = new.code
        ORDER BY new.place
        RETURNING id, booking_id, secret
    )
    SELECT new_bookings.id, new_bookings.code, new_bookings.attendee_id, new_tickets.id AS ticket_id, new_tickets.secret
    FROM new_bookings JOIN new_tickets ON new_tickets.booking_id = new_bookings.id
    UNION ALL
    SELECT claimed.id, NULL, NULL, NULL, NULL FROM claimed, fits WHERE NOT fits.ok
"""
_STATEMENTS = {
    are_accepted: text(_BOOK.format(bookings=statement.format(rows=_ROWS)))
    for are_accepted, statement in ((False, _INSERT), (True, _COMPLETE))
}
_FAIL = text("""
    UPDATE bookings SET status = 'failed', failure_code = refused.code, failure_detail = refused.detail, updated_at = :now,
        version = version + 1
    FROM jsonb_to_recordset(CAST(:refused AS jsonb)) AS refused (id bigint, code text, detail text)
    WHERE bookings.id = refused.id AND bookings.status = 'processing'
""")


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()


def _on_postgresql(session: Session, batch: Batch) -> dict[str, Written] | Partial:
    places = batch.places
    bookings = (
        [booking | {"before": PROCESSING} for booking in batch.bookings] if batch.are_accepted else batch.bookings
    )
    parameters = {
        "pool_id": batch.pool_id,
        "revision": batch.revision,
        "places": places[batch.pool_id],
        "type_pools": list(batch.type_places),
        "type_places": list(batch.type_places.values()),
        "pools": len(places),
        "attendees": _json(batch.attendees),
        "bookings": _json(bookings),
        "tickets": _json(batch.tickets),
        "now": batch.now,
    }
    written: dict[str, Written] = {}
    partial: Partial = []
    rows = session.connection().execute(_STATEMENTS[batch.are_accepted], parameters).all()
    for row_id, code, attendee_id, ticket_id, secret in rows:
        if code is None:
            partial.append((row_id, places[row_id]))
        else:
            made = written.get(code) or written.setdefault(code, Written(row_id, attendee_id))
            made.ticket_ids[secret] = ticket_id
    return written or partial


def _on_sqlite(session: Session, batch: Batch) -> dict[str, Written] | Partial:
    claimed: Partial = []
    for pool, places in batch.places.items():
        fits = or_(Pool.capacity.is_(None), Pool.taken + places <= Pool.capacity)
        same = Pool.revision == batch.revision if pool == batch.pool_id else true()
        claim = update(Pool).where(Pool.id == pool, same, fits).values(taken=Pool.taken + places)
        result: Any = session.execute(claim.execution_options(synchronize_session=False))
        if result.rowcount != 1:
            return claimed
        claimed.append((pool, places))
    stamps = {"created_at": batch.now, "updated_at": batch.now, "version": 1}
    own: dict[int, int] = {}
    for attendee in batch.attendees:
        new = insert(Attendee).values(**attendee, phone="", **stamps).returning(Attendee.id)
        own[attendee["user_id"]] = session.execute(new).scalar_one()
    written: dict[str, Written] = {}
    for booking in batch.bookings:
        attendee_id = booking["attendee_id"] or own[booking["user_id"]]
        row = booking | {"attendee_id": attendee_id}
        statement = _completing(row, batch.now) if batch.are_accepted else insert(Booking).values(row | stamps)
        booking_id = session.execute(statement.returning(Booking.id)).scalar_one()
        written[booking["code"]] = Written(booking_id, attendee_id)
    rows = [
        {name: value for name, value in ticket.items() if name != "code"}
        | {"booking_id": written[ticket["code"]].booking_id, "status": VALID}
        for ticket in batch.tickets
    ]
    added = session.execute(insert(Ticket).returning(Ticket.id, Ticket.secret, Ticket.booking_id), rows)
    made_by_id = {made.booking_id: made for made in written.values()}
    for ticket_id, secret, booking_id in added:
        made_by_id[booking_id].ticket_ids[secret] = ticket_id
    return written


def _completing(row: dict[str, Any], now: datetime) -> Any:
    known = {name: row[name] for name in ("attendee_id", "attendee_slot", "total_amount", "status", "expires_at")}
    return (
        update(Booking)
        .where(Booking.code == row["code"], Booking.status == PROCESSING)
        .values(known | {"updated_at": now, "version": Booking.version + 1})
        .execution_options(synchronize_session=False)
    )


def fail(session: Session, refused: Sequence[Refused], now: datetime) -> None:
    """Let accepted bookings, whose rows are locked, have failed."""
    connection = session.connection()
    rows = [{"id": one.booking_id, "code": one.code, "detail": one.detail} for one in refused]
    if connection.dialect.name == "postgresql":
        connection.execute(_FAIL, {"refused": _json(rows), "now": now})
    elif rows:
        failed = {"status": FAILED, "updated_at": now, "version": Booking.version + 1}
        why: dict[str, Any] = {"failure_code": bindparam("code_"), "failure_detail": bindparam("detail_")}
        statement = update(Booking).where(Booking.id == bindparam("id_"), Booking.status == PROCESSING)
        connection.execute(statement.values(failed | why), [{f"{key}_": row[key] for key in row} for row in rows])
