"""What it costs: as many statements for a long line as for a short one, and on PostgreSQL an index for each of them."""

import json
from contextlib import suppress

import pytest
from sqlalchemy import event as events
from sqlalchemy import text
from turnout.paging import Paging
from turnout.security.actors import SYSTEM, Actor
from turnout.system import system_request
from turnout.testing.applications import Application

from turnout_waitlist.services import (
    MOST_LOOKED_AT,
    OfferService,
    WaitlistCatalog,
    WaitlistRegister,
    WaitlistService,
)
from turnout_waitlist.services import lists as lists_module

STATEMENTS = (
    """INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
        is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at, version)
       SELECT n, 'user' || n, 'user' || n || '@example.com', '', 'Ada', 'Example', '', '', '', '{}', true, false, false,
        false, true, now(), now(), 1 FROM generate_series(1, 2000) n""",
    "INSERT INTO pools (id, capacity, taken, revision) SELECT n, 100, 100, 1 FROM generate_series(1, 20000) n",
    """INSERT INTO events (id, pool_id, organizer_id, title, description, location, place, starts_at, ends_at, timezone,
        status, currency, price, max_tickets_per_booking, bookings_per_attendee, created_at, updated_at, version)
       SELECT n, n, 1 + n % 400, 'Title ' || n, '', '', '', '2028-01-01Z', '2028-01-02Z', 'UTC', 'published', 'EUR', 0, 10, 1,
        now(), now(), 1
       FROM generate_series(1, 20000) n""",
    """INSERT INTO ticket_types (id, event_id, name, description, price, min_per_booking, created_at, updated_at, version)
       SELECT n, n, 'General admission', '', 0, 1, now(), now(), 1 FROM generate_series(1, 20000) n""",
    # Forty entries of each event, half of them over; a thousand wait for the first.
    """INSERT INTO waitlist_entries (event_id, user_id, ticket_type_id, quantity, priority, status, held, passed_over,
        decided_at, created_at, version)
       SELECT event, 1 + (event * 7 + guest) % 2000, event, 2, guest % 3, CASE WHEN guest % 2 = 0 THEN 'waiting' ELSE 'cancelled' END, 0, 0,
        CASE WHEN guest % 2 = 0 THEN NULL ELSE now() END, now(), 1
       FROM generate_series(2, 2000) event, generate_series(1, 40) guest""",
    """INSERT INTO waitlist_entries (event_id, user_id, ticket_type_id, quantity, priority, status, held, passed_over,
        created_at, version)
       SELECT 1, guest, 1, 2, guest % 3, 'waiting', 0, 0, now(), 1 FROM generate_series(1, 1000) guest""",
    """INSERT INTO waitlist_events (event_id, is_open, waiting, offered, look_at)
       SELECT n, true, 20, 0, '2027-02-20Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 20000) n""",
)
LARGE = {"waitlist_entries", "waitlist_events", "events"}


@pytest.fixture(scope="module")
def crowded(workshop, tmp_path_factory):
    """An application whose database has 20,000 events with waiting lists, and 81,000 entries of some."""
    url = workshop.fresh("postgresql", plugins="waitlist")
    application = Application(url, tmp_path_factory.mktemp("crowded"), None, **{"turnout.plugins": "waitlist"})
    with application.engine.begin() as connection:
        for statement in STATEMENTS:
            connection.execute(text(statement))
    with application.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    yield application
    application.close()
    workshop.databases("postgresql").drop(url)


class UndoneError(Exception):
    """Nothing of it is to stay."""


@pytest.fixture
def plans(crowded):
    """Return what runs something with a request, and plans again each statement that this sent; nothing of it stays."""

    def plans(action):
        sent = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            if not statement.startswith(("EXPLAIN", "SAVEPOINT", "RELEASE")):
                sent.append((statement, parameters))

        found = []

        with suppress(UndoneError), system_request(crowded.router) as request:
            events.listen(crowded.engine, "before_cursor_execute", note)
            try:
                action(request)
            finally:
                events.remove(crowded.engine, "before_cursor_execute", note)
            cursor = request.db.connection().connection.cursor()
            for statement, parameters in sent:
                cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
                found.append((statement, cursor.fetchone()[0][0]["Plan"]))
            raise UndoneError
        return found

    return plans


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def require_no_scan(found):
    assert found
    for statement, plan in found:
        scanned = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE]
        assert scanned == [], statement + json.dumps(plan, indent=1)


@pytest.mark.postgresql
@pytest.mark.slow
@pytest.mark.parametrize(
    "action",
    [
        pytest.param(lambda request: request.find_service(OfferService).places_came_free(7), id="offering"),
        pytest.param(lambda request: request.find_service(OfferService).places_came_free(1), id="offering to many"),
        pytest.param(lambda request: request.find_service(OfferService).look_after(7), id="looking after"),
        pytest.param(
            lambda request: request.find_service(WaitlistRegister).of_events(range(1, 21)), id="showing events"
        ),
        pytest.param(lambda request: request.find_service(WaitlistRegister).take_due(), id="what is due"),
        pytest.param(
            lambda request: request.find_service(WaitlistService).join(
                7, {"quantity": 1, "ticket_type_id": None}, actor=Actor.of(500)
            ),
            id="joining",
        ),
        pytest.param(lambda request: request.find_service(WaitlistService).leave(7, actor=Actor.of(52)), id="leaving"),
        pytest.param(
            lambda request: request.find_service(WaitlistCatalog).mine(1, actor=Actor.of(900)), id="one's own"
        ),
        pytest.param(
            lambda request: request.find_service(WaitlistCatalog).find(7, {}, Paging(), actor=SYSTEM), id="list"
        ),
        pytest.param(
            lambda request: request.find_service(WaitlistCatalog).find(
                1, {"status": "waiting"}, Paging(5), actor=SYSTEM
            ),
            id="list of those who wait",
        ),
        pytest.param(
            lambda request: request.find_service(WaitlistCatalog).everywhere({}, Paging(), actor=SYSTEM), id="all"
        ),
        pytest.param(
            lambda request: request.find_service(WaitlistCatalog).everywhere({"event": 7}, Paging(), actor=SYSTEM),
            id="all of an event",
        ),
        pytest.param(
            lambda request: request.find_service(WaitlistCatalog).statistics(7, actor=SYSTEM), id="statistics"
        ),
        pytest.param(
            lambda request: request.find_service(WaitlistService).release_of_users([3, 4], "left"), id="deleting users"
        ),
    ],
)
def test_there_is_an_index_for_it(plans, crowded, action):
    require_no_scan(plans(action))


def test_a_longer_line_needs_no_more_statements(full, join, cancel, statements, book, event, api, make, own):
    def sent(action):
        with statements() as seen:
            action()
        return len(seen)

    def measured():
        newcomer, single = api.as_(make.user()), join()
        return [
            sent(lambda: newcomer.post(f"/events/{event.id}/waitlist", {"quantity": 3}, status=201)),
            sent(lambda: single.get(f"/events/{event.id}/waitlist/mine")),
            sent(lambda: own.get(f"/events/{event.id}/waitlist")),
            sent(lambda: single.delete(f"/events/{event.id}/waitlist/mine")),
        ]

    measured()  # what the first request remembers, it pays for alone
    few = measured()
    for _ in range(10):
        join(3)
    assert measured() == few


def test_more_offers_at_once_need_no_more_statements(make, organizer, api, book, own, statements):
    def sent(number):
        event = make.event(organizer=organizer, capacity=1)
        book(at=event)
        for _ in range(number):
            api.as_(make.user()).post(f"/events/{event.id}/waitlist", {}, status=201)
        with statements() as seen:
            own.patch(f"/events/{event.id}", {"capacity": 1 + number})
        assert own.get(f"/events/{event.id}").json["extensions"]["waitlist"]["offered"] == number
        return len(seen)

    sent(1)
    assert sent(1) == sent(12)


def test_where_nobody_waits_a_cancellation_costs_one_statement_more(make, book, staff, statements, event):
    def sent(booking):
        with statements() as seen:
            staff.post(f"/bookings/{booking}/cancel")
        return [statement for statement in seen if "waitlist" in statement]

    assert len(sent(book())) == 1


def test_many_lists_that_are_due_are_found_in_parts(
    full, join, outbox, clock, monkeypatch, make, book, event, statuses
):
    assert MOST_LOOKED_AT > 1
    monkeypatch.setattr(lists_module, "MOST_LOOKED_AT", 1)
    monkeypatch.setattr("turnout_waitlist.tasks.MOST_LOOKED_AT", 1)
    other = make.event(capacity=1, starts_at=event.starts_at, ends_at=event.ends_at)
    book(at=other)
    ada, bob = join(), join(at=other)
    clock.set(event.starts_at)
    outbox.run()
    assert statuses(ada) == statuses(bob, at=other) == ["expired"]
