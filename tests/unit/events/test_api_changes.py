"""Changing and deleting events."""

import pytest
from sqlalchemy import func, select

from turnout.pools.models import Pool
from turnout.ticket_types.models import TicketType

NEW = {
    "title": "Harbour lights: an evening of fado 🎶",
    "starts_at": "2027-05-01T19:30:00+01:00",
    "ends_at": "2027-05-01T22:00:00+01:00",
}


def errors(answer):
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_put_replaces_and_patch_changes_only_what_it_names(client, make):
    make.tag(slug="fado")
    category = make.category()
    said = {
        "description": "Long",
        "location": "Pier",
        "country": "PT",
        "capacity": 50,
        "currency": "USD",
        "category_id": category.id,
        "tags": ["fado"],
        "price": "5.00",
        "max_tickets_per_booking": 4,
        "bookings_per_attendee": None,
        "reminder_hours": None,
        "image_url": "https://images.example.com/1.jpg",
    }
    made = client.post("/events", NEW | said).json
    path = f"/events/{made['id']}"

    patched = client.patch(path, {"title": "Renamed"}).json
    assert patched == made | {"title": "Renamed"}
    assert client.patch(path, {}).json == patched
    replaced = client.put(path, NEW | {"title": "Replaced"}).json
    expected = {
        "title": "Replaced",
        "description": "",
        "location": "",
        "country": None,
        "capacity": None,
        "category": None,
        "tags": [],
        "max_tickets_per_booking": 10,
        "bookings_per_attendee": 1,
        "reminder_hours": 24,
        "image_url": None,
        "currency": "USD",
        "price": "5.00",
    }
    assert replaced.items() >= expected.items()
    assert client.put(path, NEW | {"title": "Replaced"}).json == replaced
    assert errors(client.put(path, {"title": "Half"}, status=400)) == dict.fromkeys(
        ("starts_at", "ends_at"), "is required"
    )


@pytest.mark.parametrize("field", ["status", "id", "organizer", "ticket_types", "venue", "is_active", "created_at"])
def test_what_is_not_changed_this_way(client, make, organizer, field):
    path = f"/events/{make.event(organizer=organizer).id}"

    assert errors(client.patch(path, {field: "published"}, status=400)) == {field: "is not known here"}


@pytest.mark.parametrize(("field", "noun"), [("venue_id", "venue"), ("category_id", "category")])
def test_a_change_to_what_there_is_not_is_refused_by_name(client, make, organizer, field, noun):
    path = f"/events/{make.event(organizer=organizer).id}"
    before = client.get(path).json

    assert errors(client.patch(path, {"title": "New", field: 999_999}, status=400)) == {
        field: f"there is no such {noun}"
    }
    assert client.get(path).json == before


def test_the_currency_cannot_change(client, make, organizer):
    path = f"/events/{make.event(organizer=organizer).id}"

    assert "currency" in errors(client.patch(path, {"currency": "USD"}, status=400))
    client.patch(path, {"currency": "EUR"}, status=200)


def test_the_price_belongs_to_the_ticket_type(client, make, organizer):
    one = make.event(organizer=organizer, price=10)
    changed = client.patch(f"/events/{one.id}", {"price": "7.50"}).json
    assert (changed["price"], changed["ticket_types"][0]["price"]) == ("7.50", "7.50")
    assert "price" in errors(client.patch(f"/events/{one.id}", {"price": "7.505"}, status=400))

    several = make.event(organizer=organizer, ticket_types=[{"name": "A", "price": 5}, {"name": "B", "price": 9}])
    refused = client.patch(f"/events/{several.id}", {"title": "New", "price": "1.00"}, status=400)
    assert errors(refused) == {"price": "belongs to the ticket types: the event has several"}
    assert client.get(f"/events/{several.id}").json.items() >= {"title": several.title, "price": "5.00"}.items()


def test_capacity_never_exceeds_the_venues(client, make, session):
    venue, small = make.venue(capacity=100), make.venue(capacity=99)
    refused = client.post("/events", NEW | {"venue_id": venue.id, "capacity": 101}, status=409).json
    assert (refused["code"], refused["venue_capacity"]) == ("capacity_above_venue", 100)
    assert session.scalar(select(func.count(Pool.id))) == 0
    made = client.post("/events", NEW | {"venue_id": venue.id, "capacity": 100}, status=201).json
    path = f"/events/{made['id']}"

    for change in ({"capacity": 101}, {"venue_id": small.id}, {"venue_id": small.id, "capacity": 100}):
        assert client.patch(path, change, status=409).json["code"] == "capacity_above_venue"
        assert client.put(path, NEW | {"capacity": 100} | change | {"venue_id": small.id}, status=409)
    assert client.get(path).json == made
    assert client.patch(path, {"venue_id": small.id, "capacity": 99}).json["capacity"] == 99
    assert client.patch(path, {"venue_id": None, "capacity": 5000}).json["capacity"] == 5000
    assert client.patch(path, {"venue_id": venue.id, "capacity": None}).json["capacity"] == 100


def test_an_event_without_limit_gets_its_venues(client, make, organizer):
    path = f"/events/{make.event(capacity=None, taken=40, organizer=organizer).id}"

    small = make.venue(capacity=39)
    assert client.patch(path, {"venue_id": small.id}, status=409).json["code"] == "capacity_below_taken"
    fits = make.venue(capacity=40)
    assert client.patch(path, {"venue_id": fits.id}).json.items() >= {"capacity": 40, "seats_available": 0}.items()
    assert client.patch(path, {"venue_id": None}).json["capacity"] == 40


def test_capacity_never_falls_below_what_is_taken(client, make, organizer):
    path = f"/events/{make.event(capacity=100, taken=60, organizer=organizer).id}"

    refused = client.patch(path, {"title": "New", "capacity": 59}, status=409).json
    assert (refused["code"], refused["taken"]) == ("capacity_below_taken", 60)
    assert client.get(path).json["capacity"] == 100
    shrunk = client.patch(path, {"capacity": 60}).json
    assert shrunk.items() >= {"capacity": 60, "seats_taken": 60, "seats_available": 0, "is_sold_out": True}.items()
    assert shrunk["sales_state"] == "sold_out"
    assert client.patch(path, {"capacity": None}).json.items() >= {"capacity": None, "seats_available": None}.items()


def test_an_etag_spares_reading_and_guards_writing(api, client, make, organizer, clock, session):
    event = make.event(organizer=organizer)
    path = f"/events/{event.id}"
    first = api.get(path).headers["ETag"]
    assert api.get(path, headers={"If-None-Match": first}, status=304).body == b""
    assert api.get(path, headers={"If-None-Match": f'"x", W/{first}'}, status=304).headers["ETag"] == first

    session.get(Pool, event.pool_id).taken = 1
    clock.move(minutes=1)
    second = api.get(path, headers={"If-None-Match": first}, status=200).headers["ETag"]
    assert second != first  # places taken are shown, and are no change of what the organizer said
    third = client.patch(path, {"title": "Renamed"}, headers={"If-Match": first}).headers["ETag"]
    assert third == api.get(path).headers["ETag"] != second

    for method, body in (("PUT", NEW), ("PATCH", {"title": "Lost"}), ("DELETE", None)):
        answer = client.request(method, path, body, headers={"If-Match": first}, status=412)
        assert answer.json["code"] == "version_mismatch"
        client.request(method, path, body, headers={"If-Match": '"nonsense"'}, status=412)
    assert api.get(path).json["title"] == "Renamed"
    client.patch(path, {"title": "Again"}, headers={"If-Match": f"{first}, {third}"}, status=200)
    client.patch(path, {"title": "Whatever"}, headers={"If-Match": "*"}, status=200)
    client.delete(path, headers={"If-Match": api.get(path).headers["ETag"]}, status=204)


def test_a_change_of_tags_or_price_alone_is_a_new_version(client, make, organizer, clock):
    make.tag(slug="fado")
    path = f"/events/{make.event(organizer=organizer).id}"
    for change in ({"tags": ["fado"]}, {"price": "3.00"}, {"capacity": 7}):
        before = client.get(path).headers["ETag"]
        clock.move(seconds=1)
        client.patch(path, change)
        client.patch(path, {"title": "Lost"}, headers={"If-Match": before}, status=412)


def test_tags_are_replaced_whole_and_category_can_be_taken_away(client, make, organizer):
    for slug in ("a", "b", "c"):
        make.tag(name=slug.upper(), slug=slug)
    category = make.category(slug="music")
    path = f"/events/{make.event(organizer=organizer).id}"

    def slugs(answer):
        return [tag["slug"] for tag in answer.json["tags"]]

    assert slugs(client.patch(path, {"tags": ["b", "a", "b"]})) == ["a", "b"]
    assert slugs(client.patch(path, {"tags": ["c"]})) == ["c"]
    assert errors(client.patch(path, {"tags": ["a", "x", "y"]}, status=400)) == {"tags": "there is no tag x, y"}
    assert errors(client.patch(path, {"tags": ["A!"]}, status=400)).keys() == {"tags[0]"}
    assert slugs(client.get(path)) == ["c"]
    assert slugs(client.patch(path, {"tags": []})) == []
    assert client.patch(path, {"category_id": category.id}).json["category"]["slug"] == "music"
    assert client.patch(path, {"category_id": None}).json["category"] is None


def test_a_tag_that_is_deleted_is_taken_from_its_events(api, make):
    tag = make.tag(slug="gone")
    event = make.event(tags=[tag])

    api.as_(make.staff()).delete(f"/tags/{tag.id}", status=204)

    assert api.get(f"/events/{event.id}").json["tags"] == []


def test_an_event_that_nobody_booked_is_deleted_with_all_that_is_its(api, client, make, organizer, session):
    event = make.event(
        organizer=organizer, tags=[make.tag()], ticket_types=[{"name": "A", "capacity": 5}, {"name": "B"}]
    )
    kept = make.event()
    path = f"/events/{event.id}"

    assert client.delete(path, status=204).body == b""

    api.get(path, status=404)
    assert session.scalars(select(Pool.id)).all() == [kept.pool_id]
    assert set(session.scalars(select(TicketType.event_id))) == {kept.id}
    assert api.get("/events").json["count"] == 1


def test_an_event_that_was_booked_stays(api, make, organizer, client):
    event = make.event(organizer=organizer)
    guest = api.as_(make.user())
    booking = guest.post("/bookings", {"event_id": event.id}, status=201).json
    guest.delete(f"/bookings/{booking['id']}")

    for headers in ({}, {"Idempotency-Key": "delete-it"}):
        assert client.delete(f"/events/{event.id}", headers=headers, status=409).json["code"] == "in_use"
    api.get(f"/events/{event.id}", status=200)


def test_staff_delete_too(api, make):
    api.as_(make.staff()).delete(f"/events/{make.event(status='draft').id}", status=204)


def test_events_say_what_their_venue_says_now(api, make, client):
    staff, venue = api.as_(make.staff()), make.venue(name="Old hall", city="Porto", country="PT", capacity=None)
    made = client.post("/events", NEW | {"venue_id": venue.id, "capacity": 80, "status": "published"}).json
    path = f"/events/{made['id']}"
    assert api.get("/events", location="old hall", country="PT").json["count"] == 1

    staff.patch(f"/venues/{venue.id}", {"name": "New palace", "city": "Vigo", "country": "ES", "capacity": 80})

    shown = api.get(path).json
    assert shown["venue"].items() >= {"name": "New palace", "city": "Vigo", "country": "ES", "capacity": 80}.items()
    assert shown["country"] == "ES"
    assert api.get("/events", search="vigo palace", location="pala", country="ES").json["count"] == 1
    assert api.get("/events", location="old").json["count"] == api.get("/events", country="PT").json["count"] == 0
    assert staff.patch(f"/venues/{venue.id}", {"capacity": 79}, status=409).json["code"] == "capacity_above_venue"


def test_a_venue_gets_no_limit_while_an_event_there_has_none(api, make, client, clock):
    staff, venue = api.as_(make.staff()), make.venue(capacity=None)
    made = client.post("/events", NEW | {"venue_id": venue.id, "status": "published"}).json

    refused = staff.patch(f"/venues/{venue.id}", {"capacity": 1000}, status=409).json
    assert refused["code"] == "capacity_above_venue"
    client.patch(f"/events/{made['id']}", {"capacity": 1000})
    staff.patch(f"/venues/{venue.id}", {"capacity": 1000}, status=200)
    clock.move(days=365)  # what is over does not matter any more
    staff.patch(f"/venues/{venue.id}", {"capacity": 10}, status=200)
