"""The database: types, transactions, and what is tried again."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import Column, Integer, MetaData, Table, event, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session
from webtest import TestApp

from turnout.bookings.models import Booking
from turnout.db import Amount, UTCDateTime, make_engine, read_only, savepoint
from turnout.pools.models import Pool
from turnout.testing.applications import Application
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.users.models import User

NOW = datetime(2027, 3, 1, tzinfo=UTC)
PROBES = Table("probes", MetaData(), Column("id", Integer), Column("at", UTCDateTime), Column("price", Amount))


@pytest.fixture
def engine(fresh_database):
    engine = make_engine(fresh_database, lock_timeout=300)
    yield engine
    engine.dispose()


@pytest.fixture
def probes(connection):
    PROBES.create(connection)
    return PROBES


def test_a_moment_comes_back_in_utc(connection, probes):
    summer = datetime(2027, 7, 1, 19, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    connection.execute(insert(probes), [{"id": 1, "at": summer}, {"id": 2, "at": None}])
    found = connection.scalars(select(probes.c.at).order_by(probes.c.id)).all()
    assert found == [summer, None]
    assert found[0].tzinfo is UTC
    assert connection.scalar(select(func.count()).where(probes.c.at == summer)) == 1


def test_a_moment_without_a_zone_is_refused(connection, probes):
    with pytest.raises(StatementError, match="time zone"):
        connection.execute(insert(probes), {"at": datetime(2027, 7, 1)})  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize("amount", ["0", "0.0001", "150.00", "9999999999.9999", "-1.5"])
def test_an_amount_comes_back_exactly(connection, probes, amount):
    connection.execute(insert(probes), {"id": 1, "price": Decimal(amount)})
    found = connection.scalar(select(probes.c.price))
    assert found == Decimal(amount)
    assert isinstance(found, Decimal)
    assert connection.scalar(select(probes.c.id).where(probes.c.price == Decimal(amount))) == 1


def test_amounts_sum_and_sort_exactly(connection, probes):
    connection.execute(insert(probes), [{"price": Decimal(price)} for price in ("0.1", "10", "0.2", "9")])
    assert connection.scalar(select(func.sum(probes.c.price))) == Decimal("19.3")
    assert connection.scalars(select(probes.c.price).order_by(probes.c.price)).all() == [
        Decimal(price) for price in ("0.1", "0.2", "9", "10")
    ]


def test_foreign_keys_are_held(engine):
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("INSERT INTO interests (user_id, event_id, created_at) VALUES (1, 1, '2027-01-01')"))


@pytest.mark.parametrize(("capacity", "taken"), [(10, 11), (10, -1), (None, -1)])
def test_the_database_itself_never_oversells(engine, capacity, taken):
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(Pool), {"capacity": capacity, "taken": taken, "revision": 1})


def test_whoever_writes_has_the_lock_from_the_start(engine, database):
    """On SQLite a second writer waits at BEGIN; readers and PostgreSQL do not."""
    began = threading.Event()

    def write():
        with engine.begin() as connection:
            began.set()
            connection.execute(insert(Pool), {"taken": 0, "revision": 1})

    with engine.connect() as first:
        first.begin()
        second = threading.Thread(target=write)
        second.start()
        assert began.wait(0.3 if database == "sqlite" else 30) == (database == "postgresql")
        with read_only(engine).connect() as reader:
            assert reader.scalar(select(func.count(Pool.id))) in {0, 1}
        first.rollback()
        second.join(30)
    assert began.is_set()
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(Pool.id))) == 1


def test_reading_needs_no_transaction_on_postgresql(engine, database):
    with read_only(engine).connect() as connection:
        connection.execute(select(literal(1)))
        if database == "postgresql":
            assert connection.connection.driver_connection.autocommit
        else:
            assert connection.connection.driver_connection.in_transaction


def test_sqlite_is_set_up_to_be_safe_and_fast(engine, database):
    if database != "sqlite":
        pytest.skip("SQLite's own settings")
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                 ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip
    assert found == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30000}


def test_postgresql_speaks_utc_and_waits_for_no_lock_for_long(engine, database):
    if database != "postgresql":
        pytest.skip("PostgreSQL's own settings")
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
        assert connection.scalar(text("SHOW lock_timeout")) == "300ms"
        assert connection.scalar(text("SHOW statement_timeout")) == "15s"


def attempts(application, work):
    """Do `work` in a request's session; return the status and how often it was tried."""
    seen = []

    def view(request):
        seen.append(request)
        work(request.db, len(seen))
        return Response("done")

    def include(config):
        config.add_route("work", "/work")
        config.add_view(view, route_name="work", permission=NO_PERMISSION_REQUIRED)

    router = application(include).router
    return TestApp(router).post("/work", expect_errors=True).status_int, len(seen)


@pytest.fixture
def started(fresh_database, tmp_path):
    running = []

    def start(include):
        running.append(Application(fresh_database, tmp_path, include))
        return running[-1]

    yield start
    for application in running:
        application.close()


def test_what_works_is_done_once(started):
    assert attempts(started, lambda session, _turn: session.execute(select(literal(1)))) == (200, 1)


def test_a_race_for_one_booking_is_tried_again(started, fresh_database):
    engine = make_engine(fresh_database)
    with Session(engine, expire_on_commit=False) as session:
        make = Make(session, ManualClock())
        event, user, attendee = make.event(), make.user(), make.attendee()
        session.commit()
    engine.dispose()
    booking = {
        "event_id": event.id,
        "user_id": user.id,
        "attendee_id": attendee.id,
        "quantity": 1,
        "total_amount": 0,
        "currency": "EUR",
        "status": "confirmed",
        "created_at": NOW,
        "updated_at": NOW,
    }

    def work(session, turn):
        for slot in [1, 1] if turn == 1 else [1, 2]:
            session.execute(
                insert(Booking), booking | {"code": f"CODE{slot}{turn}{len(session.info)}", "attendee_slot": slot}
            )
            session.info["other code"] = True

    assert attempts(started, work) == (200, 2)


def test_another_broken_rule_is_not_tried_again(started):
    def work(session, _turn):
        session.execute(insert(Pool), {"capacity": 1, "taken": 2, "revision": 1})

    assert attempts(started, work) == (500, 1)


def test_a_lost_update_is_tried_again(started):
    def work(session, turn):
        user = User(username="ada", email="a@example.com", password_hash="", created_at=NOW, updated_at=NOW)
        session.add(user)
        session.flush()
        if turn == 1:
            session.execute(text("UPDATE users SET version = 9"))
        user.bio = "x"
        session.flush()

    assert attempts(started, work) == (200, 2)


def test_a_lock_that_somebody_has_for_too_long_is_waited_for_again(started, fresh_database, database, monkeypatch):
    other = make_engine(fresh_database)
    with other.begin() as connection:
        pool_id = connection.scalar(text("INSERT INTO pools (taken, revision) VALUES (0, 1) RETURNING id"))
    holder = other.connect()

    def work(session, turn):
        if turn == 2 and database == "sqlite":
            holder.rollback()
        session.execute(text("UPDATE pools SET taken = 1 WHERE id = :id"), {"id": pool_id})

    def include(config):
        if database == "sqlite":
            event.listen(config.registry.engine, "connect", lambda c, _record: c.execute("PRAGMA busy_timeout=50"))

    def start(also):
        def both(config):
            include(config)
            also(config)

        monkeypatch.setenv("TURNOUT_DATABASE_LOCK_TIMEOUT", "50")
        return started(both)

    holder.execute(text("UPDATE pools SET taken = 0 WHERE id = :id"), {"id": pool_id})
    status, turns = attempts(start, work)
    # SQLite's lock is waited for again; PostgreSQL's has been waited for long enough.
    assert (status, turns) == ((200, 2) if database == "sqlite" else (503, 1))
    holder.close()
    other.dispose()


def test_a_deadlock_is_tried_again(started, fresh_database, database):
    if database == "sqlite":
        pytest.skip("SQLite has one lock only, so nobody can wait in a circle")
    other = make_engine(fresh_database)
    with other.begin() as connection:
        first, second = (
            connection.scalar(text("INSERT INTO pools (taken, revision) VALUES (0, 1) RETURNING id")) for _ in range(2)
        )
    claim = text("UPDATE pools SET taken = taken + 1 WHERE id = :id")
    ready = threading.Event()

    def rival():
        with other.connect() as connection:
            connection.execute(text("SET deadlock_timeout = '10min'"))  # so that it is the request that is refused
            connection.execute(claim, {"id": second})
            ready.set()
            connection.execute(claim, {"id": first})
            connection.commit()

    thread = threading.Thread(target=rival)

    def work(session, turn):
        if turn == 2:
            thread.join(30)
        session.execute(claim, {"id": first})
        if turn == 1:
            thread.start()
            assert ready.wait(30)
        session.execute(claim, {"id": second})

    assert attempts(started, work) == (200, 2)
    with other.connect() as connection:
        assert connection.scalars(select(Pool.taken)).all() == [2, 2]
    other.dispose()


@pytest.mark.parametrize("path", ["/api/v1/venues", "/api/v1/health"])
def test_a_lost_connection_is_replaced_and_the_request_is_made_again(committing, path):
    """A restart of PostgreSQL ends every connection of the pool; who asks next should not notice."""
    engine = committing.engine
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no server to restart")
    client = TestApp(committing.router)
    client.get(path)
    administrator = make_engine(engine.url.render_as_string(hide_password=False))
    with administrator.begin() as other:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        ended = other.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}").all()
    administrator.dispose()
    assert ended
    client.get(path, status=200)


def test_an_error_does_not_say_what_was_sent(engine):
    """Errors reach the log, where nobody's address or token has a place."""
    with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(text("SELECT nothing FROM nowhere WHERE secret = :secret"), {"secret": "tnt_never_seen"})
    assert "tnt_never_seen" not in str(raised.value)


def test_an_exception_undoes_what_is_within_a_savepoint(engine):
    def fail(session):
        with savepoint(session):
            session.add(Pool(capacity=1, taken=0, revision=0))
            session.flush()
            raise ZeroDivisionError

    with Session(engine) as session:
        with pytest.raises(ZeroDivisionError):
            fail(session)
        assert session.scalar(select(func.count()).select_from(Pool)) == 0


def test_requests_that_only_read_take_no_savepoint_where_they_have_no_transaction(engine):
    with Session(read_only(engine)) as session, savepoint(session):
        assert session.scalar(select(func.count()).select_from(Pool)) == 0
