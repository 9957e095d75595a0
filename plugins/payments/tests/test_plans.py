"""PostgreSQL's plans for the statements that the lists really send."""

import json

import pytest
from sqlalchemy import event as events
from sqlalchemy import text
from turnout.plugin import SYSTEM, Actor, Paging, system_request
from turnout.testing.applications import Application

from turnout_payments.services import PaymentCatalog

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
STATEMENTS = (
    """INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
        is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at, version)
       SELECT n, 'user' || n, 'user' || n || '@example.com', '', 'Ada', 'Example', '', '', '', '{}', true, false, false,
        false, true, now(), now(), 1 FROM generate_series(1, 2000) n""",
    "INSERT INTO pools (id, capacity, taken, revision) SELECT n, 100, 0, 1 FROM generate_series(1, 2000) n",
    # Each fifth event is one organizer's; 400 others have 4 or 5 each.
    """INSERT INTO events (id, pool_id, organizer_id, title, description, location, place, starts_at, ends_at, timezone,
        status, currency, price, max_tickets_per_booking, created_at, updated_at, version)
       SELECT n, n, CASE WHEN n % 5 = 0 THEN 500 ELSE 1 + n % 400 END, 'Title ' || n, '', '', '', now(), now(), 'UTC', 'published', 'EUR', 0, 10, now(), now(), 1
       FROM generate_series(1, 2000) n""",
    # 20 payments of each event, and as many by each user; one in a thousand has a problem.
    """INSERT INTO payments_payments (id, event_id, user_id, booking_code, provider, key, token, ref, home, return_url,
        status, detail, problem, currency, amount, captured, refunding, refunded, disputed, expires_at, created_at,
        updated_at, version)
       SELECT n, 1 + n % 2000, 1 + (n * 7) % 2000, 'C' || n, 'bank', 'k' || n, 't' || n, 'r' || n, '', '', 'paid', '',
        CASE WHEN n % 1000 = 0 THEN 'differs' END, 'EUR', 100, 100, 0, 0, 0, now(), now(), now(), 1
       FROM generate_series(1, 40000) n""",
    """INSERT INTO payments_ledger (payment_id, event_id, organizer_id, provider, kind, amount, currency, created_at)
       SELECT p.id, p.event_id, e.organizer_id, 'bank', 'charge', 100, 'EUR', now()
       FROM payments_payments p JOIN events e ON e.id = p.event_id ORDER BY p.id""",
)


@pytest.fixture(scope="module")
def crowded(workshop, tmp_path_factory):
    """An application whose database has 40,000 payments."""
    url = workshop.fresh("postgresql", plugins="payments")
    application = Application(url, tmp_path_factory.mktemp("crowded"), None, **{"turnout.plugins": "payments"})
    with application.engine.begin() as connection:
        for statement in STATEMENTS:
            connection.execute(text(statement))
    with application.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    yield application
    application.close()
    workshop.databases("postgresql").drop(url)


@pytest.fixture
def plans(crowded):
    """Return what runs something with the catalog, and does again, explained, each statement that this sent."""

    def plans(action):
        sent = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            if not statement.startswith("EXPLAIN"):
                sent.append((statement, parameters))

        with system_request(crowded.router) as request:
            events.listen(crowded.engine, "before_cursor_execute", note)
            try:
                action(request.find_service(PaymentCatalog))
            finally:
                events.remove(crowded.engine, "before_cursor_execute", note)
            cursor = request.db.connection().connection.cursor()
            found = []
            for statement, parameters in sent:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
                found.append(cursor.fetchone()[0][0]["Plan"])
        return found

    return plans


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def read(plan, relation):
    """Return how many rows of a table were read, whether they were wanted or not."""
    of_it = [node for node in nodes(plan) if node.get("Relation Name") == relation]
    return sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in of_it)


def indexes(plan):
    return {node.get("Index Name") for node in nodes(plan)}


BUYER, ORGANIZER = Actor.of(1007), Actor.of(7, is_organizer=True)
OF_MANY, OF_NONE = Actor.of(500, is_organizer=True), Actor.of(2000, is_organizer=True)
FIRST, DEEP = Paging(), Paging(page=2)


@pytest.mark.parametrize("paging", [FIRST, DEEP], ids=["first", "second"])
@pytest.mark.parametrize("actor", [BUYER, ORGANIZER], ids=["buyer", "organizer"])
def test_payments_bought_and_sold_are_found_by_an_index_each(plans, paging, actor):
    count, page, *_ = plans(lambda catalog: catalog.find({}, paging, actor=actor))
    for plan in (count, page):
        assert {"ix_payments_payments_user_id", "ix_payments_payments_event_id_id"} <= indexes(plan)
        assert not [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"], json.dumps(plan, indent=1)
    assert read(count, "payments_payments") <= 1000, json.dumps(count, indent=1)


@pytest.mark.parametrize("paging", [FIRST, DEEP], ids=["first", "second"])
def test_payments_of_own_events(plans, paging):
    for plan in plans(lambda catalog: catalog.find({}, paging, actor=ORGANIZER, as_organizer=True)):
        assert read(plan, "payments_payments") <= 1000, json.dumps(plan, indent=1)


@pytest.mark.parametrize(
    ("actor", "filters"),
    [
        (SYSTEM, {}),
        (SYSTEM, {"event": 5}),
        (SYSTEM, {"code": "C77"}),
        (SYSTEM, {"problem": "any"}),
        (BUYER, {"event": 5}),
        (BUYER, {"problem": "any"}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value.user_id),
)
def test_payments(plans, actor, filters):
    for plan in plans(lambda catalog: catalog.find(filters, FIRST, actor=actor))[1:]:  # all but the count
        assert read(plan, "payments_payments") <= 1000, json.dumps(plan, indent=1)


def test_a_payment(plans):
    for plan in plans(lambda catalog: catalog.get(8, actor=SYSTEM)):
        assert read(plan, "payments_payments") <= 10, json.dumps(plan, indent=1)


@pytest.mark.parametrize(
    ("actor", "filters"),
    [
        (SYSTEM, {}),
        (SYSTEM, {"event": 5}),
        (SYSTEM, {"payment": 5}),
        (ORGANIZER, {}),
        (ORGANIZER, {"event": 6}),
        (OF_MANY, {}),
        (OF_MANY, {"event": 5}),
        (OF_NONE, {}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value.user_id),
)
def test_the_ledger(plans, actor, filters):
    for plan in plans(lambda catalog: catalog.entries(filters, FIRST, actor=actor))[1:]:  # all but the count
        assert read(plan, "payments_ledger") <= 1000, json.dumps(plan, indent=1)


LAST = Paging(page=80)
"""The last page but a few of an organizer who has 100 lines, and far into the list of one who has 8,000."""


@pytest.mark.parametrize("paging", [FIRST, LAST, Paging(cursor="")], ids=["first", "deep", "walk"])
@pytest.mark.parametrize(("actor", "own"), [(ORGANIZER, 100), (OF_MANY, 8000), (OF_NONE, 0)], ids=["few", "many", "no"])
def test_of_the_ledger_an_organizer_reads_no_more_than_is_theirs(plans, actor, own, paging):
    last = paging.page * paging.size + 1

    def walk(catalog):
        found = catalog.entries({}, paging, actor=actor)
        if found.next_cursor is not None:
            catalog.entries({}, Paging(cursor=found.next_cursor), actor=actor)

    found = plans(walk)
    for plan in found[::2]:  # counts, which go no further
        assert read(plan, "payments_ledger") <= min(own, 1001), json.dumps(plan, indent=1)
    for plan in found[1::2]:  # a page's lines are read twice: to find them, and to show them
        assert read(plan, "payments_ledger") <= min(own, last) + min(own, paging.size + 1), json.dumps(plan, indent=1)
