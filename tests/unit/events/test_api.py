from datetime import timedelta

import pytest
from sqlalchemy import func, select

from turnout.events.models import Event
from turnout.pools.models import Pool
from turnout.ticket_types.models import TicketType

NEW = {
    "title": "Harbour lights: an evening of fado 🎶",
    "starts_at": "2027-05-01T19:30:00+01:00",
    "ends_at": "2027-05-01T22:00:00+01:00",
}
VIEW = (
    "id", "title", "description", "starts_at", "ends_at", "timezone", "venue_id", "venue", "location", "country", "capacity",
    "seats_taken", "seats_available", "is_sold_out", "sales_state", "price", "currency", "max_tickets_per_booking",
    "bookings_per_attendee", "organizer", "category", "tags", "status", "is_active", "image_url", "ticket_types",
    "extensions", "created_at", "updated_at",
)  # fmt: skip
TRANSITIONS = ("publish", "postpone", "cancel", "archive")


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado", username="ines")


@pytest.fixture
def client(api, organizer):
    return api.as_(organizer)


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
        "organizer": {"id": organizer.id, "username": "ines", "name": "Inês Prado"},
        "category": None,
        "tags": [],
        "status": "draft",
        "is_active": False,
        "image_url": None,
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
        ([{"name": "A", "price": "0.001"}], 400, "price"),
        ([{"name": "A", "min_per_booking": 3, "max_per_booking": 2}], 400, "max_per_booking"),
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


def test_a_key_makes_one_event(client, session):
    first = client.post("/events", NEW, headers={"Idempotency-Key": "once"}, status=201)
    again = client.post("/events", NEW, headers={"Idempotency-Key": "once"}, status=201)

    assert again.json == first.json
    assert session.scalar(select(func.count(Event.id))) == 1


def test_availability_is_counted_from_the_pools(api, make):
    kinds = [{"name": "Few", "capacity": 5, "taken": 5, "price": 10}, {"name": "Many", "capacity": 200, "taken": 30}]
    event = make.event(capacity=100, taken=35, ticket_types=kinds)

    shown = api.get(f"/events/{event.id}/availability").json

    kinds = shown.pop("ticket_types")
    assert shown == {
        "event_id": event.id,
        "capacity": 100,
        "seats_taken": 35,
        "seats_available": 65,
        "is_sold_out": False,
    }
    told = [(kind["seats_taken"], kind["seats_available"], kind["is_sold_out"]) for kind in kinds]
    assert told == [(5, 0, True), (30, 65, False)]
    assert api.get(f"/events/{event.id}").json["ticket_types"] == kinds


def test_availability_without_a_limit(api, make):
    event = make.event(capacity=None, taken=7)

    shown = api.get(f"/events/{event.id}/availability").json

    said = {"capacity": None, "seats_taken": 7, "seats_available": None, "is_sold_out": False}
    assert shown.items() >= said.items()
    assert shown["ticket_types"][0]["seats_taken"] is None


def test_an_event_is_sold_out_when_all_its_ticket_types_are(api, make):
    kinds = [{"name": "A", "capacity": 5, "taken": 5}, {"name": "B", "capacity": 7, "taken": 7}]
    event = make.event(capacity=None, taken=12, ticket_types=kinds)

    assert api.get(f"/events/{event.id}").json.items() >= {"is_sold_out": True, "sales_state": "sold_out"}.items()


@pytest.mark.parametrize(
    ("windows", "state"),
    [
        ([(None, None)], "on_sale"),
        ([(-1, 1)], "on_sale"),
        ([(0, None)], "on_sale"),
        ([(1, None)], "not_yet"),
        ([(None, 0)], "closed"),
        ([(-2, -1)], "closed"),
        ([(-2, -1), (1, 2)], "not_yet"),
        ([(-2, -1), (-1, None)], "on_sale"),
    ],
)
def test_the_state_of_the_sale_follows_the_sale_windows(api, make, clock, windows, state):
    def moment(days):
        return None if days is None else clock.now() + timedelta(days=days)

    kinds = [
        {"name": f"Type {n}", "sale_starts_at": moment(start), "sale_ends_at": moment(end)}
        for n, (start, end) in enumerate(windows)
    ]
    event = make.event(ticket_types=kinds)

    assert api.get(f"/events/{event.id}").json["sales_state"] == state


def test_a_sold_out_ticket_type_does_not_keep_the_sale_open(api, make, clock):
    kinds = [
        {"name": "Early", "capacity": 1, "taken": 1},
        {"name": "Late", "sale_starts_at": clock.now() + timedelta(days=1)},
    ]
    event = make.event(capacity=10, taken=1, ticket_types=kinds)

    assert api.get(f"/events/{event.id}").json["sales_state"] == "not_yet"
    clock.move(days=1)
    assert api.get(f"/events/{event.id}").json["sales_state"] == "on_sale"


def test_an_event_that_is_over_is_not_active(api, make, clock):
    event = make.event()
    clock.move(days=7, hours=2, minutes=59)
    assert api.get(f"/events/{event.id}").json.items() >= {"is_active": True, "sales_state": "on_sale"}.items()
    clock.move(minutes=1)
    assert api.get(f"/events/{event.id}").json.items() >= {"is_active": False, "sales_state": "ended"}.items()


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
