import pytest
from sqlalchemy import func, select

from turnout.attendees.models import Attendee
from turnout.bookings.models import Booking
from turnout.rsvps import hooks
from turnout.rsvps.models import Interest
from turnout.users.models import User


@pytest.fixture
def guest(make):
    return make.user()


@pytest.fixture
def client(api, guest):
    return api.as_(guest)


@pytest.fixture
def event(make):
    return make.event(capacity=2)


@pytest.fixture
def answer(client, event):
    def answer(status, expected=200, **headers):
        return client.post(f"/events/{event.id}/rsvp", {"status": status}, headers=headers, status=expected).json

    return answer


@pytest.fixture
def taken(api, event):
    return lambda: api.get(f"/events/{event.id}/availability").json["seats_taken"]


def following(session):
    return session.scalar(select(func.count()).select_from(Interest))


def test_going_books_a_place(client, answer, taken, event, guest):
    said = answer("going")

    assert (said["event_id"], said["status"]) == (event.id, "going")
    booking = said["booking"]
    assert booking.items() >= {"status": "confirmed", "quantity": 1, "user_id": guest.id, "event_id": event.id}.items()
    assert client.get(f"/bookings/{booking['id']}").json == booking
    assert taken() == 1


def test_going_twice_is_going_once(answer, taken, session):
    assert answer("going")["booking"] == answer("going")["booking"]
    assert (taken(), session.scalar(select(func.count(Booking.id)))) == (1, 1)


def test_interested_follows_without_a_place(answer, taken, session, event, guest):
    for _ in range(2):
        assert answer("interested") == {"event_id": event.id, "status": "interested", "booking": None}

    assert (taken(), following(session)) == (0, 1)
    assert session.get(Interest, (guest.id, event.id)) is not None


def test_a_new_follower_is_announced_once(application, answer, event, guest):
    seen = []
    application.registry.registerHandler(seen.append, (hooks.EventFollowed,))
    try:
        for status in ("interested", "interested", "cancelled", "cancelled", "interested"):
            answer(status)
    finally:
        application.registry.unregisterHandler(seen.append, (hooks.EventFollowed,))

    assert seen == [hooks.EventFollowed(guest.id, event.id)] * 2


def test_cancelled_gives_the_place_back(client, answer, taken, event, session):
    booking = answer("going")["booking"]

    for _ in range(2):
        assert answer("cancelled") == {"event_id": event.id, "status": "cancelled", "booking": None}

    assert taken() == 0
    assert client.get(f"/bookings/{booking['id']}").json["status"] == "cancelled"


def test_cancelled_where_there_was_nothing(answer, taken, session):
    answer("cancelled")
    assert (taken(), following(session)) == (0, 0)


def test_there_and_back_again(answer, taken, session):
    states = []
    for status in ("interested", "going", "cancelled", "interested", "cancelled", "going", "cancelled", "going"):
        answer(status)
        states.append((status, taken(), following(session)))

    assert states == [
        ("interested", 0, 1),
        ("going", 1, 0),
        ("cancelled", 0, 0),
        ("interested", 0, 1),
        ("cancelled", 0, 0),
        ("going", 1, 0),
        ("cancelled", 0, 0),
        ("going", 1, 0),
    ]


def test_whoever_holds_a_place_answers_cancelled_first(answer, taken, session):
    answer("going")

    assert answer("interested", 409)["code"] == "conflict"
    assert (taken(), following(session)) == (1, 0)


def test_going_confirms_a_hold(client, answer, taken, event):
    held = client.post("/bookings", {"event_id": event.id, "status": "pending"}).json

    said = answer("going")["booking"]

    assert (said["id"], said["status"], taken()) == (held["id"], "confirmed", 1)


def test_going_after_the_hold_has_expired_books_anew(client, answer, taken, event, clock):
    held = client.post("/bookings", {"event_id": event.id, "status": "pending"}).json
    clock.move(hours=1)

    said = answer("going")["booking"]

    assert said["status"] == "confirmed"
    assert said["id"] != held["id"]
    assert taken() == 1


def test_a_hold_that_has_expired_is_no_place(client, answer, event, session, clock):
    client.post("/bookings", {"event_id": event.id, "status": "pending"})
    clock.move(hours=1)

    answer("interested")

    assert following(session) == 1


def test_a_refusal_is_the_bookings_own(api, make, answer, taken, event, session):
    for _ in range(2):
        api.as_(make.user()).post(f"/events/{event.id}/rsvp", {"status": "going"})
    answer("interested")

    assert answer("going", 409)["code"] == "sold_out"

    assert (taken(), following(session)) == (2, 1)  # still interested


def test_what_is_not_on_sale(api, make, guest, clock):
    client = api.as_(guest)
    cancelled = make.event(status="cancelled")
    assert client.post(f"/events/{cancelled.id}/rsvp", {"status": "going"}, status=409).json["code"] == "not_on_sale"
    over = make.event()
    clock.move(days=8)
    assert client.post(f"/events/{over.id}/rsvp", {"status": "going"}, status=409).json["code"] == "not_on_sale"
    for path in (f"/events/{make.event(status='draft').id}/rsvp", "/events/999999/rsvp"):
        for status in ("going", "interested", "cancelled"):
            client.post(path, {"status": status}, status=404)


def test_bookings_for_others_are_none_of_this(client, make, answer, taken, event, guest):
    friend = make.attendee()
    client.post("/bookings", {"event_id": event.id, "attendee_id": friend.id}, status=201)

    assert answer("going")["booking"]["attendee_id"] != friend.id
    assert taken() == 2
    answer("cancelled")
    assert taken() == 1


@pytest.mark.parametrize("body", [{}, {"status": "maybe"}, {"status": None}, {"status": "going", "quantity": 2}])
def test_other_answers_are_refused(client, event, body):
    client.post(f"/events/{event.id}/rsvp", body, status=400)


def test_only_whoever_is_signed_in_answers(api, event):
    api.post(f"/events/{event.id}/rsvp", {"status": "going"}, status=401)
    api.get(f"/events/{event.id}/rsvp", status=405)


def test_a_key_answers_once(answer, taken):
    first = answer("going", **{"Idempotency-Key": "once"})
    answer("cancelled")

    assert answer("going", **{"Idempotency-Key": "once"}) == first
    assert taken() == 0


def test_interest_goes_with_the_user_and_the_event(answer, session, guest, event):
    answer("interested")
    session.delete(session.get(User, guest.id))
    session.flush()
    assert following(session) == 0
    assert session.scalar(select(func.count(Attendee.id))) == 0


def test_what_the_organizer_booked_for_somebody_they_decline(api, make, client, session, guest):
    organizer = make.organizer()
    event = make.event(organizer=organizer)
    theirs = make.attendee(user=guest)
    client.post("/bookings", {"event_id": make.event(organizer=organizer).id}, status=201)
    booked = api.as_(organizer).post("/bookings", {"event_id": event.id, "attendee_id": theirs.id}, status=201).json

    client.post(f"/events/{event.id}/rsvp", {"status": "cancelled"})

    assert session.get(Booking, booked["id"], populate_existing=True).status == "cancelled"
    assert api.get(f"/events/{event.id}/availability").json["seats_taken"] == 0
