"""What a booking asks of the database: the fewest statements while anybody waits for its lock."""

import pytest
from sqlalchemy import event as listening
from sqlalchemy.orm import Session

from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import Make

FEWEST = {
    "postgresql": 4,  # the key, the facts, the booking itself, the answer that is kept
    "sqlite": 5,  # one statement cannot insert into several tables there: claim, attendee, booking, tickets
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
    assert len(statements) == {"postgresql": 4, "sqlite": 7}[database]
