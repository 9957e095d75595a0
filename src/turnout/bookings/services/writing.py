"""The statement that books: claims, attendees, bookings and tickets, all or nothing.

It reaches over four features' tables on purpose: on PostgreSQL one data-modifying CTE is one round trip while the pool
is locked, where a statement for each would be five (docs/adr/0004-the-hot-path.md). SQLite has no such CTE, and no round
trips; its write lock is held from the start.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, or_, text, update
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


Partial = list[tuple[int, int]]
"""Pools that were claimed, and how many places, when others could not be."""


def write(
    session: Session,
    *,
    pool_id: int,
    revision: int,
    type_places: Counter[int],
    bookings: Sequence[dict[str, Any]],
    tickets: Sequence[dict[str, Any]],
    attendees: Sequence[dict[str, Any]],
) -> dict[str, Written] | Partial:
    """Claim the places and insert the rows. Return what was made, by code, or what must be released again."""
    places = sum(booking["quantity"] for booking in bookings)
    wanted = {pool_id: places} | dict(type_places)
    by_dialect = _on_sqlite if session.get_bind().dialect.name == "sqlite" else _on_postgresql
    return by_dialect(session, pool_id, revision, wanted, bookings, tickets, attendees)


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
        FROM fits, jsonb_to_recordset(CAST(:bookings AS jsonb)) AS new (code text, event_id bigint, user_id bigint,
            attendee_id bigint, attendee_slot integer, quantity integer, total_amount numeric, currency text,
            status text, expires_at timestamptz)
        LEFT JOIN new_attendees ON new_attendees.user_id = new.user_id
        WHERE fits.ok
        RETURNING id, code, attendee_id
    ), new_tickets AS (
        INSERT INTO tickets (booking_id, ticket_type_id, price, holder_name, holder_email, secret, status)
        SELECT new_bookings.id, new.ticket_type_id, new.price, new.holder_name, new.holder_email, new.secret, 'valid'
        FROM jsonb_to_recordset(CAST(:tickets AS jsonb)) AS new (code text, ticket_type_id bigint, price numeric,
            holder_name text, holder_email text, secret text)
        JOIN new_bookings ON new_bookings.code = new.code
        RETURNING id, booking_id, secret
    )
    SELECT new_bookings.id, new_bookings.code, new_bookings.attendee_id, new_tickets.id AS ticket_id, new_tickets.secret
    FROM new_bookings JOIN new_tickets ON new_tickets.booking_id = new_bookings.id
    UNION ALL
    SELECT claimed.id, NULL, NULL, NULL, NULL FROM claimed, fits WHERE NOT fits.ok
""")


def _as_json(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def _on_postgresql(
    session: Session,
    pool_id: int,
    revision: int,
    wanted: dict[int, int],
    bookings: Sequence[dict[str, Any]],
    tickets: Sequence[dict[str, Any]],
    attendees: Sequence[dict[str, Any]],
) -> dict[str, Written] | Partial:
    types = [(pool, places) for pool, places in wanted.items() if pool != pool_id]
    parameters = {
        "pool_id": pool_id,
        "revision": revision,
        "places": wanted[pool_id],
        "type_pools": [pool for pool, _ in types],
        "type_places": [places for _, places in types],
        "pools": len(wanted),
        "attendees": json.dumps(attendees),
        "bookings": json.dumps(bookings, default=_as_json),
        "tickets": json.dumps(tickets, default=_as_json),
        "now": bookings[0]["created_at"],
    }
    written: dict[str, Written] = {}
    partial: Partial = []
    rows = session.execute(_BOOK, parameters).all()
    for row_id, code, attendee_id, ticket_id, secret in rows:
        if code is None:
            partial.append((row_id, wanted[row_id]))
        else:
            made = written.get(code) or written.setdefault(code, Written(row_id, attendee_id))
            made.ticket_ids[secret] = ticket_id
    return written or partial


def _on_sqlite(
    session: Session,
    pool_id: int,
    revision: int,
    wanted: dict[int, int],
    bookings: Sequence[dict[str, Any]],
    tickets: Sequence[dict[str, Any]],
    attendees: Sequence[dict[str, Any]],
) -> dict[str, Written] | Partial:
    claimed: Partial = []
    for pool, places in wanted.items():
        fits = or_(Pool.capacity.is_(None), Pool.taken + places <= Pool.capacity)
        same = Pool.revision == revision if pool == pool_id else Pool.id == pool
        claim = update(Pool).where(Pool.id == pool, same, fits).values(taken=Pool.taken + places)
        result: Any = session.execute(claim.execution_options(synchronize_session=False))
        if result.rowcount != 1:
            return claimed
        claimed.append((pool, places))
    now = bookings[0]["created_at"]
    stamps = {"created_at": now, "updated_at": now, "version": 1}
    own: dict[int, int] = {}
    for attendee in attendees:
        new = insert(Attendee).values(**attendee, phone="", **stamps).returning(Attendee.id)
        own[attendee["user_id"]] = session.execute(new).scalar_one()
    written: dict[str, Written] = {}
    for booking in bookings:
        attendee_id = booking["attendee_id"] or own[booking["user_id"]]
        values = booking | stamps | {"attendee_id": attendee_id}
        booking_id = session.execute(insert(Booking).values(values).returning(Booking.id)).scalar_one()
        written[booking["code"]] = Written(booking_id, attendee_id)
    rows = [
        {name: value for name, value in ticket.items() if name != "code"}
        | {"booking_id": written[ticket["code"]].booking_id, "status": VALID}
        for ticket in tickets
    ]
    added = session.execute(insert(Ticket).returning(Ticket.id, Ticket.secret, Ticket.booking_id), rows)
    made_by_id = {made.booking_id: made for made in written.values()}
    for ticket_id, secret, booking_id in added:
        made_by_id[booking_id].ticket_ids[secret] = ticket_id
    return written
