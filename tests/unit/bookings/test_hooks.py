"""What bookings announce, and subscribers that refuse."""

import pytest
from tests.unit.bookings import listening

from turnout.bookings import hooks
from turnout.bookings.services import BookingService
from turnout.errors import Conflict, Invalid
from turnout.pools.errors import SoldOut
from turnout.system import system_request


class Unpaid(Conflict):
    code = "unpaid"
    title = "Pay first"


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, listening.includeme)


@pytest.fixture(autouse=True)
def heard():
    listening.refusing.clear()
    listening.heard.clear()
    yield listening.heard
    listening.refusing.clear()


QUESTIONS = (hooks.BookingPriced, hooks.ConfirmationSought)


@pytest.fixture
def told(heard):
    """Return what happened since the last time, but for what is not of bookings."""

    def told():
        found = [
            event for event in heard if type(event).__module__ == hooks.__name__ and not isinstance(event, QUESTIONS)
        ]
        heard.clear()
        return found

    return told


def about(kind, booking, *more, quantity=None):
    places = booking["quantity"] if quantity is None else quantity
    return kind(booking["id"], booking["event_id"], booking["user_id"], booking["attendee_id"], places, *more)


def test_a_booking_is_announced_once(book, make, told):
    booking = book(make.user(), make.event(), quantity=2)

    assert told() == [hooks.PlacesClaimed(booking["event_id"], 2), about(hooks.BookingConfirmed, booking)]


def test_a_hold_is_announced_and_then_its_confirmation_once(api, hold, make, told):
    ada = make.user()
    booking = hold(ada, make.event(), quantity=2)
    assert told() == [hooks.PlacesClaimed(booking["event_id"], 2), about(hooks.BookingHeld, booking)]

    for _ in range(2):
        api.as_(ada).post(f"/bookings/{booking['id']}/confirm")
    assert told() == [about(hooks.BookingConfirmed, booking)]


def test_a_cancellation_is_announced_once(api, book, make, told):
    ada = make.user()
    booking = book(ada, make.event(), quantity=2)
    told()

    for _ in range(2):
        api.as_(ada).post(f"/bookings/{booking['id']}/cancel")
    assert told() == [hooks.PlacesReleased(booking["event_id"], 2), about(hooks.BookingCancelled, booking)]


def test_a_changed_quantity_is_announced_once(api, book, make, told):
    ada = make.user()
    booking = book(ada, make.event(), quantity=2)
    told()

    for _ in range(2):
        api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": 5})
    assert told() == [
        hooks.PlacesClaimed(booking["event_id"], 3), about(hooks.BookingResized, booking, 2, quantity=5),
    ]  # fmt: skip
    for _ in range(2):
        api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": 1})
    assert told() == [
        hooks.PlacesReleased(booking["event_id"], 4), about(hooks.BookingResized, booking, 5, quantity=1),
    ]  # fmt: skip


def test_an_expiry_is_announced_once(application, session, book, hold, make, told, clock):
    event, other = make.event(capacity=2), make.event()
    on_the_way, in_time = hold(make.user(), event, quantity=2), hold(make.user(), other)
    clock.move(minutes=15)
    told()

    booking = book(make.user(), event)
    assert told() == [
        hooks.PlacesReleased(event.id, 2),
        about(hooks.BookingExpired, on_the_way),
        hooks.PlacesClaimed(event.id, 1),
        about(hooks.BookingConfirmed, booking),
    ]
    session.commit()
    for _ in range(2):
        with system_request(application.router) as request:
            request.find_service(BookingService).expire_due()
    assert told() == [hooks.PlacesReleased(other.id, 1), about(hooks.BookingExpired, in_time)]


def test_a_refusal_is_announced_with_its_code(book, make, told):
    ada, event = make.user(), make.event(capacity=1)
    book(ada, event)
    told()

    book(ada, event, status=409)
    book(make.user(), event, status=409)
    assert told() == [hooks.BookingRefused(event.id, code) for code in ("duplicate_booking", "sold_out")]


def test_a_replay_announces_nothing(api, make, told):
    client, body = api.as_(make.user()), {"event_id": make.event().id}
    for _ in range(2):
        client.post("/bookings", body, headers={"Idempotency-Key": "x"})
    assert len(told()) == 2


@pytest.mark.parametrize("kind", [hooks.PlacesClaimed, hooks.BookingConfirmed, hooks.BookingHeld])
@pytest.mark.parametrize(
    ("error", "status"), [(Unpaid("No money came."), 409), (Invalid({"quantity": "is odd"}), 400), (SoldOut(), 409)]
)
def test_a_subscriber_refuses_a_booking_and_nothing_is_kept(book, hold, make, rows, kind, error, status):
    listening.refusing[kind] = error
    event, verb = make.event(ticket_types=[{"capacity": 9}]), hold if kind is hooks.BookingHeld else book
    ada, before = make.user(), rows()

    answer = verb(ada, event, status=status)

    assert (answer["code"], answer["detail"]) == (error.code, error.detail)
    assert rows() == before


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (hooks.BookingCancelled, lambda client, path: client.post(f"{path}/cancel", status=409)),
        (hooks.PlacesReleased, lambda client, path: client.delete(path, status=409)),
        (hooks.BookingConfirmed, lambda client, path: client.post(f"{path}/confirm", status=409)),
        (hooks.BookingResized, lambda client, path: client.patch(path, {"quantity": 3}, status=409)),
        (hooks.BookingResized, lambda client, path: client.patch(path, {"quantity": 1}, status=409)),
    ],
)
def test_a_subscriber_refuses_a_change_and_nothing_is_changed(api, hold, make, taken, rows, kind, change):
    ada, event = make.user(), make.event()
    booking, client = hold(ada, event, quantity=2), api.as_(ada)
    before = rows()
    listening.refusing[kind] = Unpaid()

    assert change(client, f"/bookings/{booking['id']}").json["code"] == "unpaid"

    assert client.get(f"/bookings/{booking['id']}").json == booking
    assert rows() == before


def test_a_refused_expiry_keeps_the_hold(book, hold, make, clock, api):
    event = make.event(capacity=1)
    lapsed = hold(make.user(), event)
    clock.move(minutes=15)
    listening.refusing[hooks.BookingExpired] = Unpaid()

    assert book(make.user(), event, status=409)["code"] == "unpaid"

    assert api.as_(make.staff()).get(f"/bookings/{lapsed['id']}").json["status"] == "pending"
