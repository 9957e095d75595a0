"""What an event's page shows of its payments, and giving back everything that was paid for it."""

import pytest
from sqlalchemy import select, update

from turnout_payments.models import Payment, Play, Refund

BACK = "https://shop.example.com/done"


@pytest.fixture
def organizer(make):
    return make.organizer()


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", price="25.00", organizer=organizer)


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def paid(api, make, event, browser, outbox):
    """Return what books some places and pays for them on the page of the test provider."""

    def paid(quantity=2, at=None):
        buyer = api.as_(make.user())
        booking = buyer.post("/bookings", {"event_id": (at or event).id, "quantity": quantity}, status=201).json
        wanted = {"provider": "test", "return_url": BACK}
        made = buyer.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        outbox.run()
        browser.post(made["redirect_url"].removeprefix("http://localhost").replace("/go", "/play"), {"what": "pay"})
        outbox.run()
        return made

    return paid


@pytest.fixture
def cancelled(paid, api, organizer, event, outbox):
    """Three payments of an event that was then cancelled."""
    made = [paid(), paid(1), paid()]
    api.as_(organizer).post(f"/events/{event.id}/cancel")
    outbox.run()
    return made


def page_of(event):
    return f"/admin/events/{event.id}"


def refund_all(event):
    return f"/admin/takings/{event.id}/refund-all"


def test_an_event_shows_its_takings(paid, staff, event, make):
    staff.get(page_of(event)).mustcontain("Fado night", no="Received")
    paid()
    paid(1)
    page = staff.get(page_of(event))
    page.mustcontain("Received", "€75.00", "Refunded", "€0.00", no="refund-all")
    yen = make.event(title="In Tokyo", price=1500, currency="JPY")
    paid(2, yen)
    staff.get(page_of(yen)).mustcontain("¥3,000", no="€")
    staff.get("/admin").mustcontain("Fado night", "€75.00", "In Tokyo", "¥3,000")


def test_before_it_is_cancelled_one_reads_what_can_be_refunded(paid, staff, event):
    paid()
    paid()
    staff.get(f"{page_of(event)}/cancel").mustcontain("2 payments of 100.00 EUR in all can then be refunded")
    staff.post(refund_all(event), {"reason": "Rain"}, status=409)


def test_everything_is_given_back(cancelled, staff, event, outbox, session):
    page = staff.get(page_of(event))
    page.mustcontain("refund-all")
    form = staff.get(refund_all(event)).forms["form"]
    form.submit(status=400).mustcontain("is required")
    form["reason"] = "The hall is flooded."
    asked = form.submit(status=200)
    asked.mustcontain("125.00 EUR of 3 payments is refunded")
    staff.confirm(refund_all(event), {"reason": "The hall is flooded."}).follow().mustcontain(
        "It has begun.", "0 of 3", "The hall is flooded.", "running"
    )
    outbox.run()
    staff.get(page_of(event)).mustcontain("3 of 3", "done", "€125.00", no="On the way")
    assert session.scalars(select(Refund.status)).all() == ["done"] * 3
    staff.confirm(refund_all(event), {"reason": "Again"}, status=409).mustcontain("nothing to refund")


def test_what_failed_is_tried_again(cancelled, staff, event, outbox, session):
    broken = session.scalar(select(Payment.ref).where(Payment.id == cancelled[1]["id"]))
    session.execute(update(Play).where(Play.ref == broken).values(captured=0))
    staff.confirm(refund_all(event), {"reason": "The hall is flooded."})
    outbox.run()
    page = staff.get(page_of(event))
    page.mustcontain("2 of 3", "Failed", "Some refunds failed.", "problem=refund_failed")
    session.execute(update(Play).where(Play.ref == broken).values(captured=2500))
    form = next(form for form in page.forms.values() if form.action.endswith("/retry-failed"))
    form.submit(status=303).follow().mustcontain("One is tried again.")
    outbox.run()
    staff.get(page_of(event)).mustcontain("3 of 3", "€125.00", no="Some refunds failed.")
    form.submit(status=303).follow().mustcontain("None has failed.")


def test_only_those_whose_event_it_is_give_back(cancelled, browser, organizer, event):
    browser.as_(organizer).get(page_of(event)).mustcontain("refund-all", "€125.00")
    for who, status in ((browser, 302), (browser.as_role("user"), 403)):
        who.post(refund_all(event), {"reason": "x"}, status=status)
    stranger = browser.as_role("organizer")
    assert stranger.post(refund_all(event), {"reason": "x"}, status="*").status_int in {403, 404}
    assert stranger.post(f"/admin/takings/{event.id}/retry-failed", status="*").status_int in {403, 404}
