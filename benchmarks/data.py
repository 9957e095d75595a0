"""The data that is measured over: made inside PostgreSQL, in seconds, with counters that equal their rows."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

STEP = Callable[[str], None]

CITIES = "ARRAY['Lisbon','Porto','Madrid','Lyon','Ghent','Turin','Vienna','Krakow','Oslo','Bergen','Leeds','Cork']"
COUNTRIES = "ARRAY['PT','PT','ES','FR','BE','IT','AT','PL','NO','NO','GB','IE']"
ADJECTIVES = "ARRAY['Quiet','Grand','Midnight','Open','Northern','Electric','Little','Winter','Golden','Hidden','Wild']"
NOUNS = (
    "ARRAY['Concert','Marathon','Workshop','Festival','Reading','Exhibition','Quartet','Market','Debate','Regatta',"
    "'Conference','Picnic','Parade']"
)
DESCRIPTION = (
    "'An evening that starts on time. Doors open an hour before; bring a coat, the hall is old and the windows are tall. '"
    " || 'There is food at the bar, and children under twelve come in for nothing with a grown-up. Number ' || n"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of what."""

    users: int
    venues: int
    events: int
    bookings: int


FULL = Size(users=60_000, venues=1_000, events=100_000, bookings=1_000_000)
QUICK = Size(users=20_000, venues=200, events=5_000, bookings=50_000)

# Names in percent signs are psycopg's parameters: sizes of the data set.
STEPS: tuple[tuple[str, str], ...] = (
    (
        "users",
        """
        INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
                           is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at,
                           version)
        SELECT n, 'user' || n, 'user' || n || '@example.com', '!', 'Robin', 'Example ' || n, '', '', '', '{}',
               n <= 200, false, n = 1, n = 1, true, now(), now(), 1
        FROM generate_series(1, %(users)s) AS n
        """,
    ),
    (
        "sign-ins",
        """
        INSERT INTO sign_in_sessions (id, user_id, generation, created_at, expires_at)
        SELECT n, n, 1, now(), now() + interval '7 days' FROM generate_series(1, %(users)s) AS n
        """,
    ),
    (
        "attendees",
        """
        INSERT INTO attendees (id, user_id, first_name, last_name, email, phone, created_at, updated_at, version)
        SELECT n, n, 'Robin', 'Example ' || n, 'user' || n || '@example.com', '', now(), now(), 1
        FROM generate_series(1, %(users)s) AS n
        """,
    ),
    (
        "venues",
        f"""
        INSERT INTO venues (id, name, address, city, country, capacity, facilities, timezone, created_by_id,
                            created_at, updated_at, version)
        SELECT n, ({ADJECTIVES})[1 + n %% 11] || ' Hall ' || n, n || ' Long Street', ({CITIES})[1 + n %% 12],
               ({COUNTRIES})[1 + n %% 12], 100000, '["wheelchair access"]', 'Europe/Lisbon', 1, now(), now(), 1
        FROM generate_series(1, %(venues)s) AS n
        """,
    ),
    (
        "categories",
        """
        INSERT INTO categories (id, name, slug, description, created_at, updated_at, version)
        SELECT n, 'Category ' || n, 'category-' || n, '', now(), now(), 1 FROM generate_series(1, 12) AS n
        """,
    ),
    (
        "tags",
        """
        INSERT INTO tags (id, name, slug, description, created_at, updated_at, version)
        SELECT n, 'Tag ' || n, 'tag-' || n, '', now(), now(), 1 FROM generate_series(1, 40) AS n
        """,
    ),
    (
        "pools",
        "INSERT INTO pools (id, capacity, taken, revision) SELECT n, 200, 0, 1 FROM generate_series(1, %(events)s) AS n",
    ),
    (
        "events",
        f"""
        INSERT INTO events (id, pool_id, organizer_id, venue_id, category_id, title, description, location, place,
                            country, starts_at, ends_at, timezone, status, currency, price, max_tickets_per_booking,
                            bookings_per_attendee, created_at, updated_at, version)
        SELECT n, n, 1 + n %% 200, v.id, 1 + n %% 12,
               ({ADJECTIVES})[1 + n %% 11] || ' ' || ({NOUNS})[1 + n / 11 %% 13] || ' ' || n, {DESCRIPTION}, '',
               v.name || ', ' || v.address || ', ' || v.city, v.country, d.starts_at, d.starts_at + interval '3 hours',
               'Europe/Lisbon', CASE WHEN n %% 50 = 0 THEN 'draft' WHEN n %% 50 = 1 THEN 'cancelled' ELSE 'published' END,
               'EUR', n %% 7 * 12.5, 10, 1, now(), now(), 1
        FROM generate_series(1, %(events)s) AS n
        JOIN venues AS v ON v.id = 1 + n %% %(venues)s
        CROSS JOIN LATERAL (
            SELECT date_trunc('minute', now()) + (n::bigint * 7919 %% 525600 - 43200) * interval '1 minute' AS starts_at
        ) AS d
        """,
    ),
    (
        "ticket types",
        """
        INSERT INTO ticket_types (id, event_id, name, description, price, min_per_booking, created_at, updated_at,
                                  version)
        SELECT n, n, 'General admission', '', n %% 7 * 12.5, 1, now(), now(), 1
        FROM generate_series(1, %(events)s) AS n
        """,
    ),
    (
        "tags of events",
        """
        INSERT INTO event_tags (event_id, tag_id)
        SELECT n, 1 + (n + 13 * k) %% 40 FROM generate_series(1, %(events)s) AS n, generate_series(0, 1) AS k
        """,
    ),
    (
        "bookings",
        """
        INSERT INTO bookings (id, code, event_id, user_id, attendee_id, attendee_slot, quantity, total_amount, currency,
                              status, created_at, updated_at, version)
        SELECT n, upper(substr(md5('booking' || n), 1, 12)), e, u, u, 1, q, q * (e %% 7 * 12.5), 'EUR',
               CASE WHEN n %% 20 = 0 THEN 'cancelled' ELSE 'confirmed' END, now(), now(), 1
        FROM generate_series(1, %(bookings)s) AS n
        CROSS JOIN LATERAL (
            SELECT 1 + n %% %(events)s AS e, 1 + (n::bigint * 31 + n / %(events)s) %% %(users)s AS u, 1 + (n %% 5) / 4 AS q
        ) AS booked
        """,
    ),
    (
        "tickets",
        """
        INSERT INTO tickets (id, booking_id, ticket_type_id, price, holder_name, holder_email, secret, status)
        SELECT row_number() OVER (), b.id, b.event_id, b.total_amount / b.quantity, '', '',
               md5('ticket' || b.id || '-' || k), CASE WHEN b.status = 'cancelled' THEN 'cancelled' ELSE 'valid' END
        FROM bookings AS b CROSS JOIN LATERAL generate_series(1, b.quantity) AS k
        """,
    ),
    (
        "counters",
        """
        UPDATE pools SET taken = held.places
        FROM (SELECT event_id, sum(quantity) AS places FROM bookings WHERE status = 'confirmed' GROUP BY event_id) AS held
        WHERE pools.id = held.event_id
        """,
    ),
)
NUMBERED = (
    *("users", "sign_in_sessions", "attendees", "venues", "categories", "tags"),
    *("pools", "events", "ticket_types", "bookings", "tickets"),
)

OPEN_SALES = f"""
    WITH pool AS (
        INSERT INTO pools (capacity, taken, revision)
        SELECT %(capacity)s, 0, 1 FROM generate_series(1, %(count)s) RETURNING id
    ), event AS (
        INSERT INTO events (pool_id, organizer_id, venue_id, category_id, title, description, location, place, country,
                            starts_at, ends_at, timezone, status, currency, price, max_tickets_per_booking,
                            bookings_per_attendee, created_at, updated_at, version)
        SELECT n, 1, 1, 1, 'On sale ' || n, {DESCRIPTION}, '', 'Grand Hall, Lisbon', 'PT', now() + interval '60 days',
               now() + interval '61 days', 'Europe/Lisbon', 'published', 'EUR', 0, 10, 1, now(), now(), 1
        FROM (SELECT id AS n FROM pool) AS numbers
        RETURNING id
    ), ticket_type AS (
        INSERT INTO ticket_types (event_id, name, description, price, min_per_booking, created_at, updated_at, version)
        SELECT id, 'General admission', '', 0, 1, now(), now(), 1 FROM event
    )
    SELECT id FROM event ORDER BY id
"""
TALLY = """
    SELECT coalesce(sum(p.taken), 0), coalesce(sum(held.places), 0), coalesce(sum(tickets.valid), 0),
           coalesce(sum(greatest(coalesce(held.places, 0) - p.capacity, 0)), 0), coalesce(sum(abs(p.taken - coalesce(held.places, 0))), 0)
    FROM events AS e
    JOIN pools AS p ON p.id = e.pool_id
    LEFT JOIN LATERAL (
        SELECT sum(quantity) AS places FROM bookings WHERE event_id = e.id AND status IN ('pending', 'confirmed')
    ) AS held ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS valid FROM bookings AS b JOIN tickets AS t ON t.booking_id = b.id
        WHERE b.event_id = e.id AND t.status = 'valid'
    ) AS tickets ON true
    WHERE e.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """Places of some events: what the counters say, what the bookings and tickets say, and how far they are apart."""

    taken: int
    booked: int
    tickets: int
    oversold: int
    apart: int


def fill(connection: psycopg.Connection, size: Size, step: STEP) -> None:
    """Fill an empty, migrated database. `step` is told what has been made."""
    parameters = {"users": size.users, "venues": size.venues, "events": size.events, "bookings": size.bookings}
    connection.execute("SET statement_timeout = 0")
    if connection.execute("SELECT current_setting('is_superuser') = 'on'").fetchone() == (True,):
        # The rows are consistent as they are made; asking for each of them whether its user exists takes minutes.
        connection.execute("SET session_replication_role = replica")
    for name, statement in STEPS:
        connection.execute(statement, parameters)
        step(name)
    for table in NUMBERED:
        connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    connection.execute("RESET session_replication_role")
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")
    connection.autocommit = False
    step("statistics")


def open_sales(connection: psycopg.Connection, count: int, capacity: int) -> list[int]:
    """Make `count` free events with `capacity` places each, on sale now; return their ids."""
    rows = connection.execute(OPEN_SALES, {"count": count, "capacity": capacity}).fetchall()
    connection.commit()
    return [row[0] for row in rows]


BACKLOG = """
    WITH accepted AS (
        INSERT INTO bookings (code, event_id, user_id, quantity, currency, status, created_at, updated_at, version)
        SELECT upper(substr(md5('backlog' || %(event)s || '-' || n), 1, 12)), %(event)s, n, 1, 'EUR', 'processing', now(),
               now(), 1
        FROM generate_series(1, %(count)s) AS n
        RETURNING id, user_id
    )
    INSERT INTO jobs (queue, handler, stream, payload, status, due_at, attempts, error, created_at)
    SELECT 'bookings', %(handler)s, 'event:' || %(event)s,
           '{"booking_id":' || id || ',"user_id":' || user_id
               || ',"as_staff":false,"attendee_id":null,"hold":false,"lines":[[null,"",""]]}',
           'waiting', now(), 0, '', now()
    FROM accepted ORDER BY id
"""


def accept(connection: psycopg.Connection, event: int, count: int) -> None:
    """Let the first `count` users have asked for a place at `event` each, as ``Prefer: respond-async`` keeps it."""
    from turnout.bookings.services.intake import decide_bookings
    from turnout.outbox.handlers import name_of

    connection.execute(BACKLOG, {"event": event, "count": count, "handler": name_of(decide_bookings)})
    connection.commit()


def undecided(connection: psycopg.Connection, event: int) -> int:
    """Count the bookings of `event` that wait to be decided."""
    row = connection.execute(
        "SELECT count(*) FROM bookings WHERE event_id = %s AND status = 'processing'", (event,)
    ).fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])


def is_decided(connection: psycopg.Connection, event: int, *, newest: bool) -> bool:
    """Tell whether the newest, or the oldest, booking of `event` is decided: one row read, so that asking disturbs nothing."""
    order = "DESC" if newest else "ASC"
    row = connection.execute(
        f"SELECT status <> 'processing' FROM bookings WHERE event_id = %s ORDER BY id {order} LIMIT 1", (event,)
    ).fetchone()
    connection.rollback()
    return row is None or bool(row[0])


def tally(connection: psycopg.Connection, events: list[int]) -> Tally:
    """Count what was sold of `events`."""
    row = connection.execute(TALLY, (events,)).fetchone()
    connection.rollback()
    assert row is not None
    return Tally(*map(int, row))
