"""A buyer pays for a ticket in the demo, staff give the money back, and who waits gets the places, in a real browser."""

import re
from contextlib import contextmanager

import httpx2
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.watching import Visitor

from turnout.testing.live import Live

PATIENCE = 30_000
"""Milliseconds that background work may take on a busy machine."""


@pytest.fixture(scope="module")
def till(workshop, tmp_path_factory):
    """Start a server with the demo, whose bookings have to be paid, and for which people wait."""
    url = workshop.fresh("postgresql", plugins="payments waitlist")
    settings = {
        "turnout.plugins": "payments waitlist",
        "payments.allow_test": "true",
        "payments.manual_instructions": "Bring it to the box office.",
    }
    server = Live(url, tmp_path_factory.mktemp("till"), settings)
    try:
        server.run("demo", "load")
        server.start()
        yield server
    finally:
        server.stop()
        workshop.databases("postgresql").drop(url)


@pytest.fixture
def visit_till(chromium, till):
    """Return a function that opens a browser window; at the end, nothing may have gone wrong in any."""
    visitors = []

    def visit(**options):
        context = chromium.new_context(base_url=f"http://127.0.0.1:{till.port}", **({"viewport": DESKTOP} | options))
        visitors.append(Visitor(context))
        return visitors[-1]

    yield visit
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    for visitor in visitors:
        visitor.context.close()
    assert troubles == []


@contextmanager
def shopping(till, username, password="demo"):
    """Give the API as somebody uses it."""
    said = {"username": username, "password": password}
    token = till.client.post("/auth/login", json=said).raise_for_status().json()["access_token"]
    with httpx2.Client(base_url=till.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        yield client


@pytest.fixture
def shop(till):
    """Return the API as the demo's visitor uses it, as a shop of theirs would."""
    with shopping(till, "ada") as client:
        yield client


@pytest.fixture
def book(shop, till):
    """Return what books two places and begins to pay; it gives the booking, and where the buyer goes on."""

    def book(provider="test", event_id=None):
        found = shop.get("/events", params={"min_price": 1, "available_only": "true", "upcoming_only": "true"}).json()
        for event in found["results"] if event_id is None else [{"id": event_id}]:
            made = shop.post("/bookings", json={"event_id": event["id"], "quantity": 2})
            if made.status_code == 201 and made.json()["status"] == "pending":
                booking = made.json()
                # Another origin than the pages', as shops are.
                back = f"http://localhost:{till.port}/admin/sign-in?basket=7"
                wanted = {"provider": provider, "return_url": back}
                payment = shop.post(f"/bookings/{booking['id']}/payments", json=wanted).raise_for_status().json()
                return booking, payment["redirect_url"]
        raise AssertionError("the demo has no event to book")

    return book


def pay(visitor, address, name):
    """Go where the buyer is sent, and pay."""
    page = visitor.go(address)
    expect(page.get_by_role("button", name="Pay", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.locator("main")).to_contain_text("no money is taken")
    assert visitor.check() == []
    visitor.picture(f"play-{name}")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url(re.compile("localhost.*basket=7.*status=paid"), timeout=PATIENCE)
    return page


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("desktop", {}),
        ("phone", {"viewport": PHONE, "color_scheme": "dark"}),
        ("no-scripts", {"java_script_enabled": False}),
    ],
)
def test_a_buyer_pays(visit_till, book, shop, name, options):
    visitor = visit_till(**options)
    if name == "no-scripts":
        visitor.check = list
    booking, address = book()
    assert booking["extensions"]["payments"]["status"] == "unpaid"
    pay(visitor, address, name)
    paid = shop.get(f"/bookings/{booking['id']}").json()
    assert (paid["status"], paid["extensions"]["payments"]["status"]) == ("confirmed", "paid")


def test_a_buyer_who_comes_back_too_early_waits(visit_till, book):
    visitor = visit_till(viewport=PHONE)
    _, address = book()
    page = visitor.go(address)
    page.get_by_role("button", name=re.compile("the money takes")).click(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Your payment is on its way")).to_be_visible(timeout=PATIENCE)
    assert visitor.check() == []
    visitor.picture("checking-phone")
    page.wait_for_url(re.compile("localhost.*status=paid"), timeout=2 * PATIENCE)


def test_a_failure_leads_back(visit_till, book):
    visitor = visit_till()
    _, address = book()
    page = visitor.go(address)
    page.get_by_role("button", name="Let the payment fail").click(timeout=PATIENCE)
    page.wait_for_url(re.compile("localhost.*status=failed"), timeout=PATIENCE)


def test_staff_take_cash(visit_till, book, shop):
    booking, address = book("manual")
    buyer = visit_till(viewport=PHONE)
    page = buyer.go(address)
    expect(page.get_by_role("heading", name="How to pay")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("main")).to_contain_text("Bring it to the box office.")
    expect(page.locator("main")).to_contain_text(booking["code"])
    assert buyer.check() == []
    buyer.picture("instructions-phone")
    staff = visit_till()
    staff.sign_in("admin", "admin")
    till = staff.go(f"/admin/bookings/{booking['id']}")
    till.get_by_role("link", name="Mark as paid").click()
    till.get_by_label("Note").fill("Cash, at the box office")
    till.get_by_role("button", name="Mark as paid").click()
    expect(till.get_by_role("status")).to_contain_text("It is paid.")
    page.reload()
    page.wait_for_url(re.compile("localhost.*status=paid"), timeout=PATIENCE)
    assert shop.get(f"/bookings/{booking['id']}").json()["status"] == "confirmed"


def test_staff_give_money_back(visit_till, book, shop):
    booking, address = book()
    pay(visit_till(), address, "before-refund")
    staff = visit_till()
    staff.sign_in("admin", "admin")
    page = staff.go(f"/admin/bookings/{booking['id']}")
    expect(page.get_by_role("region", name="Payments").first).to_contain_text("paid")
    assert staff.check() == []
    staff.picture("booking-paid")
    page.get_by_role("link", name=re.compile("^Payment ")).click()
    page.get_by_role("link", name="Refund").click()
    page.get_by_label("Reason").fill("They fell ill.")
    staff.picture("refund")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("status")).to_contain_text("on its way back")

    for _ in range(30):
        if shop.get(f"/bookings/{booking['id']}").json()["extensions"]["payments"]["status"] == "refunded":
            break
        page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("main")).to_contain_text("They fell ill.")
    staff.picture("payment-refunded")
    page.set_viewport_size(PHONE)
    staff.picture("payment-refunded-phone")
    assert shop.get(f"/bookings/{booking['id']}").json()["status"] == "cancelled"
    page.set_viewport_size(DESKTOP)
    for address, name in (
        ("/admin/payments", "payments"),
        ("/admin/ledger", "ledger"),
        ("/admin", "dashboard-takings"),
    ):
        staff.go(address)
        assert staff.check() == []
        staff.picture(name)


def test_the_waiting_list_moves_when_money_goes_back(visit_till, book, till):
    with shopping(till, "harbour") as organizer, shopping(till, "admin", "admin") as waiting:
        made = {"title": "Two chairs", "starts_at": "2031-05-01T19:00:00Z", "ends_at": "2031-05-01T21:00:00Z"}
        made |= {"capacity": 2, "price": "12.00", "currency": "EUR", "status": "published"}
        event_id = organizer.post("/events", json=made).raise_for_status().json()["id"]
        booking, address = book(event_id=event_id)
        pay(visit_till(), address, "before-the-list-moves")
        joined = waiting.post(f"/events/{event_id}/waitlist", json={"quantity": 2})
        assert (joined.status_code, joined.json()["position"]) == (201, 1)

        staff = visit_till()
        staff.sign_in("harbour", "demo")
        page = staff.go(f"/admin/events/{event_id}")
        expect(page.get_by_role("region", name="Waiting list").first).to_contain_text("Waiting")
        assert staff.check() == []
        staff.picture("event-waited-for")
        staff.go(f"/admin/bookings/{booking['id']}").get_by_role("link", name=re.compile("^Payment ")).click()
        page.get_by_role("link", name="Refund").click()
        page.get_by_label("Reason").fill("They fell ill.")
        page.get_by_role("button", name="Refund").click()
        expect(page.get_by_role("status")).to_contain_text("on its way back")

        staff.go("/admin/waitlist")
        expect(page.locator("main")).to_contain_text("offered")
        assert staff.check() == []
        staff.picture("waiting-list")
        taken = waiting.post(f"/events/{event_id}/waitlist/mine/accept").raise_for_status().json()
        booking = waiting.get(f"/bookings/{taken['booking']['id']}").json()
        assert (booking["status"], booking["extensions"]["payments"]["status"]) == ("pending", "unpaid")
        page.reload()
        expect(page.locator("main")).to_contain_text("accepted")
        page.set_viewport_size(PHONE)
        staff.picture("waiting-list-phone")
