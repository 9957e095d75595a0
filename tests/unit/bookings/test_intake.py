"""Bookings that are accepted at once and decided later, as those who ask see them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from turnout.bookings.models import Booking
from turnout.outbox.models import Job
from turnout.users.models import User

WAIT = "The booking is not decided yet; wait until it is, before it can be {}."


def test_it_is_accepted_at_once_and_decided_later(api, asynchronous, show, make, outbox, taken):
    ada, event = make.user(), make.event(price=10)

    answer = api.as_(ada).post("/bookings", {"event_id": event.id, "quantity": 2}, status=202, headers=asynchronous)

    booking = answer.json
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Location"].endswith(f"/api/v1/bookings/{booking['id']}")
    assert booking == {
        "id": booking["id"],
        "code": booking["code"],
        "event_id": event.id,
        "user_id": ada.id,
        "attendee_id": None,
        "quantity": 2,
        "total_amount": None,
        "currency": "EUR",
        "status": "processing",
        "failure": None,
        "expires_at": None,
        "booking_date": "2027-03-01T12:00:00Z",
        "tickets": [],
        "extensions": {},
    }
    read = api.as_(ada).get(f"/bookings/{booking['id']}")
    assert (read.json, read.headers["ETag"]) == (booking, answer.headers["ETag"])
    assert taken(event) == 0

    outbox.run()

    decided = show(booking)
    [own] = api.as_(ada).get("/attendees").json["results"]
    assert [ticket["price"] for ticket in decided.pop("tickets")] == ["10.00", "10.00"]
    expected = booking | {"status": "confirmed", "attendee_id": own["id"], "total_amount": "20.00"}
    assert decided == {name: value for name, value in expected.items() if name != "tickets"}
    assert api.as_(ada).get(f"/bookings/{booking['id']}").headers["ETag"] != answer.headers["ETag"]
    assert taken(event) == 2
    assert outbox.dead == []


def test_everything_that_can_be_said_is_kept_until_then(api, accept, show, make, outbox, kinds):
    ada, guest = make.user(), make.attendee()
    event = make.event(ticket_types=[{"price": 10}, {"name": "Standing", "price": 5}])
    standing = kinds(event)[1]
    tickets = [{"ticket_type_id": standing.id, "name": "Ayşe 🎟", "email": "ayse@example.com"}, {}]

    booking = accept(ada, event, attendee_id=guest.id, status="pending", tickets=tickets)
    outbox.run()

    decided = show(booking)
    assert (decided["attendee_id"], decided["total_amount"]) == (guest.id, "15.00")
    shown = [(ticket["ticket_type_id"], ticket["name"], ticket["email"]) for ticket in decided["tickets"]]
    assert shown == [(standing.id, "Ayşe 🎟", "ayse@example.com"), (kinds(event)[0].id, "", "")]


def test_a_hold_begins_when_it_is_decided(api, accept, show, make, outbox, clock):
    ada = make.user()
    booking = accept(ada, make.event(), status="pending")
    clock.move(hours=1)
    outbox.run()

    held = show(booking)
    assert (held["status"], held["expires_at"]) == ("pending", "2027-03-01T13:15:00Z")
    assert held["booking_date"] == "2027-03-01T12:00:00Z"
    assert api.as_(ada).post(f"/bookings/{booking['id']}/confirm").json["status"] == "confirmed"


def _sold_out(_make, book, event, _ada):
    book(_make.user(), event, quantity=3)
    return {"quantity": 2}


def _booked(_make, book, event, ada):
    book(ada, event)
    return {}


def _postponed(make, _book, event, _ada):
    event.status = "postponed"
    make.session.flush()
    return {}


def _over(make, _book, event, _ada):
    event.starts_at, event.ends_at = (make.clock.now() - timedelta(hours=hours) for hours in (2, 1))
    make.session.flush()
    return {}


def _not_yet(make, _book, event, _ada):
    late = make.ticket_type(event, name="Late", sale_starts_at=make.clock.now() + timedelta(days=1))
    return {"ticket_type_id": late.id}


def _foreign_type(make, _book, _event, _ada):
    return {"ticket_type_id": make.ticket_type(make.event(), name="Elsewhere").id}


def _foreign_attendee(make, _book, _event, _ada):
    return {"attendee_id": make.attendee(user=make.user()).id}


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (_sold_out, "sold_out"),
        (_booked, "duplicate_booking"),
        (_postponed, "not_on_sale"),
        (_over, "not_on_sale"),
        (_not_yet, "not_on_sale"),
        (_foreign_type, "validation_failed"),
        (_foreign_attendee, "validation_failed"),
        (lambda *_: {"quantity": 11}, "validation_failed"),
    ],
)
def test_what_would_have_been_refused_at_once_fails_for_the_same_reason(
    accept, book, show, make, outbox, rows, prepare, code
):
    ada, event = make.user(), make.event(capacity=4)
    wanted = prepare(make, book, event, ada)
    refusal = book(ada, event, status=400 if code == "validation_failed" else 409, **wanted)
    _, *before = rows()

    booking = accept(ada, event, **wanted)
    outbox.run()

    failed = show(booking)
    assert refusal["code"] == code
    assert failed["failure"] == {"code": code, "detail": refusal["detail"]}
    assert failed == booking | {"status": "failed", "failure": failed["failure"]}
    assert rows()[1:] == before
    assert outbox.dead == outbox.waiting == []


@pytest.mark.parametrize("what", ["unknown", "draft"])
def test_an_event_that_is_not_to_be_seen_is_not_found_at_once(api, make, book, outbox, session, what, asynchronous):
    event_id = 999_999 if what == "unknown" else make.event(status="draft").id
    client = api.as_(make.user())
    refusal = client.post("/bookings", {"event_id": event_id}, status=404).json

    answer = client.post("/bookings", {"event_id": event_id}, status=404, headers=asynchronous)

    assert (answer.json["code"], answer.json["detail"]) == (refusal["code"], refusal["detail"])
    assert "Preference-Applied" not in answer.headers
    assert session.scalar(select(func.count()).select_from(Booking)) == 0
    assert outbox.waiting == []


@pytest.mark.parametrize("who", ["organizer", "staff"])
def test_who_may_see_a_draft_is_told_that_it_is_not_on_sale(accept, show, make, outbox, who):
    user = getattr(make, who)()
    booking = accept(user, make.event(status="draft", organizer=user if who == "organizer" else None))
    outbox.run()
    assert show(booking)["failure"] == {"code": "not_on_sale", "detail": "The event is draft."}


def test_what_can_be_seen_to_be_wrong_is_refused_at_once(accept, make, outbox, rows):
    ada, event, before = make.user(), make.event(), rows()
    accept(ada, event, status=400, quantity=3, tickets=[{}])
    accept(ada, event, status=400, quantity=0)
    assert (rows(), outbox.waiting) == (before, [])


def test_who_is_not_signed_in_is_told_so(api, make, asynchronous, outbox):
    api.post("/bookings", {"event_id": make.event().id}, status=401, headers=asynchronous)
    assert outbox.waiting == []


@pytest.mark.parametrize("prefer", ["return=representation", "wait=10", "respond-asynchronously", 'x="respond-async"'])
def test_who_does_not_ask_for_it_gets_an_answer(api, make, prefer):
    answer = api.as_(make.user()).post("/bookings", {"event_id": make.event().id}, headers={"Prefer": prefer})
    assert (answer.status_int, answer.json["status"]) == (201, "confirmed")
    assert "Preference-Applied" not in answer.headers


def test_sent_again_with_its_key_it_gets_its_first_answer(api, make, outbox, session, asynchronous):
    client, body = api.as_(make.user()), {"event_id": make.event().id}
    headers = asynchronous | {"Idempotency-Key": "once"}

    first = client.post("/bookings", body, status=202, headers=headers)
    outbox.run()
    again = client.post("/bookings", body, status=202, headers=headers)

    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    for name in ("Location", "Preference-Applied", "Retry-After", "ETag"):
        assert again.headers[name] == first.headers[name]
    outbox.run()
    assert session.scalars(select(Booking.status)).all() == ["confirmed"]
    without = client.post("/bookings", body, status=202, headers={"Idempotency-Key": "once"})
    assert without.json == first.json


def test_cancelled_before_it_is_decided_it_never_is(api, accept, show, make, outbox, taken, rows):
    ada, event = make.user(), make.event(capacity=1)
    booking, other = accept(ada, event), accept(make.user(), event)
    client, path = api.as_(ada), f"/bookings/{booking['id']}"
    client.delete(path, status=412, headers={"If-Match": '"2-00000000"'})

    answers = [client.delete(path, headers={"If-Match": '"1-00000000"'}).json, client.post(f"{path}/cancel").json]

    assert answers == [booking | {"status": "cancelled"}] * 2
    assert taken(event) == 0
    outbox.run()
    assert show(booking) == answers[0]
    assert (show(other)["status"], taken(event)) == ("confirmed", 1)


def test_before_it_is_decided_it_is_neither_changed_nor_confirmed(api, accept, show, make):
    ada = make.user()
    booking, client = accept(ada, make.event()), api.as_(ada)

    for answer, verb in (
        (client.patch(f"/bookings/{booking['id']}", {"quantity": 2}, status=409), "changed"),
        (client.post(f"/bookings/{booking['id']}/confirm", status=409), "confirmed"),
    ):
        assert answer.json["code"] == "wrong_booking_status"
        assert answer.json["detail"] == WAIT.format(verb)
        assert answer.json["status_now"] == "processing"
    assert show(booking) == booking


def test_what_failed_stays_so(api, accept, show, make, outbox):
    ada = make.user()
    booking, client = accept(ada, make.event(capacity=0)), api.as_(ada)
    outbox.run()
    failed = show(booking)

    for method, path in (("POST", "/confirm"), ("POST", "/cancel"), ("DELETE", ""), ("PATCH", "")):
        body = {"quantity": 2} if method == "PATCH" else None
        answer = client.request(method, f"/bookings/{booking['id']}{path}", body, status=409)
        assert answer.json["code"] == "wrong_booking_status"
    assert show(booking) == failed


def test_who_was_deleted_meanwhile_books_nothing(api, accept, make, outbox, session, taken):
    event, leaver = make.event(), make.user(username="leaver1")
    accept(leaver, event)
    stays = accept(make.user(), event)
    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "leaver"})

    outbox.run()

    assert session.scalars(select(Booking.id)).all() == [stays["id"]]
    assert (taken(event), outbox.waiting, outbox.dead) == (1, [], [])


def test_who_was_disabled_meanwhile_books_nothing(accept, show, make, outbox, session):
    ada = make.user()
    booking = accept(ada, make.event())
    session.get(User, ada.id).is_active = False
    outbox.run()
    assert show(booking)["failure"] == {"code": "unauthenticated", "detail": "This account cannot book."}


def test_what_counts_is_what_is_sold_when_it_is_decided(api, accept, show, make, outbox, kinds):
    organizer = make.organizer()
    event, cheap = make.event(organizer=organizer, price=5), make.event(organizer=organizer, price=5)
    bookings = [accept(make.user(), event), accept(make.user(), cheap)]
    client = api.as_(organizer)
    client.post(f"/events/{event.id}/cancel")
    client.patch(f"/events/{cheap.id}/ticket-types/{kinds(cheap)[0].id}", {"price": "3.00"})

    outbox.run()

    cancelled, cheaper = map(show, bookings)
    assert cancelled["failure"] == {"code": "not_on_sale", "detail": "The event is cancelled."}
    assert (cheaper["status"], cheaper["total_amount"]) == ("confirmed", "3.00")


@pytest.mark.parametrize(("then", "now"), [(True, True), (True, False), (False, True)])
def test_staff_may_what_they_might_when_they_asked_and_still_may(accept, show, make, outbox, session, then, now):
    user, guest = make.user(is_staff=then), make.attendee(user=make.user())
    booking = accept(user, make.event(), attendee_id=guest.id)
    session.get(User, user.id).is_staff = now
    outbox.run()
    assert (show(booking)["attendee_id"] == guest.id) == (then and now)
    assert (show(booking)["status"] == "confirmed") == (then and now)


def test_an_attendee_who_was_deleted_meanwhile_does_not_come(api, accept, show, make, outbox):
    guest = make.attendee()
    booking = accept(make.user(), make.event(), attendee_id=guest.id)
    api.as_(make.staff()).delete(f"/attendees/{guest.id}")
    outbox.run()
    assert show(booking)["failure"]["code"] == "validation_failed"


def test_it_is_shown_to_those_who_may_see_it(api, accept, make):
    organizer, ada = make.organizer(), make.user()
    event = make.event(organizer=organizer)
    booking = accept(ada, event)
    for user in (ada, organizer, make.staff()):
        assert api.as_(user).get(f"/bookings/{booking['id']}").json == booking
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/confirm")):
        api.as_(make.user()).request(method, f"/bookings/{booking['id']}{path}", status=404)


def test_lists_show_what_is_processing_and_what_failed(api, accept, make, outbox):
    organizer, ada, grace = make.organizer(), make.user(), make.user()
    event = make.event(organizer=organizer, capacity=1)
    failed = accept(ada, event, quantity=2)
    outbox.run()
    processing = accept(grace, event)

    client = api.as_(organizer)
    for status, booking, who in (("failed", failed, ada), ("processing", processing, grace)):
        [found] = client.get(f"/events/{event.id}/bookings", status=status).json["results"]
        assert (found["id"], found["status"]) == (booking["id"], status)
        assert api.as_(who).get("/bookings").json["results"] == [found]
        guests = client.get(f"/events/{event.id}/attendees", status=status).json
        [guest] = guests["results"]
        assert (guest["booking_id"], guest["attendee"]) == (booking["id"], None)
        assert {"status": status, "bookings": 1, "places": booking["quantity"]} in guests["counts"]


def test_the_job_says_what_is_wanted_and_in_whose_name(accept, make, session):
    ada, event = make.user(), make.event()
    booking = accept(ada, event)
    job = session.scalars(select(Job)).one()
    assert (job.stream, job.queue) == (f"event:{event.id}", "bookings")
    assert f'"booking_id":{booking["id"]},"user_id":{ada.id},"as_staff":false' in job.payload
