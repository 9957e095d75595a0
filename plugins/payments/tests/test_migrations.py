"""Migrations of a ledger that has lines: nothing of it is lost, and its guard stands again afterwards."""

import pytest
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from turnout import migrate
from turnout.testing.factories import Make

from turnout_payments.models import Entry, Payment


@pytest.fixture
def line(committing):
    (_, line) = migrate.lines_of(committing.registry.plugins.enabled.values())
    return line


@pytest.fixture
def entered(committing):
    """Two lines, of an event that is there and of one that is gone, as they were entered before lines said whose they are."""
    with Session(committing.engine) as session:
        clock = committing.registry.clock
        event, now = Make(session, clock).event(), clock.now()
        names = dict.fromkeys(("booking_code", "key", "token"), "C1") | {"provider": "bank", "return_url": ""}
        moments = dict.fromkeys(("expires_at", "created_at", "updated_at"), now)
        payment = Payment(**names, **moments, currency="EUR", amount=100)
        session.add(payment)
        session.flush()
        same = {"payment_id": payment.id, "provider": "bank", "kind": "charge", "currency": "EUR", "created_at": now}
        for event_id, amount in ((event.id, 60), (event.id + 1, 40)):
            session.execute(insert(Entry).values(same | {"event_id": event_id, "amount": amount}))
        session.commit()
        return event.organizer_id


def test_lines_learn_whose_they_are(committing, line, entered):
    engine = committing.engine
    migrate.downgrade(engine, "0001", line)
    assert "organizer_id" not in {column["name"] for column in inspect(engine).get_columns("payments_ledger")}
    migrate.upgrade(engine, line=line)
    assert migrate.differences(engine, line) == []
    with engine.connect() as connection:
        found = connection.execute(select(Entry.amount, Entry.organizer_id).order_by(Entry.id)).all()
    assert [tuple(row) for row in found] == [(60, entered), (40, None)]
    for statement in ("UPDATE payments_ledger SET amount = 1", "DELETE FROM payments_ledger"):
        with pytest.raises(DBAPIError, match="only added to"), engine.begin() as connection:
            connection.execute(text(statement))
