"""Payments over REST: who may do what, and what is refused, naming the field."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from turnout.bookings.models import Booking

from turnout_payments.models import Payment

BACK = "https://shop.example.com/thanks"


@pytest.fixture
def post(ada, booking, bank):
    """Return what begins to pay the booking, with some of what is sent otherwise than usual."""

    def post(client=None, status=201, booking=booking, **wanted):
        body = {"provider": "bank", "return_url": BACK} | wanted
        return (client or ada).post(f"/bookings/{booking['id']}/payments", body, status=status).json

    return post


def test_what_is_answered(post, booking, event, ada, session):
    made = post()

    payment = session.get(Payment, made["id"])
    assert made["redirect_url"] == f"http://localhost/payments/{payment.token}/go"
    assert {name: made[name] for name in ("status", "amount", "currency", "provider", "booking_id", "event")} == {
        "status": "created",
        "amount": "21.00",
        "currency": "EUR",
        "provider": "bank",
        "booking_id": booking["id"],
        "event": "Fado night",
    }
    assert ada.get(f"/payments/{made['id']}").json == made
    assert ada.get(f"/bookings/{booking['id']}/payments").json == {"results": [made]}
    assert ada.get("/payments").json["results"] == [made]


def test_sent_twice_it_is_begun_once(ada, booking, bank):
    body, headers = {"provider": "bank", "return_url": BACK}, {"Idempotency-Key": "once"}
    path = f"/bookings/{booking['id']}/payments"

    first = ada.post(path, body, headers=headers, status=201).json
    assert ada.post(path, body, headers=headers, status=201).json == first


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com/",
        "https://",
        "https://user:secret@shop.example.com/",
        "https://shop.example.com/a b",
        "javascript:alert(1)",
        "/thanks",
        "https://[::1",
        "ftp://shop.example.com/",
        "https://shop.example.com:port/",
        "https://shop.example.com:99999/",
        "https://shop.example.com\\@evil.example.com/",
        "",
        7,
        None,
        "https://shop.example.com/" + "a" * 1000,
    ],
)
def test_where_buyers_are_not_sent(post, url, session):
    problem = post(return_url=url, status=400)

    assert [error["field"] for error in problem["errors"]] == ["return_url"]
    assert session.scalar(select(func.count(Payment.id))) == 0


@pytest.mark.parametrize(
    "url", ["http://localhost:3000/x", "http://127.0.0.1/x", "http://[::1]/x", "https://a.example.com?x=1#y"]
)
def test_where_buyers_are_sent(post, url):
    post(return_url=url)


def test_hosts_may_be_limited(post, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "payments.return_hosts", "tickets.example.com SHOP.example.com")
    assert post(return_url="https://evil.example.com/", status=400)["errors"][0]["field"] == "return_url"
    post(return_url="https://shop.example.com/x")


def test_plain_http_is_for_development(post, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "turnout.environment", "development")
    post(return_url="http://shop.example.com/x")


@pytest.mark.parametrize("provider", ["unknown", "", "BANK", "a" * 31, 1, None])
def test_providers_that_there_are_not(post, provider):
    assert [error["field"] for error in post(provider=provider, status=400)["errors"]] == ["provider"]


def test_a_provider_that_is_not_ready(post, api):
    # Nobody has said what buyers are to do.
    assert "manual" not in [one["name"] for one in api.get("/payments/providers").json["results"]]
    assert [error["field"] for error in post(provider="manual", status=400)["errors"]] == ["provider"]


def test_a_currency_that_a_provider_does_not_take(book, make, post, api):
    booking = book(at=make.event(currency="XAU", price="1"))
    problem = post(booking=booking, status=400)

    assert problem["errors"] == [{"field": "provider", "message": "does not take XAU"}]
    names = [one["name"] for one in api.get("/payments/providers", currency="XAU").json["results"]]
    assert "bank" not in names


def test_the_ways_to_pay(api):
    found = {one["name"]: one for one in api.get("/payments/providers").json["results"]}

    assert found["bank"] == {"name": "bank", "title": "The tests' bank", "hold_minutes": None}


def test_whose_booking_it_is(post, api, organizer, staff, make):
    post(api.as_role("user"), status=404)
    post(api.as_role("organizer"), status=404)
    post(api.as_role("anyone"), status=401)
    for client in (api.as_(organizer), staff):
        post(client)
    post(booking={"id": 999_999}, status=404)


def test_who_sees_a_payment(post, api, organizer, staff, ada, booking):
    made = post()
    for client in (ada, api.as_(organizer), staff):
        assert client.get(f"/payments/{made['id']}").json["id"] == made["id"]
        assert client.get(f"/bookings/{booking['id']}/payments").json["results"]
        assert client.get("/payments").json["count"] == 1
    for role in ("user", "organizer"):
        client = api.as_role(role)
        client.get(f"/payments/{made['id']}", status=404)
        client.get(f"/bookings/{booking['id']}/payments", status=404)
        assert client.get("/payments").json["count"] == 0
    for path in ("/payments", f"/payments/{made['id']}", f"/bookings/{booking['id']}/payments"):
        api.get(path, status=401)


def test_who_it_was_booked_for_does_not_see_how_it_was_paid(staff, make, event, api, bank):
    guest = make.user()
    attendee = make.attendee(user=guest)
    booking = staff.post("/bookings", {"event_id": event.id, "attendee_id": attendee.id}, status=201).json
    staff.post(f"/bookings/{booking['id']}/payments", {"provider": "bank", "return_url": BACK}, status=201)

    assert api.as_(guest).get(f"/bookings/{booking['id']}/payments").json == {"results": []}


def test_nothing_is_due(paid, post, make, book):
    assert post(status=409)["code"] == "nothing_due"
    free = book(at=make.event(), status="pending")
    assert post(booking=free, status=409)["code"] == "nothing_due"


def test_too_late(post, clock, outbox):
    clock.move(minutes=15)
    assert post(status=409)["code"] == "hold_expired"
    outbox.run()
    assert post(status=409)["code"] == "wrong_booking_status"


def test_cancelled(post, ada, booking):
    ada.delete(f"/bookings/{booking['id']}")
    assert post(status=409)["code"] == "wrong_booking_status"


def test_of_an_event_that_is_not_held(post, api, organizer, event):
    api.as_(organizer).post(f"/events/{event.id}/cancel")
    assert post(status=409)["code"] == "not_on_sale"


def expiry(session, booking):
    return session.scalar(select(Booking.expires_at).where(Booking.id == booking["id"]))


def test_whoever_begins_to_pay_is_waited_for(post, clock, session, booking):
    begun = clock.now()
    clock.move(minutes=10)
    made = session.get(Payment, post()["id"])

    assert made.expires_at == expiry(session, booking) == begun + timedelta(minutes=25)


def test_but_not_for_ever(post, clock, session, booking):
    begun = clock.now()
    for _ in range(20):
        clock.move(minutes=10)
        if clock.now() >= expiry(session, booking):
            break
        made = session.get(Payment, post()["id"])

    assert expiry(session, booking) == made.expires_at == begun + timedelta(minutes=120)


def test_nor_beyond_the_events_start(book, make, post, clock, session):
    event = make.event(price=1, starts_at=clock.now() + timedelta(minutes=20), ends_at=clock.now() + timedelta(hours=5))
    booking = book(at=event)
    clock.move(minutes=10)
    made = session.get(Payment, post(booking=booking)["id"])
    assert made.expires_at == event.starts_at


def test_whoever_comes_while_it_goes_on_pays_at_the_door(book, make, post, clock, session):
    event = make.event(price=1, starts_at=clock.now() - timedelta(hours=1), ends_at=clock.now() + timedelta(minutes=5))
    booking = book(at=event)
    made = session.get(Payment, post(booking=booking)["id"])

    # The booking is held for as long as ever; a payment is not begun for longer than it is.
    assert made.expires_at == expiry(session, booking)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "1.00"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "x", "amount": "-1"}, "amount"),
        ({"reason": "x", "amount": "1e999"}, "amount"),
        ({"reason": "x", "amount": []}, "amount"),
        ({"reason": "x", "amount": "1.001"}, "amount"),
        ({"reason": "x", "keep_booking": "perhaps"}, "keep_booking"),
        ({"reason": "x", "other": 1}, "other"),
    ],
)
def test_refunds_that_make_no_sense(paid, staff, body, field, refunds):
    problem = staff.post(f"/payments/{paid.id}/refunds", body, status=400).json

    assert [error["field"] for error in problem["errors"]] == [field]
    assert refunds(paid) == []


def test_refunds_of_nothing_there_is(staff):
    staff.post("/payments/999999/refunds", {"reason": "x", "amount": "1.00"}, status=404)
    staff.get("/payments/999999", status=404)


def test_filters(paid, staff, book, begin, event, booking):
    other = begin(book())

    def found(**filters):
        return [one["id"] for one in staff.get("/payments", **filters).json["results"]]

    assert found() == [other.id, paid.id]
    assert found(ordering="created_at") == [paid.id, other.id]
    assert found(**{"status": "paid"}) == [paid.id]
    assert found(booking=booking["id"]) == found(code=booking["code"]) == [paid.id]
    assert found(event=event.id, provider="bank") == [other.id, paid.id]
    assert found(event=999_999) == found(provider="test") == found(problem="any") == []
    staff.get("/payments", problem="odd", status=400)


def test_the_ledger_is_for_organizers_and_staff(paid, staff, api, organizer, ada, event):
    for client in (staff, api.as_(organizer)):
        (line,) = client.get("/payments/ledger").json["results"]
        assert (line["kind"], line["amount"], line["currency"], line["payment_id"]) == (
            "charge",
            "21.00",
            "EUR",
            paid.id,
        )
        assert client.get("/payments/ledger", kind="refund").json["count"] == 0
        assert client.get("/payments/ledger", event=event.id, payment=paid.id, provider="bank").json["count"] == 1
        assert client.get("/payments/ledger", date_from="2027-03-01T13:00:00Z").json["count"] == 0
        assert client.get("/payments/ledger", date_to="2027-03-01T12:00:00Z").json["count"] == 0
    assert api.as_role("organizer").get("/payments/ledger").json["count"] == 0
    ada.get("/payments/ledger", status=403)
    api.get("/payments/ledger", status=401)


def test_money_that_staff_took(booking, staff, api, organizer, ada, status_of, lines, session):
    path = f"/bookings/{booking['id']}/payments/mark-paid"
    ada.post(path, {}, status=403)
    api.as_role("organizer").post(path, {}, status=404)
    assert staff.post(path, {"provider": "bank"}, status=409).json["code"] == "not_settled_by_staff"
    assert staff.post(path, {"provider": "odd"}, status=400).json["errors"][0]["field"] == "provider"
    for amount in ("21.01", "0", "0.001"):
        assert staff.post(path, {"amount": amount}, status=400).json["errors"][0]["field"] == "amount"
    ada.user.is_organizer = True
    assert ada.post(path, {}, status=403).json["code"] == "forbidden"

    made = api.as_(organizer).post(path, {"note": "Cash, at the door"}, status=201).json

    assert (made["status"], made["amount_paid"], made["detail"]) == ("paid", "21.00", "Cash, at the door")
    assert status_of(booking) == ("confirmed", "paid")
    assert lines(session.get(Payment, made["id"])) == [("charge", 2100)]
    assert staff.post(path, {}, status=409).json["code"] == "nothing_due"


def test_tokens_do_what_their_scopes_say(paid, ada, api, booking):
    def client(*scopes):
        made = ada.post("/auth/tokens", {"name": "app", "scopes": list(scopes)}, status=201).json
        return type(api)(api.application, api.session, {"Authorization": f"Bearer {made['token']}"})

    client("bookings:read").get(f"/payments/{paid.id}", status=403)
    client("payments:read").get(f"/payments/{paid.id}", status=200)
    client("payments:read").post(
        f"/bookings/{booking['id']}/payments", {"provider": "bank", "return_url": BACK}, status=403
    )
