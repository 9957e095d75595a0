"""Tables: the migrations make what the models say, both ways, and the database holds the rules."""

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from turnout import migrate
from turnout.db import make_engine

from turnout_reviews.models import Rating, Review

TABLES = {"reviews_reviews", "reviews_reports", "reviews_ratings", "reviews_invitations"}


@pytest.fixture
def line(application):
    (_, line) = migrate.lines_of(application.registry.plugins.enabled.values())
    return line


def own_tables(engine):
    return {name for name in inspect(engine).get_table_names() if name.startswith("reviews_")}


def test_down_and_up_again(fresh_database, line):
    engine = make_engine(fresh_database)
    try:
        assert migrate.differences(engine, line) == []
        assert own_tables(engine) == TABLES
        migrate.downgrade(engine, "base", line)
        assert own_tables(engine) == set()
        assert migrate.differences(engine) == []
        migrate.upgrade(engine, line=line)
        assert migrate.differences(engine, line) == []
    finally:
        engine.dispose()


def test_events_that_are_there_get_their_ratings(empty_database, line, make, session):
    engine = make_engine(empty_database)
    try:
        migrate.upgrade(engine)
        with engine.begin() as connection:
            for statement in EVENT:
                connection.execute(text(statement))
        migrate.upgrade(engine, line=line)
        with engine.connect() as connection:
            rows = connection.execute(select(Rating.event_id, Rating.rating_count, Rating.rating_average)).all()
            assert rows == [(1, 0, 0)]
    finally:
        engine.dispose()


EVENT = (
    """INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
        is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at, version)
       VALUES (1, 'ines', 'ines@example.com', '', 'Inês', 'Prado', '', '', '', '{}', true, false, false, false, true,
        '2027-03-01', '2027-03-01', 1)""",
    "INSERT INTO pools (id, capacity, taken, revision) VALUES (1, 100, 0, 1)",
    """INSERT INTO events (id, pool_id, organizer_id, title, description, location, place, starts_at, ends_at, timezone,
        status, currency, price, max_tickets_per_booking, created_at, updated_at, version)
       VALUES (1, 1, 1, 'Fado night', '', '', '', '2027-05-01', '2027-05-02', 'UTC', 'published', 'EUR', 0, 10, '2027-03-01',
        '2027-03-01', 1)""",
)


@pytest.mark.parametrize("values", [{"rating": 0}, {"rating": 6}, {"status": "hidden"}])
def test_what_the_database_refuses_of_a_review(make, event, session, values):
    attendee = make.attendee()
    now = event.created_at
    fields = {"event_id": event.id, "attendee_id": attendee.id, "rating": 3, "created_at": now, "updated_at": now}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Review(**fields | values))
    session.add(Review(**fields))
    session.flush()
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Review(**fields))


@pytest.mark.parametrize(("count", "total"), [(-1, -1), (1, 0), (1, 6), (0, 1)])
def test_what_the_database_refuses_of_a_rating(event, session, count, total):
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Rating(event_id=event.id, rating_count=count, rating_total=total))


@pytest.mark.parametrize(
    ("count", "total", "average"), [(0, 0, 0), (2, 9, 450), (3, 5, 167), (8, 9, 113), (2_000_000, 10_000_000, 500)]
)
def test_the_average_is_exact_to_the_hundredth(event, session, count, total, average):
    session.add(Rating(event_id=event.id, rating_count=count, rating_total=total))
    session.flush()

    assert session.scalar(select(Rating.rating_average).where(Rating.event_id == event.id)) == average
