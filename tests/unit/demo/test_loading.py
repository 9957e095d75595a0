"""Loading the demo, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webtest import TestApp

from turnout import main
from turnout.attendees.models import Attendee
from turnout.bookings.hooks import BookingCancelled
from turnout.bookings.models import Booking
from turnout.demo import ACCOUNTS, ensure_demo
from turnout.errors import StartError
from turnout.events.models import Event
from turnout.outbox.models import Job
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.system import system_request
from turnout.testing.applications import SETTINGS
from turnout.users.models import User
from turnout.venues.models import Venue


@pytest.fixture
def router(empty_database, tmp_path):
    router = main({}, **SETTINGS | {"database.url": empty_database, "turnout.data": str(tmp_path)})
    yield router
    router.registry.engine.dispose()


@pytest.fixture
def loaded(router):
    assert ensure_demo(router)
    return router


def one(session, title):
    return session.execute(select(Event.status, Pool.taken, Pool.capacity).join(Pool).where(Event.title == title)).one()


def test_it_fills_an_empty_database_once(router, capsys):
    assert ensure_demo(router)
    with Session(router.registry.engine) as session:
        before = {
            model: session.scalar(select(func.count()).select_from(model)) for model in (User, Venue, Event, Booking)
        }
    assert not ensure_demo(router)
    with Session(router.registry.engine) as session:
        after = {model: session.scalar(select(func.count()).select_from(model)) for model in before}
    assert after == before
    assert before[Event] >= 40
    assert before[Venue] >= 12
    assert before[User] >= 13
    assert before[Booking] >= 50
    assert f"Loaded a demo: {before[Event]} events" in capsys.readouterr().err


def test_nobody_gets_mail_of_what_invented_people_did(loaded):
    with Session(loaded.registry.engine) as session:
        assert session.scalars(select(Job.handler)).all() == []


def test_it_is_varied_and_right(loaded):
    now = datetime.now(UTC)
    with Session(loaded.registry.engine) as session:
        assert session.scalar(select(func.min(Event.starts_at))) > now
        assert one(session, "Paint Your Own Azulejo") == ("published", 14, 14)
        assert one(session, "Xylophone Quartet: Wood and Air") == ("published", 58, 60)
        assert one(session, "Kick-sled Sprint").status == "draft"
        assert one(session, "Stand-up from the Night Shift").status == "cancelled"
        statuses = dict(session.execute(select(Booking.status, func.count()).group_by(Booking.status)).all())
        assert statuses.keys() == {"confirmed", "cancelled"}
        guests = select(func.count()).select_from(Booking).join(Attendee).where(Attendee.user_id.is_(None))
        assert session.scalar(guests) >= 3
        emails = [*session.scalars(select(User.email)), *session.scalars(select(Attendee.email))]
        assert all(email.endswith("@example.com") for email in emails)
        mismatched = select(Event.title).join(Venue).where(Event.timezone != Venue.timezone)
        assert session.scalars(mismatched).all() == []
    with system_request(loaded) as request:
        assert request.find_service(PoolService).check() == []


def test_everybody_in_the_banner_can_sign_in(loaded):
    browser = TestApp(loaded)
    for _, username, password in ACCOUNTS:
        answer = browser.post_json("/api/v1/auth/login", {"username": username, "password": password})
        assert answer.json["access_token"]


def test_production_refuses_it_and_stays_as_it_is(empty_database, tmp_path):
    settings = SETTINGS | {
        "turnout.environment": "production",
        "database.url": empty_database,
        "turnout.data": str(tmp_path),
    }
    router = main({}, **settings)
    try:
        with pytest.raises(StartError, match="production"):
            ensure_demo(router)
        with router.registry.engine.connect() as connection:
            assert not router.registry.engine.dialect.has_table(connection, "users")
    finally:
        router.registry.engine.dispose()


def test_half_a_demo_is_none(router):
    class Interrupted(Exception):
        """Somebody pressed Ctrl-C."""

    def interrupt(event):
        raise Interrupted

    router.registry.registerHandler(interrupt, (BookingCancelled,))
    with pytest.raises(Interrupted):
        ensure_demo(router)
    with Session(router.registry.engine) as session:
        assert session.scalar(select(func.count()).select_from(User)) == 0
    router.registry.unregisterHandler(interrupt, (BookingCancelled,))
    assert ensure_demo(router)
