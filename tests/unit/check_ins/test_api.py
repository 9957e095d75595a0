"""Checking in over REST, and taking it back."""

import pytest
from tests.unit.check_ins.conftest import Door

from turnout.bookings.models import Ticket
from turnout.check_ins.services import CheckInService
from turnout.security.actors import SYSTEM
from turnout.system import system_request

PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}


@pytest.fixture
def ticket(book, event):
    """A ticket that admits somebody."""
    return book(event)["tickets"][0]


def test_a_ticket_lets_its_holder_in(door, book, event, row, clock, owner):
    booking = book(event, tickets=[{"name": "Grace Holt"}, {}])
    named, nameless = booking["tickets"]

    seen = door.check_in(named["secret"])

    assert seen == {
        "ticket_id": named["id"],
        "event_id": event.id,
        "booking_id": booking["id"],
        "booking_code": booking["code"],
        "booking_status": "confirmed",
        "ticket_type": {"id": named["ticket_type_id"], "name": "General admission"},
        "name": "Grace Holt",
        "attendee_name": "Ada Marsh",
        "checked_in_at": clock.now().isoformat().replace("+00:00", "Z"),
        "checked_in_by_id": owner.id,
    }
    assert (row(named).checked_in_at, row(named).checked_in_by_id) == (clock.now(), owner.id)
    assert row(nameless).checked_in_at is None
    assert door.check_in(nameless["id"])["name"] == "Ada Marsh"


def test_a_ticket_lets_nobody_in_twice(door, ticket, row, clock, api, make, event):
    first = door.check_in(ticket["secret"])
    clock.move(minutes=5)
    staff = Door(api.as_(make.staff()), event)

    for again in (ticket["secret"], ticket["id"]):
        refused = staff.check_in(again, status=409)
        assert refused["code"] == "already_checked_in"
        assert refused["checked_in_at"] == first["checked_in_at"]
        assert refused["ticket"] == first
    assert row(ticket).checked_in_by_id == door.client.user.id


def test_a_scanner_that_got_no_answer_sends_the_same_again(door, ticket):
    key = {"Idempotency-Key": "scan-1"}

    assert door.check_in(ticket["secret"], headers=key) == door.check_in(ticket["secret"], headers=key)


@pytest.mark.parametrize("unknown", ["iesWrZdYpC6zcGgLtVjowJje", "https://example.com/" + "x" * 500, "ÿ 中", 10**14])
def test_what_is_no_ticket_is_not_found(door, ticket, unknown):
    answer = door.check_in(unknown, status=404)

    assert (answer["code"], answer["detail"]) == ("not_found", "This is no ticket of this event.")


def test_of_another_event_nothing_is_said(door, book, make, row):
    other = make.event(title="The secret party")
    booking = book(other)
    (ticket,) = booking["tickets"]

    answers = [door.check_in(ticket["secret"], status=404), door.check_in(ticket["id"], status=404)]
    answers.append(door.undo(ticket["id"], status=404))

    for answer in answers:
        assert set(answer) == PROBLEM
        assert answer["detail"] == "This is no ticket of this event."
    assert row(ticket).checked_in_at is None


@pytest.mark.parametrize("by", ["secret", "id"])
def test_a_cancelled_ticket_lets_nobody_in(door, book, event, api, make, by, row):
    staff = api.as_(make.staff())
    cancelled = book(event)
    staff.post(f"/bookings/{cancelled['id']}/cancel")
    smaller = book(event, quantity=2)
    staff.patch(f"/bookings/{smaller['id']}", {"quantity": 1})

    for ticket, status in ((cancelled["tickets"][0], "cancelled"), (smaller["tickets"][1], "confirmed")):
        refused = door.check_in(ticket[by], status=409)
        assert refused["code"] == "ticket_cancelled"
        assert (refused["ticket"]["name"], refused["ticket"]["booking_status"]) == ("Ada Marsh", status)
        assert row(ticket).checked_in_at is None
    door.check_in(smaller["tickets"][0][by])


def test_a_hold_lets_nobody_in_until_it_is_confirmed(door, book, event, api, make, clock, row):
    held = book(event, status="pending")
    (ticket,) = held["tickets"]

    refused = door.check_in(ticket["secret"], status=409)
    assert (refused["code"], refused["status_now"]) == ("not_confirmed", "pending")
    assert row(ticket).checked_in_at is None

    api.as_(make.staff()).post(f"/bookings/{held['id']}/confirm")
    assert door.check_in(ticket["secret"])["booking_status"] == "confirmed"


@pytest.mark.parametrize("status", ["cancelled", "postponed", "archived", "draft"])
def test_nobody_is_let_in_to_what_is_not_held(door, ticket, event, session, status, row):
    event.status = status
    session.flush()

    refused = door.check_in(ticket["secret"], status=409)

    assert (refused["code"], refused["status_now"]) == ("wrong_event_status", status)
    assert row(ticket).checked_in_at is None


def test_lists_on_paper_are_typed_in_long_afterwards(door, ticket, clock):
    clock.move(days=60)
    door.check_in(ticket["id"])


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"secret": "give either the secret or the ticket_id"}),
        ({"secret": None, "ticket_id": None}, {"secret": "give either the secret or the ticket_id"}),
        ({"secret": "x", "ticket_id": 1}, {"secret": "give either the secret or the ticket_id"}),
        ({"secret": " "}, {"secret": "must not be empty"}),
        ({"secret": 7}, {"secret": "must be text"}),
        ({"secret": "x" * 1001}, {"secret": "must have at most 1000 characters"}),
        ({"secret": "a\x00b"}, {"secret": "must not contain a NUL character"}),
        ({"ticket_id": "7"}, {"ticket_id": "must be a whole number"}),
        ({"ticket_id": 0}, {"ticket_id": "must be at least 1"}),
        ({"code": "ABC"}, {"code": "is not known here"}),
    ],
)
def test_bad_bodies_are_named(door, body, errors):
    answer = door.client.post(door.path, body, status=400).json

    assert {error["field"]: error["message"] for error in answer["errors"]} == errors


def test_a_scanner_may_put_space_around_what_it_read(door, ticket):
    door.check_in(f" {ticket['secret']}\r\n")


def test_a_check_in_is_undone_as_often_as_one_likes(door, ticket, row, clock):
    door.check_in(ticket["secret"])

    for _ in range(2):
        seen = door.undo(ticket["id"])
        assert (seen["ticket_id"], seen["checked_in_at"], seen["checked_in_by_id"]) == (ticket["id"], None, None)
        assert (row(ticket).checked_in_at, row(ticket).checked_in_by_id) == (None, None)
    clock.move(minutes=1)
    assert door.check_in(ticket["secret"])["checked_in_at"] == clock.now().isoformat().replace("+00:00", "Z")


def test_what_was_never_checked_in_can_be_undone(door, ticket):
    assert door.undo(ticket["id"])["checked_in_at"] is None
    door.undo(10**14, status=404)


def test_who_keeps_the_door(api, make, event, ticket, row):
    path, body = f"/events/{event.id}/check-ins", {"secret": ticket["secret"]}
    for client, status in (
        (api, 401),
        (api.as_(make.user()), 403),
        (api.as_(make.organizer()), 403),
    ):
        client.post(path, body, status=status)
        client.get(path, status=status)
        client.delete(f"{path}/{ticket['id']}", status=status)
    assert row(ticket).checked_in_at is None
    for client in (api.as_(make.staff()), api.as_(make.superuser())):
        client.post(path, body)
        assert client.get(path).json["counts"] == {"expected": 1, "checked_in": 1}
        client.delete(f"{path}/{ticket['id']}")


def test_whoever_booked_does_not_let_themself_in(api, make, event, book):
    ada = make.organizer()
    (ticket,) = book(event, ada)["tickets"]

    api.as_(ada).post(f"/events/{event.id}/check-ins", {"secret": ticket["secret"]}, status=403)


def test_of_somebody_elses_draft_nobody_knows(api, make, event, session, ticket):
    event.status = "draft"
    session.flush()
    stranger = api.as_(make.organizer())

    for path in (f"/events/{event.id}/check-ins", "/events/999999/check-ins"):
        stranger.get(path, status=404)
        stranger.post(path, {"secret": ticket["secret"]}, status=404)
        stranger.delete(f"{path}/{ticket['id']}", status=404)


def test_a_scanner_has_a_token_that_lets_people_in_and_nothing_else(api, door, event, book, ticket):
    wanted = {"name": "Door", "scopes": ["check_ins:create"]}
    token = door.client.post("/auth/tokens", wanted, status=201).json["token"]
    scanner = Door(type(api)(api.application, api.session, {"Authorization": f"Bearer {token}"}), event)

    assert scanner.check_in(ticket["secret"])["name"] == "Ada Marsh"
    scanner.undo(ticket["id"], status=403)
    scanner.client.get(scanner.path, status=403)
    scanner.client.get(f"/events/{event.id}/bookings", status=403)
    scanner.client.get("/bookings", status=403)


def test_who_let_them_in_may_be_deleted(api, make, session, event, ticket, row):
    helper = make.organizer(username="helper-1", is_staff=True)
    Door(api.as_(helper), event).check_in(ticket["secret"])
    helper.is_staff = False
    session.flush()

    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "helper-"})

    assert row(ticket).checked_in_at is not None
    assert row(ticket).checked_in_by_id is None


def test_a_booking_of_which_somebody_is_in_stays(door, book, event, api, make):
    ada = make.user()
    booking = book(event, ada, quantity=2)
    path, guest = f"/bookings/{booking['id']}", api.as_(ada)
    door.check_in(booking["tickets"][1]["id"])
    shown = guest.get(path).json

    for refused in (
        guest.delete(path, status=409),
        api.as_(make.staff()).post(f"{path}/cancel", status=409),
        guest.post(f"/events/{event.id}/rsvp", {"status": "cancelled"}, status=409),
    ):
        assert refused.json["code"] == "tickets_used"
    assert guest.get(path).json == shown
    assert guest.patch(path, {"quantity": 1}, status=400).json["errors"][0]["field"] == "quantity"

    door.undo(booking["tickets"][1]["id"])
    assert guest.delete(path).json["status"] == "cancelled"


def test_the_installation_itself_may_check_in(application, event, ticket, session, row):
    session.commit()
    with system_request(application.router) as request:
        seen = request.find_service(CheckInService).check_in(event.id, ticket["id"], actor=SYSTEM)

    assert seen["checked_in_by_id"] is None
    assert session.get(Ticket, ticket["id"], populate_existing=True).checked_in_at is not None
