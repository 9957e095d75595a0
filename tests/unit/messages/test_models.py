"""What the tables hold, and what the migration does to events that were there before."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from turnout import migrate
from turnout.db import make_engine
from turnout.events.models import Event
from turnout.messages.models import Message

EVENT = """INSERT INTO events (id, pool_id, organizer_id, title, description, location, place, starts_at, ends_at, timezone,
    status, currency, price, max_tickets_per_booking, created_at, updated_at, version)
    VALUES (1, 1, 1, 'Fado', '', '', '', :at, :at, 'UTC', 'published', 'EUR', 0, 10, :at, :at, 1)"""
USER = """INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
    is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at, version)
    VALUES (1, 'a', 'a@example.com', '', '', '', '', '', '', '{}', true, false, false, false, true, :at, :at, 1)"""


def test_events_that_were_there_before_remind_a_day_before(empty_database):
    engine = make_engine(empty_database)
    migrate.upgrade(engine, "0003")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO pools (id, taken, revision) VALUES (1, 0, 1)"))
        connection.execute(text(USER), {"at": "2027-05-01 18:30:00.000000"})
        connection.execute(text(EVENT), {"at": "2027-05-01 18:30:00.000000"})

    migrate.upgrade(engine)

    with engine.begin() as connection:
        found = connection.execute(select(Event.reminder_hours, Event.remind_at)).one()
        assert found == (24, datetime(2027, 4, 30, 18, 30, tzinfo=UTC))
        if engine.dialect.name == "sqlite":
            connection.execute(text("UPDATE events SET title = 'Fado again'"))
            found = connection.scalar(text("SELECT count(*) FROM events_search WHERE events_search MATCH 'again'"))
            assert found == 1, "the triggers of the full-text index are gone"
    migrate.downgrade(engine, "0003")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM events")) == 1
    engine.dispose()


@pytest.mark.parametrize("fields", [{"status": "lost"}, {"key": "taken"}])
def test_what_the_database_refuses(session, clock, fields):
    values = {"kind": "x", "channel": "email", "address": "ada@example.com", "context": "{}", "created_at": clock.now()}
    session.add(Message(key="taken", **values))
    session.flush()

    session.add(Message(**{"key": "other"} | values | fields))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
