"""PostgreSQL's plans for what workers send, over a hundred thousand rows of what is done: always an index."""

import itertools
import json
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from turnout.db import make_engine
from turnout.outbox.checks import state
from turnout.outbox.queue import Queue, Work
from turnout.outbox.services import JobService
from turnout.paging import Paging
from turnout.testing.clocks import START, ManualClock

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
DATA = """
    INSERT INTO jobs (queue, handler, stream, payload, status, due_at, attempts, error, created_at, finished_at)
    SELECT 'default', 'some.handler', CASE WHEN n % 3 > 0 THEN 'booking:' || n / 5 END, '{}',
        CASE WHEN n > 100000 THEN 'waiting' WHEN n % 1000 = 0 THEN 'dead' ELSE 'done' END,
        CAST(:start AS timestamptz), 1, '', CAST(:start AS timestamptz),
        CASE WHEN n <= 100000 THEN CAST(:start AS timestamptz) END
    FROM generate_series(1, 100500) n
"""
QUEUES = ["default", "mail"]
LEASE = timedelta(seconds=60)


@pytest.fixture(scope="module")
def crowded(workshop):
    """A connection to a database with 100,000 jobs that are done, and 500 that wait."""
    url = workshop.fresh("postgresql")
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text(DATA), {"start": START})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    workshop.databases("postgresql").drop(url)


@pytest.fixture
def plans(crowded):
    """Return the plans of all that an action sends, each with its statement; what it did is undone."""

    def plans(action):
        sent = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            sent.append((statement, parameters))

        event.listen(crowded, "before_cursor_execute", note)
        with crowded.begin(), Session(crowded, join_transaction_mode="create_savepoint") as session:
            try:
                action(session)
            finally:
                event.remove(crowded, "before_cursor_execute", note)
            raw = crowded.connection.cursor()
            found = []
            for statement, parameters in sent:
                if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                    raw.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
                    found.append((statement, raw.fetchone()[0][0]["Plan"]))
            session.rollback()
            crowded.get_transaction().rollback()
        assert found
        return found

    return plans


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def read_whole(plan):
    return [node for node in nodes(plan) if node["Node Type"].endswith("Seq Scan") and node["Relation Name"] == "jobs"]


def queue_of(session):
    return Queue(session, START + timedelta(seconds=1), LEASE)


def take(session, batch=1):
    numbers = itertools.count(1)
    return queue_of(session).take("default", 10, lambda _handler: batch, lambda: f"lease-{next(numbers)}")


def finish(session):
    [work, *_] = take(session)
    queue_of(session).finish(work)


def fail(session):
    [work, *_] = take(session)
    queue_of(session).fail(work, "no", LEASE)


ACTIONS = {
    "take": take,
    "take a batch": lambda session: take(session, batch=5),
    "take of an empty queue": lambda session: queue_of(session).take("mail", 10, lambda _handler: 1, str),
    "finish": finish,
    "fail": fail,
    "give back": lambda session: queue_of(session).give_back(Work("some.handler", take(session)[0].jobs, "lease-1")),
    "renew": lambda session: queue_of(session).renew(["lease-1", "lease-2"]),
    "claim": lambda session: queue_of(session).claim([100_001, 100_002], "lease-1", "lease-2"),
    "read a job": lambda session: JobService(session, ManualClock()).get(7),
    "list the dead": lambda session: JobService(session, ManualClock()).find({"status": "dead"}, Paging()),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_no_statement_of_a_worker_reads_all_jobs(plans, action):
    for statement, plan in plans(action):
        assert not read_whole(plan), f"{statement}\n{json.dumps(plan, indent=1)}"


def test_nor_does_health(plans):
    for statement, plan in plans(lambda session: state(session, QUEUES, START, LEASE)):
        assert not read_whole(plan), f"{statement}\n{json.dumps(plan, indent=1)}"


def test_taking_uses_the_index_of_what_is_open(plans):
    (_, plan), *_ = plans(take)
    used = {node["Index Name"] for node in nodes(plan) if "Index Name" in node}
    assert used == {"ix_jobs_due", "ix_jobs_stream"}


def test_taking_takes_three_statements_however_much_there_is(plans):
    assert len(plans(take)) == 3
