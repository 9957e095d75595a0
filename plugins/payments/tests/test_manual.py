"""What is paid by transfer or in cash: the buyer is told how, and staff say that the money is there."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

INSTRUCTIONS = "Transfer it to the account\nPT50 0000 <invented> 0000."
BACK = "https://shop.example.com/done"


@pytest.fixture(scope="session")
def settings():
    return {"payments.manual_instructions": INSTRUCTIONS, "payments.manual_hold_days": "3"}


@pytest.fixture
def ada(api, make):
    return api.as_(make.user(first_name="Ada"))


@pytest.fixture
def organizer(make):
    return make.organizer()


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", price="25.00", organizer=organizer)


@pytest.fixture
def booking(ada, event):
    return ada.post("/bookings", {"event_id": event.id, "quantity": 2}, status=201).json


@pytest.fixture
def begun(ada, booking, outbox):
    """A payment by transfer that is begun."""
    wanted = {"provider": "manual", "return_url": BACK}
    made = ada.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
    outbox.run()
    return made


def held_until(client, booking):
    return datetime.fromisoformat(client.get(f"/bookings/{booking['id']}").json["expires_at"])


def test_places_are_held_for_days(ada, booking, begun, clock):
    assert held_until(ada, booking) == clock.now() + timedelta(days=3)


def test_no_longer_than_until_the_event_begins(ada, make, clock, outbox):
    event = make.event(price=5, starts_at=clock.now() + timedelta(days=1))
    booking = ada.post("/bookings", {"event_id": event.id}, status=201).json
    ada.post(f"/bookings/{booking['id']}/payments", {"provider": "manual", "return_url": BACK}, status=201)
    assert held_until(ada, booking) == event.starts_at


def test_the_buyer_is_told_how(browser, begun, booking):
    path = urlsplit(begun["redirect_url"]).path
    page = browser.get(path)
    page.mustcontain(
        "How to pay", "Fado night", "€50.00", booking["code"], "Pay by", "PT50 0000 &lt;invented&gt; 0000.",
        f"{BACK}?payment_id={begun['id']}&amp;status=open",
    )  # fmt: skip
    browser.get(path.replace("/go", "/play"), status=404)
    browser.get(path.replace("/go", "/back"), status=303).follow().mustcontain("How to pay")


def test_staff_say_that_the_money_is_there(browser, begun, booking, ada, outbox):
    staff = browser.as_role("staff")
    page = staff.get(f"/admin/bookings/{booking['id']}").click("Mark as paid")
    page.forms["form"].submit(status=400).mustcontain("is required")
    page.forms["form"]["note"] = "Transfer of 3 May"
    page.forms["form"].submit(status=303).follow().mustcontain("It is paid.", "confirmed", no="Mark as paid")
    outbox.run()
    shown = ada.get(f"/bookings/{booking['id']}").json
    assert (shown["status"], shown["extensions"]["payments"]["status"]) == ("confirmed", "paid")
    staff.get(f"/admin/payments/{begun['id']}").mustcontain("Transfer of 3 May", "€50.00")
    answer = browser.get(urlsplit(begun["redirect_url"]).path, status=303).follow(status=303)
    assert answer.headers["Location"].endswith("status=paid")


def test_what_is_given_back_waits_for_staff_to_do_so(browser, booking, begun, ada, api, organizer, outbox):
    owner = browser.as_(organizer)
    owner.post(f"/admin/payments/{booking['id']}/mark-paid", {"note": "Cash"}, status=303)
    path = f"/admin/payments/{begun['id']}"
    form = owner.get(f"{path}/refund").forms["form"]
    form["reason"] = "They fell ill."
    form.submit(status=303).follow().mustcontain("Give the money back, and say here that you have.")
    outbox.run()
    page = owner.get(path)
    page.mustcontain("pending", "They fell ill.", "Give the money back by hand, and then mark it as refunded.")
    staff = browser.as_role("staff")
    staff.get("/admin").mustcontain("A payment needs somebody to look after it.")
    assert ada.get(f"/bookings/{booking['id']}").json["extensions"]["payments"]["amount_refunded"] == "0.00"
    form = next(form for form in page.forms.values() if form.action.endswith("/mark-refunded"))
    form.submit(status=303).follow().mustcontain("It is in the ledger.", no="/mark-refunded")
    assert ada.get(f"/bookings/{booking['id']}").json["extensions"]["payments"]["amount_refunded"] == "50.00"
    owner.post(f"{path}/mark-refunded", status=409)
    staff.get("/admin").mustcontain("Dashboard", no="somebody to look after it")


def test_nobody_else_says_that_money_is_there(browser, begun, booking):
    for who, status in ((browser, 302), (browser.as_role("user"), 403), (browser.as_role("organizer"), 404)):
        who.post(f"/admin/payments/{booking['id']}/mark-paid", {"note": "Cash"}, status=status)


def test_it_is_offered_to_buyers(ada):
    offered = {one["name"]: one["title"] for one in ada.get("/payments/providers").json["results"]}
    assert offered["manual"] == "Bank transfer or cash"
