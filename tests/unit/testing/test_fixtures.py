"""The fixtures that every other test stands on."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from turnout.pools.models import Pool
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.ticket_types.models import TicketType
from turnout.users.models import User


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_nothing(api, session, make, turn):
    assert session.scalar(select(func.count(User.id))) == 0
    make.user(username="ada")
    api.post("/users", {"username": "grace", "email": "grace@example.com", "password": make.PASSWORD}, status=201)
    assert session.scalar(select(func.count(User.id))) == 2


def test_a_refused_request_undoes_only_itself(api, session, make):
    ada = make.user()
    body = {"username": ada.username, "email": "other@example.com", "password": make.PASSWORD}
    api.post("/users", body, status=409)
    api.post("/users", body | {"username": "grace"}, status=201)
    assert sorted(session.scalars(select(User.username))) == sorted([ada.username, "grace"])


def test_the_client_is_signed_in_as_whom_it_says(api, make, clock):
    ada = make.user()
    client = api.as_(ada)
    clock.move(days=400)
    assert client.get("/users/me").json["id"] == ada.id
    api.get("/users/me", status=401)


@pytest.mark.parametrize("role", ["user", "organizer", "staff", "superuser"])
def test_a_client_is_signed_in_as_any_role(api, role):
    client = api.as_role(role)
    assert client.get("/users/me").json["id"] == client.user.id
    shown = client.get("/users/me").json
    assert shown["is_organizer"] is (role == "organizer")
    assert shown["is_staff"] is (role in {"staff", "superuser"})
    assert client.user.is_superuser is (role == "superuser")


def test_a_client_can_be_nobody_again(api):
    nobody = api.as_role("user").as_role("anyone")
    assert nobody.user is None
    nobody.get("/users/me", status=401)
    with pytest.raises(ValueError, match="'guest' is no role; these are: anyone, user"):
        api.as_role("guest")


def test_whatever_is_answered_can_be_looked_at(api):
    assert api.send("GET", "/users/me").status_int == 401


def test_an_unexpected_status_fails_and_shows_the_answer(api):
    with pytest.raises(pytest.fail.Exception, match=r"(?s)answered 401.*unauthenticated"):
        api.get("/users/me")


def test_a_row_that_was_made_shows_what_the_application_did_to_it(api, make, session):
    ada = make.user()
    api.as_(ada).patch("/users/me", {"bio": "Counts places"})
    assert ada.bio == "Counts places"
    ada.bio = "Counts tickets"
    assert api.as_(ada).get("/users/me").json["bio"] == "Counts tickets"


def test_statements_counts_the_applications_alone(api, make, statements):
    ada = make.user()
    client = api.as_(ada)
    client.get("/users/me")
    with statements() as seen:
        assert client.get("/users/me").json["id"] == ada.id
    assert len(seen) == 2, seen  # who asks, and the row


def test_an_event_comes_with_its_pool_and_ticket_types(make, session, clock):
    event = make.event(capacity=50, price="12.50")
    assert event.starts_at > clock.now() + timedelta(days=6)
    pool = session.get(Pool, event.pool_id)
    assert (pool.capacity, pool.taken) == (50, 0)
    [general] = session.scalars(select(TicketType).where(TicketType.event_id == event.id)).all()
    assert (general.name, general.price, general.pool_id) == ("General admission", Decimal("12.50"), None)
    several = make.event(ticket_types=[{"name": "Seat", "price": 30, "capacity": 5}, {"name": "Standing", "price": 20}])
    pools = session.scalars(
        select(TicketType.pool_id).where(TicketType.event_id == several.id).order_by(TicketType.name)
    ).all()
    assert session.get(Pool, pools[0]).capacity == 5
    assert pools[1] is None
    assert several.price == 20


def test_a_venue_says_where_an_event_is(make):
    venue = make.venue(name="Old Mill", city="Porto", country="PT")
    event = make.event(venue=venue, category=make.category(), tags=[make.tag()])
    assert (event.venue_id, event.place) == (venue.id, "Old Mill, Porto")


def test_a_committing_application_commits(committing):
    with committing.engine.begin() as connection:
        connection.execute(text("INSERT INTO pools (taken, revision) VALUES (0, 1)"))
    with committing.engine.connect() as connection:
        assert connection.scalar(select(func.count(Pool.id))) == 1


def test_the_clock_stands_still_until_it_is_moved(clock):
    before = clock.now()
    assert clock.now() == before
    assert clock.move(hours=2) == before + timedelta(hours=2) == clock.now()
    with pytest.raises(ValueError, match="time zone"):
        clock.set(before.replace(tzinfo=None))


def test_types_are_what_they_say(api, application):
    assert isinstance(api, Api)
    assert isinstance(application, Application)
