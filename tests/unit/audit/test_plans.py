"""PostgreSQL's plans for the audit log, over a hundred thousand entries: an index for every filter."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from turnout.audit.services import AuditLog, Origin
from turnout.db import make_engine
from turnout.paging import Paging
from turnout.testing.clocks import START, ManualClock

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
DATA = """
    INSERT INTO audit_entries (at, user_id, username, action, subject, subject_id, label, source, path, request_id)
    SELECT CAST(:start AS timestamptz) - n * interval '5 minutes', 1 + n % 200, 'user' || n % 200, 'action' || n % 40,
        'subject' || n % 20, 1 + n % 5000, 'Thing ' || n, 'api', '', ''
    FROM generate_series(1, 100000) n
"""
FILTERS = [
    {},
    {"subject": "subject3"},
    {"subject": "subject3", "subject_id": 24},
    {"subject": "nothing"},
    {"subject_id": 7},
    {"user": 7},
    {"user": 9999},
    {"action": "action7"},
    {"action": "nothing"},
    {"date_from": START - timedelta(days=1)},
    {"date_to": START - timedelta(days=300)},
    {"date_from": START - timedelta(days=2), "date_to": START - timedelta(days=1)},
    {"user": 7, "date_from": START - timedelta(days=30)},
    {"subject": "subject3", "action": "action3", "date_to": START - timedelta(days=30)},
]


@pytest.fixture(scope="module")
def crowded(workshop):
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


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


@pytest.mark.parametrize("paging", [Paging(), Paging(page=20), Paging(cursor="")], ids=["first", "deep", "walk"])
@pytest.mark.parametrize("filters", FILTERS, ids="&".join)
def test_no_filter_reads_all_entries(crowded, filters, paging):
    sent = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if not statement.startswith("EXPLAIN"):
            sent.append((statement, parameters))

    event.listen(crowded, "before_cursor_execute", note)
    try:
        with Session(crowded) as session:
            AuditLog(session, ManualClock(), Origin("admin")).find(filters, paging)
    finally:
        event.remove(crowded, "before_cursor_execute", note)
    assert sent
    raw = crowded.connection.cursor()
    for statement, parameters in sent:
        raw.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
        plan = raw.fetchone()[0][0]["Plan"]
        scanned = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
        assert not scanned, f"{statement}\n{json.dumps(plan, indent=1)}"
