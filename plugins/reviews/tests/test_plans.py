"""PostgreSQL's plans for the statements that the lists really send."""

import json

import pytest
from sqlalchemy import event as events
from sqlalchemy import text
from turnout.events.services import EventCatalog
from turnout.paging import Paging
from turnout.security.actors import SYSTEM
from turnout.system import system_request
from turnout.testing.applications import Application

from turnout_reviews.services import ReviewCatalog

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
STATEMENTS = (
    """INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
        is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at, version)
       SELECT n, 'user' || n, 'user' || n || '@example.com', '', 'Ada', 'Example', '', '', '', '{}', true, false, false,
        false, true, now(), now(), 1 FROM generate_series(1, 400) n""",
    "INSERT INTO pools (id, capacity, taken, revision) SELECT n, 100, 0, 1 FROM generate_series(1, 20000) n",
    """INSERT INTO events (id, pool_id, organizer_id, title, description, location, place, starts_at, ends_at, timezone,
        status, currency, price, max_tickets_per_booking, created_at, updated_at, version)
       SELECT n, n, 1 + n % 400, 'Title ' || n, '', '', '', now(), now(), 'UTC',
        CASE WHEN n % 10 = 0 THEN 'draft' ELSE 'published' END, 'EUR', 0, 10, now(), now(), 1
       FROM generate_series(1, 20000) n""",
    """INSERT INTO attendees (id, user_id, first_name, last_name, email, phone, created_at, updated_at, version)
       SELECT n, n, 'Ada', 'Example', 'user' || n || '@example.com', '', now(), now(), 1 FROM generate_series(1, 400) n""",
    # 400 reviews each of 100 events.
    """INSERT INTO reviews_reviews (event_id, attendee_id, rating, comment, status, created_at, updated_at, version)
       SELECT event, attendee, 1 + (event + attendee) % 5, '', CASE WHEN attendee = event THEN 'reported' ELSE 'published' END,
        now() - attendee * interval '1 minute', now(), 1
       FROM generate_series(1, 100) event, generate_series(1, 400) attendee""",
    """INSERT INTO reviews_ratings (event_id, rating_count, rating_total)
       SELECT n, CASE WHEN n % 3 = 0 THEN 0 ELSE 10 END, CASE WHEN n % 3 = 0 THEN 0 ELSE 10 + n % 41 END
       FROM generate_series(1, 20000) n""",
)


@pytest.fixture(scope="module")
def crowded(workshop, tmp_path_factory):
    """An application whose database has 20,000 events, and 40,000 reviews of some of them."""
    url = workshop.fresh("postgresql", plugins="reviews")
    application = Application(url, tmp_path_factory.mktemp("crowded"), None, **{"turnout.plugins": "reviews"})
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
    """Return what runs something with a request, and plans again each statement that this sent."""

    def plans(action):
        sent = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            if not statement.startswith("EXPLAIN"):
                sent.append((statement, parameters))

        with system_request(crowded.router) as request:
            events.listen(crowded.engine, "before_cursor_execute", note)
            try:
                action(request)
            finally:
                events.remove(crowded.engine, "before_cursor_execute", note)
            cursor = request.db.connection().connection.cursor()
            found = []
            for statement, parameters in sent:
                cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
                found.append(cursor.fetchone()[0][0]["Plan"])
        return found

    return plans


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def indexes(plan):
    return {node.get("Index Name") for node in nodes(plan)}


def scanned(plan):
    large = {"events", "reviews_reviews", "reviews_ratings"}
    return [node for node in nodes(plan) if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large]


NOTHING = dict.fromkeys(
    ("search", "date_from", "date_to", "venue", "location", "country", "category", "tags", "organizer", "min_price",
     "max_price"),
) | {"available_only": False, "upcoming_only": False, "status": "published"}  # fmt: skip


@pytest.mark.parametrize("ordering", ["rating", "-rating"])
@pytest.mark.parametrize("paging", [Paging(), Paging(page=100), Paging(cursor="")], ids=["first", "deep", "walk"])
def test_events_by_rating_are_read_in_the_order_of_the_index(plans, crowded, ordering, paging):
    wanted = NOTHING | {"ordering": ordering}
    if paging.cursor is not None:
        with system_request(crowded.router) as request:
            first = request.find_service(EventCatalog).find(wanted, paging, actor=SYSTEM)
        paging = Paging(cursor=first.next_cursor)

    found = plans(lambda request: request.find_service(EventCatalog).find(wanted, paging, actor=SYSTEM))

    for plan in found[:2]:  # of the count and of the page
        assert "ix_reviews_ratings_rating_average_event_id" in indexes(plan), json.dumps(plan, indent=1)
    for plan in found:
        assert scanned(plan) == [], json.dumps(plan, indent=1)
        assert not [node for node in nodes(plan) if node["Node Type"] == "Sort" and node["Plan Rows"] > 1000]


@pytest.mark.parametrize(
    ("ordering", "index"),
    [
        ("-created_at", "ix_reviews_reviews_event_id_created_at_id"),
        ("created_at", "ix_reviews_reviews_event_id_created_at_id"),
        ("-rating", "ix_reviews_reviews_event_id_rating_id"),
        ("rating", "ix_reviews_reviews_event_id_rating_id"),
    ],
)
def test_reviews_of_an_event(plans, ordering, index):
    found = plans(
        lambda request: request.find_service(ReviewCatalog).find(7, {"ordering": ordering}, Paging(), actor=SYSTEM)
    )

    assert index in indexes(found[-1])
    for plan in found:
        assert scanned(plan) == [], json.dumps(plan, indent=1)


def test_reported_reviews(plans):
    filters = {"status": "reported", "ordering": "-created_at"}
    found = plans(lambda request: request.find_service(ReviewCatalog).find_by_status(filters, Paging()))

    assert "ix_reviews_reviews_status_created_at_id" in indexes(found[1])
    for plan in found:
        assert scanned(plan) == [], json.dumps(plan, indent=1)
