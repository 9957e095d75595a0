"""Making events, and who may."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from turnout.events.models import Event
from turnout.pools.models import Pool

NEW = {
    "title": "Harbour lights: an evening of fado 🎶",
    "starts_at": "2027-05-01T19:30:00+01:00",
    "ends_at": "2027-05-01T22:00:00+01:00",
}
VIEW = (
    "id", "title", "description", "starts_at", "ends_at", "timezone", "venue_id", "venue", "location", "country", "capacity",
    "seats_taken", "seats_available", "is_sold_out", "sales_state", "price", "currency", "max_tickets_per_booking",
    "bookings_per_attendee", "reminder_hours", "organizer", "category", "tags", "status", "is_active", "image_url",
    "is_bookable", "tickets_url", "ticket_types", "plugins", "extensions", "created_at", "updated_at",
)  # fmt: skip
TRANSITIONS = ("publish", "postpone", "cancel", "archive")


def errors(answer):
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_little_has_to_be_said(api, client, organizer):
    made = client.post("/events", NEW, status=201)

    assert tuple(made.json) == VIEW
    expected = {
        "title": NEW["title"],
        "description": "",
        "starts_at": "2027-05-01T18:30:00Z",
        "ends_at": "2027-05-01T21:00:00Z",
        "timezone": "UTC",
        "venue_id": None,
        "venue": None,
        "location": "",
        "country": None,
        "capacity": None,
        "seats_taken": 0,
        "seats_available": None,
        "is_sold_out": False,
        "sales_state": "draft",
        "price": "0.00",
        "currency": "EUR",
        "max_tickets_per_booking": 10,
        "bookings_per_attendee": 1,
        "reminder_hours": 24,
        "organizer": {"id": organizer.id, "username": "ines", "name": "Inês Prado"},
        "category": None,
        "tags": [],
        "status": "draft",
        "is_active": False,
        "image_url": None,
        "plugins": {},
        "extensions": {},
        "created_at": "2027-03-01T12:00:00Z",
        "updated_at": "2027-03-01T12:00:00Z",
    }
    assert made.json.items() >= expected.items()
    (kind,) = made.json["ticket_types"]
    assert kind.items() >= {"name": "General admission", "price": "0.00", "capacity": None}.items()
    assert made.headers["Location"].endswith(f"/api/v1/events/{made.json['id']}")
    read = client.get(f"/events/{made.json['id']}")
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]


def test_all_that_can_be_said_is_kept(client, make):
    venue = make.venue(name="Teatro do Rio", city="Porto", capacity=300, timezone="Atlantic/Azores", country="PT")
    category = make.category(name="Music", slug="music")
    make.tag(name="Fado", slug="fado")
    make.tag(name="Blues", slug="blues")
    said = {
        "description": "Vozes do porto ⚓ שלום",
        "timezone": "Europe/Madrid",
        "venue_id": venue.id,
        "location": "Foyer",
        "capacity": 120,
        "currency": "USD",
        "max_tickets_per_booking": 4,
        "bookings_per_attendee": None,
        "reminder_hours": 72,
        "image_url": "https://images.example.com/fado.jpg",
        "status": "published",
    }
    more = {"category_id": category.id, "tags": ["fado", "blues"], "price": "12.50"}

    made = client.post("/events", NEW | said | more, status=201).json

    assert made.items() >= said.items()
    assert made.items() >= {"country": "PT", "is_active": True, "sales_state": "on_sale", "price": "12.50"}.items()
    assert made["venue"] == {
        "id": venue.id,
        "name": "Teatro do Rio",
        "address": venue.address,
        "city": "Porto",
        "country": "PT",
        "capacity": 300,
        "timezone": "Atlantic/Azores",
    }
    assert made["category"] == {"id": category.id, "name": "Music", "slug": "music"}
    assert [tag["slug"] for tag in made["tags"]] == ["blues", "fado"]


def test_the_venue_says_time_zone_capacity_and_country_where_the_organizer_does_not(client, make):
    venue = make.venue(capacity=300, timezone="Atlantic/Azores", country="ES")

    made = client.post("/events", NEW | {"venue_id": venue.id}).json

    said = {"timezone": "Atlantic/Azores", "capacity": 300, "seats_available": 300, "country": "ES"}
    assert made.items() >= said.items()
    endless = make.venue(capacity=None)
    assert client.post("/events", NEW | {"venue_id": endless.id}).json["capacity"] is None


def test_a_null_time_zone_is_the_venues_also_later(client, make):
    path = f"/events/{client.post('/events', NEW | {'timezone': 'Europe/Madrid'}).json['id']}"

    assert client.patch(path, {"title": "Other"}).json["timezone"] == "Europe/Madrid"
    assert client.patch(path, {"timezone": None}).json["timezone"] == "UTC"
    venue = make.venue(timezone="Atlantic/Azores")
    assert client.patch(path, {"venue_id": venue.id}).json["timezone"] == "UTC"
    assert client.put(path, NEW | {"venue_id": venue.id}).json["timezone"] == "Atlantic/Azores"


def test_the_currency_is_the_settings_unless_given(application, client, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "events.currency", "JPY")

    made = client.post("/events", NEW | {"price": "1500"}).json
    assert (made["currency"], made["price"]) == ("JPY", "1500")
    assert client.post("/events", NEW | {"currency": "USD"}).json["currency"] == "USD"


@pytest.mark.parametrize(
    ("currency", "price", "shown"),
    [
        ("EUR", "12.5", "12.50"),
        ("EUR", 12, "12.00"),
        ("EUR", 0.1, "0.10"),
        ("EUR", "9999999999", "9999999999.00"),
        ("JPY", "1500", "1500"),
        ("JPY", "1500.0", "1500"),
        ("KWD", "1.125", "1.125"),
        ("KWD", "1", "1.000"),
    ],
)
def test_money_has_the_decimals_of_its_currency(api, client, currency, price, shown):
    made = client.post("/events", NEW | {"currency": currency, "price": price, "status": "published"}).json

    assert (made["price"], made["ticket_types"][0]["price"]) == (shown, shown)
    assert api.get("/events").json["results"][0]["price"] == shown


@pytest.mark.parametrize(
    ("currency", "price", "unit"),
    [("EUR", "12.345", "0.01"), ("JPY", "1500.5", "1"), ("KWD", "1.1255", "0.001")],
)
def test_nothing_costs_less_than_the_smallest_coin(client, session, currency, price, unit):
    answer = client.post("/events", NEW | {"currency": currency, "price": price}, status=400)

    assert errors(answer) == {"price": f"is finer than the smallest unit of {currency}, {unit}"}
    assert session.scalar(select(func.count(Event.id))) == session.scalar(select(func.count(Pool.id))) == 0


def test_ticket_types_given_stand_instead_of_the_default_one(client):
    kinds = [
        {"name": "Front row", "price": "60.00", "capacity": 20, "max_per_booking": 2},
        {"name": "Standing", "price": "25.00", "sale_ends_at": "2027-05-01T12:00:00Z"},
    ]

    made = client.post("/events", NEW | {"ticket_types": kinds, "capacity": 100, "price": "1.00"}, status=201).json

    assert made["price"] == "25.00"
    shown = [(kind["name"], kind["price"], kind["capacity"], kind["seats_available"]) for kind in made["ticket_types"]]
    assert shown == [("Front row", "60.00", 20, 20), ("Standing", "25.00", None, 100)]


@pytest.mark.parametrize(
    ("kinds", "status", "field"),
    [
        ([{"price": "1"}], 400, "ticket_types[0].name"),
        ([{"name": "A", "price": "-1"}], 400, "ticket_types[0].price"),
        ([{"name": "A"}, {"name": "B", "capacity": 0}], 400, "ticket_types[1].capacity"),
        ([{"name": "A", "price": "0.001"}], 400, "ticket_types[0].price"),
        ([{"name": "A", "min_per_booking": 3, "max_per_booking": 2}], 400, "ticket_types[0].max_per_booking"),
        ([{"name": f"Type {n}"} for n in range(51)], 400, "ticket_types"),
        ([{"name": "Twice"}, {"name": "Twice"}], 409, None),
    ],
)
def test_ticket_types_that_cannot_be_make_no_event(client, session, kinds, status, field):
    answer = client.post("/events", NEW | {"ticket_types": kinds}, status=status)

    if field:
        assert list(errors(answer)) == [field]
    else:
        assert answer.json["code"] == "ticket_type_exists"
    assert session.scalar(select(func.count(Event.id))) == session.scalar(select(func.count(Pool.id))) == 0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", " ", "must not be empty"),
        ("title", "x" * 201, "must have at most 200 characters"),
        ("title", "a\x00b", "must not contain a NUL character"),
        ("title", 5, "must be text"),
        ("title", None, "must not be null"),
        ("description", "x" * 20_001, "must have at most 20000 characters"),
        ("description", None, "must not be null"),
        ("starts_at", None, "must not be null"),
        ("starts_at", "", "must be a date and time as text"),
        ("starts_at", "tomorrow", 'must be a date and time such as "2027-05-01T19:30:00+02:00"'),
        ("starts_at", "2027-05-01T19:30:00", 'needs a time zone, such as "2027-05-01T19:30:00Z" or "...+02:00"'),
        ("starts_at", "2027-02-29T19:30:00Z", 'must be a date and time such as "2027-05-01T19:30:00+02:00"'),
        ("starts_at", "9999-12-31T23:59:59-12:00", "must be between the years 1970 and 2200"),
        ("starts_at", "0001-01-01T00:00:00+14:00", "must be between the years 1970 and 2200"),
        ("starts_at", 1_800_000_000, "must be a date and time as text"),
        ("timezone", "Lisbon", 'must be an IANA time zone such as "Europe/Lisbon"'),
        ("venue_id", "1", "must be a whole number"),
        ("venue_id", 0, "must be at least 1"),
        ("venue_id", 2**63, "must be at most 9007199254740991"),
        ("venue_id", 999_999, "there is no such venue"),
        ("category_id", 999_999, "there is no such category"),
        ("tags", "fado", "must be a list"),
        ("tags", ["no-such-tag"], "there is no tag no-such-tag"),
        ("tags", ["fado"] * 31, "must have at most 30 entries"),
        ("location", "x" * 301, "must have at most 300 characters"),
        ("country", "Portugal", 'must be an ISO 3166 code such as "PT"'),
        ("capacity", 0, "must be at least 1"),
        ("capacity", 10_000_001, "must be at most 10000000"),
        ("capacity", 1.5, "must be a whole number"),
        ("capacity", True, "must be a whole number"),
        ("currency", "eur", 'must be an ISO 4217 code such as "EUR"'),
        ("currency", None, "must not be null"),
        ("price", "-1", "must be at least 0"),
        ("price", "1e3", 'must be an amount such as "150.00"'),
        ("price", "99999999999", "must be at most 9999999999"),
        ("price", None, "must not be null"),
        ("max_tickets_per_booking", 0, "must be at least 1"),
        ("bookings_per_attendee", 0, "must be at least 1"),
        ("reminder_hours", 0, "must be at least 1"),
        ("reminder_hours", 721, "must be at most 720"),
        ("image_url", "javascript:alert(1)", "must be a web address that starts with http:// or https://"),
        ("status", "cancelled", "must be one of: draft, published"),
        ("organizer_id", 1, "is not known here"),
        ("id", 1, "is not known here"),
        ("seats_taken", 5, "is not known here"),
    ],
)
def test_bad_values_are_named_and_nothing_is_made(client, session, field, value, message):
    answer = client.post("/events", NEW | {field: value}, status=400)

    assert (answer.json["code"], errors(answer)) == ("validation_failed", {field: message})
    assert session.scalar(select(func.count(Event.id))) == 0


@pytest.mark.parametrize("missing", ["title", "starts_at", "ends_at"])
def test_what_has_to_be_said(client, missing):
    answer = client.post("/events", {name: NEW[name] for name in NEW if name != missing}, status=400)

    assert errors(answer) == {missing: "is required"}


def test_an_event_cannot_start_in_the_past_when_it_is_made(client, clock):
    now = clock.now()
    times = {"starts_at": now - timedelta(seconds=1), "ends_at": now + timedelta(hours=1)}
    assert errors(client.post("/events", NEW | times, status=400)) == {"starts_at": "must not be in the past"}

    made = client.post("/events", NEW | times | {"starts_at": now}, status=201)

    clock.move(hours=2)  # later it may say that it started earlier: this is how it was
    earlier = {"starts_at": (now - timedelta(hours=1)).isoformat()}
    assert client.patch(f"/events/{made.json['id']}", earlier).json["starts_at"] == "2027-03-01T11:00:00Z"


def test_an_event_cannot_end_before_it_starts(client):
    refused = {"ends_at": "must not be before starts_at"}
    assert errors(client.post("/events", NEW | {"ends_at": "2027-05-01T19:29:59+01:00"}, status=400)) == refused
    made = client.post("/events", NEW | {"ends_at": NEW["starts_at"]}, status=201).json
    path = f"/events/{made['id']}"

    assert errors(client.patch(path, {"starts_at": "2027-05-01T19:30:01+01:00"}, status=400)) == refused
    assert errors(client.put(path, NEW | {"ends_at": "2027-04-01T00:00:00Z"}, status=400)) == refused
    assert client.get(path).json == made


def test_times_keep_their_moment_whatever_their_offset(client):
    said = {"starts_at": "2028-02-29T00:30:00+14:00", "ends_at": "2028-02-29T23:59:59.123456-12:00"}

    made = client.post("/events", NEW | said).json

    assert (made["starts_at"], made["ends_at"]) == ("2028-02-28T10:30:00Z", "2028-03-01T11:59:59.123456Z")


def test_roles(api, make):
    assert api.post("/events", NEW, status=401).json["code"] == "unauthenticated"
    assert api.as_(make.user()).post("/events", NEW, status=403).json["code"] == "forbidden"
    for maker in (make.organizer, make.staff, make.superuser):
        user = maker()
        assert api.as_(user).post("/events", NEW, status=201).json["organizer"]["id"] == user.id


def _attempts(path):
    yield "PUT", path, NEW
    yield "PATCH", path, {"title": "Taken over"}
    yield "DELETE", path, None
    yield "POST", path + "/ticket-types", {"name": "Mine"}
    for transition in TRANSITIONS:
        yield "POST", f"{path}/{transition}", None


def test_other_peoples_events_are_read_and_not_changed(api, make):
    path = f"/events/{make.event(title='Kept').id}"
    before = api.get(path).json

    for method, where, body in _attempts(path):
        assert api.request(method, where, body, status=401).json["code"] == "unauthenticated"
        for other in (make.user(), make.organizer()):
            assert api.as_(other).request(method, where, body, status=403).json["code"] == "forbidden"
    assert api.get(path).json == before


def test_drafts_are_seen_by_their_owner_and_staff_only(api, make, organizer, client):
    event = make.event(status="draft", organizer=organizer)
    path = f"/events/{event.id}"
    reads = ("", "/availability", "/ticket-types", f"/ticket-types/{_kinds(client, path)[0]['id']}")

    for other in (api, api.as_(make.user()), api.as_(make.organizer())):
        for read in reads:
            assert other.get(path + read, status=404).json["code"] == "not_found"
    for method, where, body in _attempts(path):
        assert api.as_(make.organizer()).request(method, where, body, status=404).json["code"] == "not_found"
    for insider in (client, api.as_(make.staff())):
        for read in reads:
            insider.get(path + read, status=200)
    assert api.as_(make.staff()).patch(path, {"title": "Staff may"}).json["title"] == "Staff may"


def _kinds(client, path):
    return client.get(path + "/ticket-types").json["results"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("event_id", ["1", "999999999999999", "9999999999999999999", "abc", "-1"])
def test_what_does_not_exist_is_not_found(api, make, method, event_id):
    body = {"PUT": NEW, "PATCH": {}}.get(method)

    assert api.as_(make.staff()).request(method, f"/events/{event_id}", body, status=404).json["code"] == "not_found"


def test_a_key_makes_one_event(client, session):
    first = client.post("/events", NEW, headers={"Idempotency-Key": "once"}, status=201)
    again = client.post("/events", NEW, headers={"Idempotency-Key": "once"}, status=201)

    assert again.json == first.json
    assert session.scalar(select(func.count(Event.id))) == 1
