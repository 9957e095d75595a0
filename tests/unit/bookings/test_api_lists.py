"""Lists of bookings, histories, and who is coming."""

import pytest


@pytest.fixture
def ids():
    return lambda answer: [booking["id"] for booking in answer.json["results"]]


def test_ones_own_bookings_the_newest_first(api, make, book, hold, ids):
    ada, event = make.user(), make.event(bookings_per_attendee=None)
    mine = [book(ada, event)["id"], hold(ada, event)["id"], book(ada, make.event())["id"]]
    book(make.user(), event)
    client = api.as_(ada)

    assert ids(client.get("/bookings")) == mine[::-1]
    assert ids(client.get("/bookings", ordering="booking_date")) == mine
    assert ids(client.get("/bookings", event=event.id)) == [mine[1], mine[0]]
    assert ids(client.get("/bookings", status="pending")) == [mine[1]]
    api.get("/bookings", status=401)


def test_nobody_lists_what_others_booked_but_staff(api, make, book, ids):
    ada, grace, owner = make.user(), make.user(), make.organizer()
    event = make.event(organizer=owner)
    of_ada, of_grace = book(ada, event), book(grace, event)

    assert ids(api.as_(ada).get("/bookings", user=grace.id)) == []
    assert ids(api.as_(ada).get("/bookings", code=of_grace["code"])) == []
    assert ids(api.as_(owner).get("/bookings")) == []
    staff = api.as_(make.staff())
    assert ids(staff.get("/bookings")) == [of_grace["id"], of_ada["id"]]
    assert ids(staff.get("/bookings", user=grace.id)) == [of_grace["id"]]
    assert ids(staff.get("/bookings", code=of_ada["code"])) == [of_ada["id"]]
    assert ids(staff.get("/bookings", attendee=of_ada["attendee_id"])) == [of_ada["id"]]


def test_pages_and_walks_meet_every_booking_once(api, make, book, ids):
    ada = make.user()
    event = make.event(bookings_per_attendee=None)
    all_of_them = [book(ada, event)["id"] for _ in range(5)][::-1]
    client = api.as_(ada)

    first = client.get("/bookings", page_size=2)
    assert (first.json["count"], first.json["previous"]) == (5, None)
    second = client.get(first.json["next"])
    third = client.get(second.json["next"])
    assert [*ids(first), *ids(second), *ids(third)] == all_of_them
    assert third.json["next"] is None
    assert ids(client.get(third.json["previous"])) == ids(second)

    walk, found = client.get("/bookings", page_size=2, cursor=""), []
    newer = book(ada, event)
    found += ids(walk)
    while walk.json["next"]:
        walk = client.get(walk.json["next"])
        found += ids(walk)
    assert found == all_of_them
    assert newer["id"] not in found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"ordering": "code"}, "ordering"),
        ({"event": "x"}, "event"),
        ({"page_size": 101}, "page_size"),
        ({"page": 0}, "page"),
        ({"colour": "red"}, "colour"),
        ({"cursor": "nonsense"}, "cursor"),
    ],
)
def test_bad_parameters_are_named(api, make, query, field):
    text = "&".join(f"{name}={value}" for name, value in query.items())

    answer = api.as_(make.user()).get(f"/bookings?{text}", status=400).json
    assert [error["field"] for error in answer["errors"]] == [field]


def test_a_list_takes_as_many_statements_however_long(api, make, book, statements):
    ada, client = make.user(), None
    events = [make.event(ticket_types=[{"capacity": 50}]) for _ in range(8)]
    client = api.as_(ada)
    seen = []
    for event in events:
        book(ada, event, quantity=3)
        with statements() as said:
            client.get("/bookings", page_size=100)
        seen.append(len(said))
    assert set(seen) == {seen[0]}
    assert seen[0] <= 4, seen  # who asks, how many, the bookings, their tickets


def test_the_history_of_a_user(api, make, book, ids):
    ada, grace = make.user(), make.user()
    first = book(ada, make.event())
    second = book(ada, make.event())
    api.as_(ada).delete(f"/bookings/{first['id']}")
    path = f"/users/{ada.id}/bookings"

    assert ids(api.as_(ada).get(path)) == [second["id"], first["id"]]
    assert ids(api.as_(ada).get(path, status="cancelled")) == [first["id"]]
    assert ids(api.as_(make.staff()).get(path, ordering="booking_date")) == [first["id"], second["id"]]
    assert api.as_(grace).get(path, status=404).json["code"] == "not_found"
    assert api.as_(make.organizer()).get(path, status=404).json["code"] == "not_found"
    api.get(path, status=401)
    api.as_(make.staff()).get("/users/999999/bookings", status=404)


def test_the_history_of_an_attendee(api, make, book, ids):
    ada, owner, guest = make.user(), make.organizer(), make.attendee()
    event = make.event(organizer=owner)
    own = book(ada, make.event(organizer=owner))
    by_owner = api.as_(owner).post("/bookings", {"event_id": event.id, "attendee_id": own["attendee_id"]}).json
    for_guest = book(ada, event, attendee_id=guest.id)
    path = f"/attendees/{own['attendee_id']}/bookings"

    assert ids(api.as_(ada).get(path)) == [by_owner["id"], own["id"]]
    assert ids(api.as_(make.staff()).get(path, event=event.id)) == [by_owner["id"]]
    api.as_(owner).get(path, status=404)
    api.as_(ada).get(f"/attendees/{guest.id}/bookings", status=404)
    assert ids(api.as_(make.staff()).get(f"/attendees/{guest.id}/bookings")) == [for_guest["id"]]


def test_the_bookings_of_an_event(api, make, book, hold, ids):
    owner, ada = make.organizer(), make.user()
    event = make.event(organizer=owner)
    booked, held = book(ada, event), hold(make.user(), event)
    book(ada, make.event(organizer=owner))
    path = f"/events/{event.id}/bookings"

    assert ids(api.as_(owner).get(path)) == [held["id"], booked["id"]]
    assert api.as_(owner).get(path).json["results"][1] == booked
    assert ids(api.as_(make.staff()).get(path, status="pending")) == [held["id"]]
    for stranger in (ada, make.organizer()):
        api.as_(stranger).get(path, status=403)
    api.get(path, status=401)
    api.as_(owner).get("/events/999999/bookings", status=404)


def test_who_is_coming_with_counts(api, make, book, hold):
    owner, ada, grace = make.organizer(), make.user(first_name="Ada", last_name="M"), make.user()
    event, guest = make.event(organizer=owner), make.attendee(phone="+351 555 0100")
    booked, held = book(ada, event, quantity=2), hold(grace, event, quantity=4)
    for_guest = book(ada, event, quantity=3, attendee_id=guest.id)
    cancelled = book(make.user(), event)
    api.as_(owner).delete(f"/bookings/{cancelled['id']}")
    book(ada, make.event(organizer=owner))
    path, client = f"/events/{event.id}/attendees", api.as_(owner)

    coming = client.get(path).json

    assert [entry["booking_id"] for entry in coming["results"]] == [
        b["id"] for b in (booked, held, for_guest, cancelled)
    ]
    assert coming["results"][0] == {
        "booking_id": booked["id"],
        "code": booked["code"],
        "status": "confirmed",
        "quantity": 2,
        "booking_date": booked["booking_date"],
        "attendee": {
            "id": booked["attendee_id"],
            "first_name": "Ada",
            "last_name": "M",
            "email": ada.email,
            "phone": "",
        },
    }
    assert coming["results"][2]["attendee"]["phone"] == "+351 555 0100"
    counts = [
        {"status": "cancelled", "bookings": 1, "places": 1},
        {"status": "confirmed", "bookings": 2, "places": 5},
        {"status": "pending", "bookings": 1, "places": 4},
    ]
    assert coming["counts"] == counts
    confirmed = client.get(path, status="confirmed", page_size=1).json
    assert (confirmed["count"], confirmed["counts"]) == (2, counts)
    assert client.get(confirmed["next"]).json["results"][0]["booking_id"] == for_guest["id"]
    api.as_(make.staff()).get(path)
    for stranger in (ada, make.organizer()):
        api.as_(stranger).get(path, status=403)
    api.get(path, status=401)


def test_nobody_is_coming_yet(api, make):
    owner = make.organizer()
    answer = api.as_(owner).get(f"/events/{make.event(organizer=owner).id}/attendees").json
    assert (answer["count"], answer["results"], answer["counts"]) == (0, [], [])


def test_a_draft_shows_its_guests_to_nobody_else(api, make):
    event = make.event(status="draft")
    for path in (f"/events/{event.id}/attendees", f"/events/{event.id}/bookings"):
        api.as_(make.organizer()).get(path, status=404)


def test_what_was_read_of_tickets_can_be_sent_back(api, make, book):
    ada, event = make.user(), make.event()
    booking = book(ada, event, tickets=[{"name": "", "email": ""}])
    holders = [{name: ticket[name] for name in ("id", "name", "email")} for ticket in booking["tickets"]]
    api.as_(ada).patch(f"/bookings/{booking['id']}", {"tickets": holders})
