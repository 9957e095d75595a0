"""The statement that books: claims, attendees, bookings and tickets, all or nothing.

It reaches over four features' tables on purpose: on PostgreSQL one data-modifying CTE is one round trip while the pool
is locked, where a statement for each would be five (docs/adr/0004-the-hot-path.md). SQLite has no such CTE, and no round
trips; its write lock is held from the start.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import insert, or_, text, true, update
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.models import VALID, Booking, Ticket
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

    The claim holds only while the event's pool has the `revision` under which all this was priced.
    """

    pool_id: int
    revision: int
    type_places: Counter[int]
    bookings: Sequence[dict[str, Any]]
    tickets: Sequence[dict[str, Any]]
    attendees: Sequence[dict[str, Any]]

    @property
    def places(self) -> dict[int, int]:
        """How many places are claimed from each pool, the event's first."""
        return {self.pool_id: sum(booking["quantity"] for booking in self.bookings)} | dict(self.type_places)


Partial = list[tuple[int, int]]
"""Pools that were claimed, and how many places, when others could not be."""


def write(session: Session, batch: Batch) -> dict[str, Written] | Partial:
    """Claim the places and insert the rows. Return what was made, by code, or what must be released again."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return _on_sqlite(session, batch) if on_sqlite else _on_postgresql(session, batch)


_BOOK = text("""
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
    ), new_bookings AS (
        INSERT INTO bookings (code, event_id, user_id, attendee_id, attendee_slot, quantity, total_amount, currency,
            status, expires_at, created_at, updated_at, version)
        SELECT new.code, new.event_id, new.user_id, coalesce(new.attendee_id, new_attendees.id), new.attendee_slot,
            new.quantity, new.total_amount, new.currency, new.status, new.expires_at, :now, :now, 1
        FROM fits, ROWS FROM (jsonb_to_recordset(CAST(:bookings AS jsonb)) AS (code text, event_id bigint,
            user_id bigint, attendee_id bigint, attendee_slot integer, quantity integer, total_amount numeric,
            currency text, status text, expires_at timestamptz)) WITH ORDINALITY AS new (code, event_id, user_id,
            attendee_id, attendee_slot, quantity, total_amount, currency, status, expires_at, place)
        LEFT JOIN new_attendees ON new_attendees.user_id = new.user_id
        WHERE fits.ok
        ORDER BY new.place
        RETURNING id, code, attendee_id
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
""")


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()


def _on_postgresql(session: Session, batch: Batch) -> dict[str, Written] | Partial:
    places = batch.places
    parameters = {
        "pool_id": batch.pool_id,
        "revision": batch.revision,
        "places": places[batch.pool_id],
        "type_pools": list(batch.type_places),
        "type_places": list(batch.type_places.values()),
        "pools": len(places),
        "attendees": _json(batch.attendees),
        "bookings": _json(batch.bookings),
        "tickets": _json(batch.tickets),
        "now": batch.bookings[0]["created_at"],
    }
    written: dict[str, Written] = {}
    partial: Partial = []
    rows = session.connection().execute(_BOOK, parameters).all()
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
    now = batch.bookings[0]["created_at"]
    stamps = {"created_at": now, "updated_at": now, "version": 1}
    own: dict[int, int] = {}
    for attendee in batch.attendees:
        new = insert(Attendee).values(**attendee, phone="", **stamps).returning(Attendee.id)
        own[attendee["user_id"]] = session.execute(new).scalar_one()
    written: dict[str, Written] = {}
    for booking in batch.bookings:
        attendee_id = booking["attendee_id"] or own[booking["user_id"]]
        values = booking | stamps | {"attendee_id": attendee_id}
        booking_id = session.execute(insert(Booking).values(values).returning(Booking.id)).scalar_one()
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
