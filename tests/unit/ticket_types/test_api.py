import pytest
from sqlalchemy import func, select

from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.ticket_types.models import TicketType


@pytest.fixture
def organizer(make):
    return make.organizer()


@pytest.fixture
def client(api, organizer):
    return api.as_(organizer)


@pytest.fixture
def event(make, organizer):
    return make.event(organizer=organizer, capacity=100, price=20, bookings_per_attendee=None)


@pytest.fixture
def path(event):
    return f"/events/{event.id}/ticket-types"


@pytest.fixture
def kind(session, event):
    return session.scalars(select(TicketType).where(TicketType.event_id == event.id)).one()


@pytest.fixture
def book(api, make, event):
    """Book places, by somebody new."""

    def book(quantity=1, **more):
        client = api.as_(make.user())
        return client, client.post("/bookings", {"event_id": event.id, "quantity": quantity} | more)

    return book


@pytest.fixture
def sound(session, application):
    """Prove that the counters equal the rows."""

    def sound():
        return PoolService(session, application.registry.claim_sources).check() == []

    return sound


def errors(answer):
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_a_type_is_added_and_read_by_anyone(api, client, event, path):
    made = client.post(path, {"name": "Early bird 🐦", "price": "15.00", "capacity": 10}, status=201)

    assert made.json == {
        "id": made.json["id"],
        "event_id": event.id,
        "name": "Early bird 🐦",
        "description": "",
        "price": "15.00",
        "currency": "EUR",
        "capacity": 10,
        "seats_taken": 0,
        "seats_available": 10,
        "is_sold_out": False,
        "sale_starts_at": None,
        "sale_ends_at": None,
        "min_per_booking": 1,
        "max_per_booking": None,
    }
    assert made.headers["Location"].endswith(f"{path}/{made.json['id']}")
    read = api.get(f"{path}/{made.json['id']}")
    assert (read.json, read.headers["ETag"]) == (made.json, made.headers["ETag"])
    assert api.get(path).json["results"][-1] == made.json
    assert api.get(f"/events/{event.id}").json["price"] == "15.00"


def test_the_list_has_pages(api, make, organizer):
    event = make.event(organizer=organizer, ticket_types=[{"name": f"Type {n}"} for n in range(12)])
    path = f"/events/{event.id}/ticket-types"

    first = api.get(path).json
    second = api.get(first["next"]).json

    names = [result["name"] for page in (first, second) for result in page["results"]]
    assert names == [f"Type {n}" for n in range(12)]
    assert (first["count"], second["next"]) == (12, None)
    api.get(path, color="red", status=400)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "must not be empty"),
        ("name", "x" * 101, "must have at most 100 characters"),
        ("description", "x" * 1001, "must have at most 1000 characters"),
        ("price", "-0.01", "must be at least 0"),
        ("price", "0.001", "is finer than the smallest unit of EUR, 0.01"),
        ("capacity", 0, "must be at least 1"),
        ("min_per_booking", 0, "must be at least 1"),
        ("max_per_booking", 1001, "must be at most 1000"),
        ("sale_starts_at", "2027-03-01", 'needs a time zone, such as "2027-05-01T19:30:00Z" or "...+02:00"'),
        ("event_id", 1, "is not known here"),
    ],
)
def test_bad_values_are_named_and_change_nothing(client, session, kind, path, field, value, message):
    given = {"name": "New"} | {field: value}
    assert errors(client.post(path, given, status=400)) == {field: message}
    assert errors(client.put(f"{path}/{kind.id}", given, status=400)) == {field: message}
    assert errors(client.patch(f"{path}/{kind.id}", {field: value}, status=400)) == {field: message}
    assert session.scalar(select(func.count(TicketType.id))) == 1
    assert kind.version == 1


def test_limits_and_windows_fit_each_other(client, kind, path):
    window = {"sale_starts_at": "2027-03-02T00:00:00Z", "sale_ends_at": "2027-03-02T00:00:00Z"}
    limits = {"min_per_booking": 3, "max_per_booking": 2}
    answer = client.post(path, {"name": "New"} | window | limits, status=400)
    assert errors(answer) == {
        "sale_ends_at": "must be after the sale starts",
        "max_per_booking": "must not be below min_per_booking",
    }
    where = f"{path}/{kind.id}"
    client.patch(where, {"max_per_booking": 2, "sale_ends_at": "2027-03-02T00:00:00Z"}, status=200)
    assert errors(client.patch(where, {"min_per_booking": 3}, status=400)).keys() == {"max_per_booking"}
    assert errors(client.patch(where, {"sale_starts_at": "2027-03-03T00:00:00Z"}, status=400)).keys() == {
        "sale_ends_at"
    }
    client.patch(where, {"min_per_booking": 2, "sale_starts_at": "2027-03-01T23:59:59Z"}, status=200)


def test_a_name_is_unique_in_its_event(client, make, organizer, path, kind):
    for headers in ({}, {"Idempotency-Key": "once"}):
        refused = client.post(path, {"name": kind.name}, headers=headers, status=409).json
        assert refused["code"] == "ticket_type_exists"
    other = client.post(path, {"name": "Other"}, status=201).json
    client.patch(f"{path}/{other['id']}", {"name": kind.name}, status=409)
    client.patch(f"{path}/{other['id']}", {"name": "Other"}, status=200)
    elsewhere = make.event(organizer=organizer, ticket_types=[{"name": "Only"}])
    client.post(f"/events/{elsewhere.id}/ticket-types", {"name": kind.name}, status=201)


def test_an_event_has_at_most_fifty(client, make, organizer):
    event = make.event(organizer=organizer, ticket_types=[{"name": f"Type {n}"} for n in range(49)])
    path = f"/events/{event.id}/ticket-types"

    client.post(path, {"name": "The fiftieth"}, status=201)
    assert errors(client.post(path, {"name": "One more"}, status=400)).keys() == {"name"}


def test_put_replaces_and_patch_changes_only_what_it_names(client, path, kind):
    where = f"{path}/{kind.id}"
    client.patch(where, {"description": "By the window", "max_per_booking": 4, "capacity": 30})

    patched = client.patch(where, {"name": "Window"}).json
    said = {"name": "Window", "description": "By the window", "max_per_booking": 4, "capacity": 30, "price": "20.00"}
    assert patched.items() >= said.items()
    replaced = client.put(where, {"name": "Door"}).json
    said = {"name": "Door", "description": "", "max_per_booking": None, "capacity": None, "price": "0.00"}
    assert replaced.items() >= said.items()


def test_etags(api, client, path, kind, clock):
    where = f"{path}/{kind.id}"
    first = api.get(where).headers["ETag"]
    api.get(where, headers={"If-None-Match": first}, status=304)
    clock.move(seconds=1)
    second = client.patch(where, {"name": "New"}, headers={"If-Match": first}).headers["ETag"]
    client.post(path, {"name": "Other"})

    for method, body in (("PUT", {"name": "Lost"}), ("PATCH", {"name": "Lost"}), ("DELETE", None)):
        client.request(method, where, body, headers={"If-Match": first}, status=412)
    assert api.get(where).json["name"] == "New"
    client.delete(where, headers={"If-Match": second}, status=204)


def test_only_the_owner_and_staff_change_them(api, make, path, kind):
    where = f"{path}/{kind.id}"
    for other, status in ((api, 401), (api.as_(make.user()), 403), (api.as_(make.organizer()), 403)):
        other.post(path, {"name": "Mine"}, status=status)
        other.put(where, {"name": "Mine"}, status=status)
        other.patch(where, {"name": "Mine"}, status=status)
        other.delete(where, status=status)
    assert api.as_(make.staff()).patch(where, {"name": "Staff's"}).json["name"] == "Staff's"


def test_a_type_of_another_event_is_not_found(api, client, make, organizer, session, kind, path):
    other = make.event(organizer=organizer)
    for where in (
        f"/events/{other.id}/ticket-types/{kind.id}",
        f"{path}/999999",
        f"/events/999999/ticket-types/{kind.id}",
    ):
        api.get(where, status=404)
        client.put(where, {"name": "X"}, status=404)
        client.patch(where, {"name": "X"}, status=404)
        client.delete(where, status=404)
    api.get("/events/999999/ticket-types", status=404)
    client.post("/events/999999/ticket-types", {"name": "X"}, status=404)


def test_the_event_says_the_lowest_price(api, client, event, path, kind):
    def price():
        return api.get(f"/events/{event.id}").json["price"]

    cheap = client.post(path, {"name": "Cheap", "price": "5.00"}).json
    assert price() == "5.00"
    client.post(path, {"name": "Dear", "price": "500.00"})
    assert price() == "5.00"
    client.patch(f"{path}/{cheap['id']}", {"price": "30.00"})
    assert price() == "20.00"
    client.delete(f"{path}/{kind.id}")
    assert price() == "30.00"
    assert api.get("/events", min_price="30").json["count"] == 1


def test_the_last_one_cannot_go(client, path, kind):
    assert client.delete(f"{path}/{kind.id}", status=409).json["code"] == "last_ticket_type"
    client.post(path, {"name": "Other"})
    client.delete(f"{path}/{kind.id}", status=204)


def test_one_that_was_sold_cannot_go(api, client, path, kind, book):
    client.post(path, {"name": "Other"})
    buyer, booking = book(ticket_type_id=kind.id)
    for _ in range(2):
        for headers in ({}, {"Idempotency-Key": "go"}):
            assert client.delete(f"{path}/{kind.id}", headers=headers, status=409).json["code"] == "in_use"
        buyer.delete(f"/bookings/{booking.json['id']}")  # a ticket that was cancelled is still a record
    api.get(f"{path}/{kind.id}", status=200)


def test_the_pool_of_a_type_goes_with_it(client, session, path):
    made = client.post(path, {"name": "Few", "capacity": 5}).json
    assert session.scalar(select(func.count(Pool.id))) == 2

    client.delete(f"{path}/{made['id']}", status=204)

    assert session.scalar(select(func.count(Pool.id))) == 1


def test_the_first_limit_counts_what_is_sold(client, path, kind, book, sound):
    where = f"{path}/{kind.id}"
    buyer, booking = book(3)
    book(1, status="pending")
    other, cancelled = book(2)
    other.delete(f"/bookings/{cancelled.json['id']}")

    refused = client.patch(where, {"capacity": 3}, status=409).json
    assert (refused["code"], refused["taken"]) == ("capacity_below_taken", 4)
    assert client.get(where).json["capacity"] is None
    limited = client.patch(where, {"capacity": 4}).json
    assert limited.items() >= {"capacity": 4, "seats_taken": 4, "seats_available": 0, "is_sold_out": True}.items()
    assert sound()
    buyer.delete(f"/bookings/{booking.json['id']}")
    assert client.get(where).json.items() >= {"seats_taken": 1, "seats_available": 3}.items()
    assert sound()


def test_a_hold_made_before_the_limit_gives_its_places_back(client, path, kind, book, sound, clock):
    where = f"{path}/{kind.id}"
    book(2, status="pending")
    client.patch(where, {"capacity": 2})
    clock.move(hours=1)

    _, booked = book(2)  # finds the pool full and first releases what has expired

    assert booked.json["status"] == "confirmed"
    assert client.get(where).json["seats_taken"] == 2
    assert sound()


def test_a_limit_is_changed_and_taken_away_while_tickets_are_sold(client, path, kind, book, sound):
    where = f"{path}/{kind.id}"
    client.patch(where, {"capacity": 5})
    book(5)
    assert client.get(where).json["is_sold_out"]

    assert client.patch(where, {"capacity": 4}, status=409).json["code"] == "capacity_below_taken"
    assert client.patch(where, {"capacity": 7}).json["seats_available"] == 2
    book(2)
    unlimited = client.patch(where, {"capacity": None}).json
    assert unlimited.items() >= {"capacity": None, "seats_taken": None, "seats_available": 93}.items()
    book(10)
    assert client.patch(where, {"capacity": 16}, status=409).json["taken"] == 17
    assert client.patch(where, {"capacity": 17}).json.items() >= {"seats_taken": 17, "seats_available": 0}.items()
    assert sound()


def test_a_types_limit_is_kept_beside_the_events(api, client, make, path, kind, event):
    few = client.post(path, {"name": "Few", "capacity": 2}).json
    guest = api.as_(make.user())
    wanted = {"event_id": event.id, "ticket_type_id": few["id"]}

    assert guest.post("/bookings", wanted | {"quantity": 3}, status=409).json["code"] == "sold_out"
    guest.post("/bookings", wanted | {"quantity": 2}, status=201)
    assert guest.post("/bookings", wanted, status=409).json["code"] == "sold_out"
    guest.post("/bookings", wanted | {"ticket_type_id": kind.id}, status=201)
    shown = api.get(f"/events/{event.id}/availability").json
    assert (shown["seats_taken"], [kind["seats_taken"] for kind in shown["ticket_types"]]) == (3, [None, 2])


def test_a_types_limit_may_exceed_the_events(client, path):
    made = client.post(path, {"name": "Many", "capacity": 500}).json

    assert made.items() >= {"capacity": 500, "seats_available": 100}.items()


def test_each_change_makes_claims_that_were_priced_before_void(client, session, event, path, kind):
    revision = select(Pool.revision).where(Pool.id == event.pool_id)
    seen = [session.scalar(revision)]
    made = client.post(path, {"name": "Other"}).json
    for method, where, body in (
        ("PATCH", f"{path}/{kind.id}", {"price": "1.00"}),
        ("PUT", f"{path}/{kind.id}", {"name": "Whole"}),
        ("PATCH", f"{path}/{kind.id}", {"capacity": 10}),
        ("PATCH", f"{path}/{kind.id}", {"capacity": None}),
        ("DELETE", f"{path}/{made['id']}", None),
        ("PATCH", f"/events/{event.id}", {"max_tickets_per_booking": 2}),
    ):
        seen.append(session.scalar(revision))
        client.request(method, where, body)
    seen.append(session.scalar(revision))

    assert seen == sorted(set(seen))
    assert len(seen) == 8


def test_a_type_is_sold_in_its_window(client, path, kind, api, make, event, clock):
    window = {"sale_starts_at": "2027-03-02T00:00:00Z", "sale_ends_at": "2027-03-03T00:00:00Z"}
    client.patch(f"{path}/{kind.id}", window)
    guest = api.as_(make.user())
    for hours, status in ((11, 409), (1, 201), (23, 201), (1, 409)):
        clock.move(hours=hours)
        guest.post("/bookings", {"event_id": event.id, "ticket_type_id": kind.id}, status=status)


def test_tickets_that_were_sold_keep_their_price(client, path, kind, book):
    buyer, booking = book(2)
    client.patch(f"{path}/{kind.id}", {"price": "99.00"})

    assert buyer.get(f"/bookings/{booking.json['id']}").json["total_amount"] == "40.00"
    assert book(1)[1].json["total_amount"] == "99.00"
