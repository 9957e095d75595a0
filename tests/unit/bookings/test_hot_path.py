"""What a booking asks of the database: the fewest statements while anybody waits for its lock."""

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.bookings.models import Booking
from turnout.outbox.worker import Worker
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import Make

FEWEST = {
    "postgresql": 5,  # the key, the facts, the booking itself, the answer that is kept, what is to be done after it
    "sqlite": 6,  # one statement cannot insert into several tables there: claim, attendee, booking, tickets
}


class Transactions:
    """The statements of each transaction that was committed."""

    def __init__(self, engine):
        self.committed, self._now = [], []
        listening.listen(engine, "begin", self._begin)
        listening.listen(engine, "before_cursor_execute", self._execute)
        listening.listen(engine, "commit", self._commit)

    def _begin(self, _connection):
        self._now = []

    def _execute(self, _connection, _cursor, statement, *_more):
        if not statement.startswith("BEGIN"):
            self._now.append(statement)

    def _commit(self, _connection):
        self.committed.append(self._now)


@pytest.fixture
def application(fresh_database, tmp_path):
    """As it runs: it commits, and remembers for some seconds who a token belongs to."""
    application = Application(fresh_database, tmp_path, **{"auth.recheck_seconds": "60"})
    yield application
    application.close()


@pytest.fixture
def session(application):
    with Session(application.engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def make(session, application):
    return Make(session, application.registry.clock)


@pytest.mark.parametrize("first_time", [True, False])
@pytest.mark.parametrize("wanted", [{}, {"quantity": 3, "status": "pending"}])
def test_a_booking_takes_few_statements(application, session, make, database, first_time, wanted):
    ada = make.user()
    if not first_time:
        make.attendee(user=ada)
    event = make.event(ticket_types=[{"price": 0}])
    client = Api(application, session).as_(ada)
    client.get("/users/me")
    session.commit()
    transactions = Transactions(application.engine)

    client.post("/bookings", {"event_id": event.id} | wanted, status=201, headers={"Idempotency-Key": "once"})

    [statements] = [seen for seen in transactions.committed if any("INTO bookings" in one for one in seen)]
    expected = FEWEST[database] + (first_time and database == "sqlite")
    assert len(statements) == expected, "\n".join(statements)


def test_a_limited_type_takes_no_more_on_postgresql(application, session, make, database):
    ada, event = make.user(), make.event(ticket_types=[{"capacity": 5}, {"name": "Other", "capacity": 5}])
    client = Api(application, session).as_(ada)
    client.get("/users/me")
    session.commit()
    transactions = Transactions(application.engine)

    client.post("/bookings", {"event_id": event.id}, status=201, headers={"Idempotency-Key": "once"})

    [statements] = [seen for seen in transactions.committed if any("INTO bookings" in one for one in seen)]
    assert len(statements) == {"postgresql": 5, "sqlite": 8}[database]


def test_accepting_a_booking_touches_no_pool_and_reads_no_facts(application, session, make):
    event = make.event()
    client = Api(application, session).as_(make.user())
    client.get("/users/me")
    session.commit()
    transactions = Transactions(application.engine)

    headers = {"Idempotency-Key": "once", "Prefer": "respond-async"}
    client.post("/bookings", {"event_id": event.id}, status=202, headers=headers)

    [statements] = [seen for seen in transactions.committed if any("INTO bookings" in one for one in seen)]
    tables = ["idempotency_keys", "bookings", "idempotency_keys", "jobs"][-len(statements) :]
    assert [table for one, table in zip(statements, tables, strict=True) if table not in one] == []
    assert not any("pools" in one for one in statements)


SIZES = (5, 50)
DECISION = {
    "postgresql": [6, 6],  # users, bookings, facts, the bookings themselves, what failed, the jobs
    "sqlite": [7 + (size - 1) for size in SIZES],  # one more for each booking, and for each attendee
}


def test_deciding_many_takes_no_more_statements_than_deciding_few(application, session, make, database):
    clients = [Api(application, session).as_(make.user()) for _ in range(max(SIZES))]
    found = []
    for size in SIZES:
        event = make.event(capacity=size - 1)
        for client in clients[:size]:
            client.post("/bookings", {"event_id": event.id}, status=202, headers={"Prefer": "respond-async"})
        transactions = Transactions(application.engine)

        Worker(application.registry).drain()

        session.rollback()
        statuses = session.scalars(select(Booking.status).where(Booking.event_id == event.id).order_by(Booking.id))
        assert statuses.all() == ["confirmed"] * (size - 1) + ["failed"]
        [decision] = [seen for seen in transactions.committed if any("INTO tickets" in one for one in seen)]
        others = ("INSERT INTO attendees", "INSERT INTO jobs")  # new attendees on SQLite, and what listeners want
        found.append([one for one in decision if not one.lstrip().startswith(others)])
    assert [len(statements) for statements in found] == DECISION[database], "\n".join(found[0])
