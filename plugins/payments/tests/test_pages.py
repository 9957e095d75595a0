"""The pages of those who pay, from the address that a client is given to the way back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from turnout_payments.models import Payment

BACK = "https://shop.example.com/done?basket=7"


@pytest.fixture
def ada(api, make):
    return api.as_(make.user(first_name="Ada"))


@pytest.fixture
def booking(ada, make):
    """A booking of two places, held until they are paid."""
    event = make.event(title="Fado night", price="25.00")
    return ada.post("/bookings", {"event_id": event.id, "quantity": 2}, status=201).json


@pytest.fixture
def begin(ada, booking):
    """Return what begins to pay, and gives the path at which the buyer goes on."""

    def begin(return_url=BACK):
        wanted = {"provider": "test", "return_url": return_url}
        made = ada.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        return urlsplit(made["redirect_url"]).path

    return begin


@pytest.fixture
def opened(begin, outbox):
    """The path of a payment that its provider knows, but for the last part."""
    path = begin()
    outbox.run()
    return path.removesuffix("/go")


@pytest.fixture
def state(ada, booking):
    """Return what tells how the booking is, and how it is paid."""

    def state():
        shown = ada.get(f"/bookings/{booking['id']}").json
        return shown["status"], shown["extensions"]["payments"]["status"]

    return state


def path_of(answer):
    """Return where an answer leads to."""
    return urlsplit(answer.headers["Location"])


def refreshes(page):
    """Return where a page goes by itself, and in how many seconds."""
    found = re.search(r'<meta http-equiv="refresh" content="(\d+); url=([^"]*)">', page.text)
    return found and (int(found[1]), found[2].replace("&amp;", "&"))


def button(page, what):
    """Return the form that plays something."""
    return next(form for form in page.forms.values() if f'name="what" value="{what}"' in form.text)


def test_a_buyer_waits_until_the_provider_knows_of_the_payment(begin, browser, outbox):
    path = begin()
    page = browser.get(path)
    page.mustcontain("One moment", "Fado night", "€50.00")
    assert refreshes(page) == (1, f"{path}?asked=1")
    assert page.headers["Cache-Control"] == "no-store"
    later = browser.get(f"{path}?asked=1")
    assert refreshes(later) == (1, f"{path}?asked=2")
    assert refreshes(browser.get(f"{path}?asked=60")) is None
    assert refreshes(browser.get(f"{path}?asked=999")) is None
    assert refreshes(browser.get(f"{path}?asked=x")) == (1, f"{path}?asked=1")
    outbox.run()
    assert path_of(browser.get(path, status=303)).path == path.replace("/go", "/play")


def test_a_payment_is_played(opened, browser, outbox, state):
    page = browser.get(f"{opened}/play")
    page.mustcontain("no money is taken", "€50.00", "Fado night", "Go back without paying")
    answer = button(page, "pay").submit("what", status=303)
    assert (path_of(answer).path, path_of(answer).query) == (f"{opened}/back", "asked=1")
    page = answer.follow()
    page.mustcontain("Checking your payment")
    assert refreshes(page) == (1, f"{opened}/back?asked=2")
    assert state() == ("pending", "unpaid")
    outbox.run()
    assert state() == ("confirmed", "paid")
    where = path_of(browser.get(f"{opened}/back?asked=2", status=303))
    assert where.netloc == "shop.example.com"
    told = parse_qs(where.query)
    assert (told["basket"], told["status"], len(told["payment_id"])) == (["7"], ["paid"], 1)
    assert path_of(browser.get(f"{opened}/go", status=303)).path == f"{opened}/back"


def test_a_form_that_is_quickly_done_leads_to_no_other_site(opened, browser, outbox):
    button(browser.get(f"{opened}/play"), "pay").submit("what")
    outbox.run()
    page = browser.get(f"{opened}/back?asked=1")
    page.mustcontain("Paid, thank you")
    assert refreshes(page)[1].startswith("https://shop.example.com/done?basket=7&payment_id=")


def test_a_failure_is_played(opened, browser, outbox, state):
    button(browser.get(f"{opened}/play"), "fail").submit("what")
    outbox.run()
    assert state() == ("pending", "failed")
    browser.get(f"{opened}/back?asked=1").mustcontain("The payment failed", "Nothing was taken")
    assert parse_qs(path_of(browser.get(f"{opened}/back", status=303)).query)["status"] == ["failed"]
    browser.get(f"{opened}/play").mustcontain("The bank said no.", no="<button")


def test_a_delay_is_played(opened, browser, outbox, state, clock):
    clock.move(seconds=30)
    outbox.run()  # what looks at it by itself does so for the second time in a minute
    button(browser.get(f"{opened}/play"), "delay").submit("what")
    outbox.run()
    assert state() == ("pending", "processing")
    browser.get(f"{opened}/back?asked=3").mustcontain("on its way", "Back to where I booked", no="not paid yet")
    clock.move(seconds=22)
    outbox.run()
    assert state() == ("confirmed", "paid")


def test_a_dispute_is_played(opened, browser, outbox, session):
    button(browser.get(f"{opened}/play"), "pay").submit("what")
    outbox.run()
    page = button(browser.get(f"{opened}/play"), "dispute").submit("what", status=303).follow()
    page.mustcontain("disputed")
    outbox.run()
    disputed = select(Payment.disputed)
    assert session.scalar(disputed) == 5000
    button(page, "withdraw").submit("what")
    outbox.run()
    assert session.scalar(disputed) == 0


def test_what_is_unknown_cannot_be_played(opened, browser, outbox, state):
    for what in ("steal", ""):
        browser.post(f"{opened}/play", {"what": what}, status=400).mustcontain("no money is taken")
    outbox.run()
    assert state() == ("pending", "unpaid")


def test_whoever_comes_back_early_lets_the_provider_be_asked(opened, browser, outbox, state, application, session):
    page = browser.get(f"{opened}/back")
    page.mustcontain("Checking your payment", "data-ask", "I have not paid yet", "Back to where I booked")
    assert refreshes(page) == (1, f"{opened}/back?asked=1")
    button(browser.get(f"{opened}/play"), "pay").submit("what")
    page.forms["ask"].submit(status=303).follow().mustcontain("Checking your payment", no="data-ask")
    outbox.run()
    assert state() == ("confirmed", "paid")


def test_a_provider_is_not_asked_more_often_than_makes_sense(opened, browser, outbox, clock):
    before = len(outbox.waiting)
    for _ in range(5):
        browser.post(f"{opened}/back", status=303)
    assert len(outbox.waiting) == before + 1
    clock.move(seconds=5)
    browser.post(f"{opened}/back", status=303)
    assert len(outbox.waiting) == before + 2


def test_a_page_that_waits_costs_one_statement(begin, browser, statements):
    path = begin()
    with statements() as seen:
        browser.get(path)
    assert len(seen) == 1


def test_nothing_is_written_by_reading(opened, browser, statements, outbox):
    waiting = len(outbox.waiting)
    with statements() as seen:
        for page in ("go", "back", "play"):
            browser.get(f"{opened}/{page}")
    assert not [one for one in seen if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(outbox.waiting) == waiting


def test_an_address_that_is_not_whole_is_no_page(opened, browser):
    for path in ("/payments/" + "x" * 43, opened[:-1] + ("A" if opened[-1] != "A" else "B")):
        for page in ("go", "back", "play"):
            browser.get(f"{path}/{page}", status=404).mustcontain("There is no such payment")
        browser.post(f"{path}/back", status=404)
        browser.post(f"{path}/play", {"what": "pay"}, status=404)
    browser.get("/payments/short/go", status=404)


def test_a_stranger_s_form_plays_nothing_for_somebody_signed_in(opened, browser, outbox, state):
    staff = browser.as_role("staff")
    staff.post(f"{opened}/play", {"what": "pay", "csrf_token": "wrong"}, status=400)
    staff.post(f"{opened}/back", {"csrf_token": ""}, status=400)
    outbox.run()
    assert state() == ("pending", "unpaid")
    button(staff.get(f"{opened}/play"), "pay").submit("what", status=303)
    staff.get(f"{opened}/back").forms["ask"].submit(status=303)


def test_nothing_is_played_where_nobody_allowed_it(opened, browser, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "payments.allow_test", False)
    browser.get(f"{opened}/play", status=404)
    browser.post(f"{opened}/play", {"what": "pay"}, status=404)


def test_a_payment_of_another_provider_is_not_played(opened, browser, session):
    session.execute(update(Payment).values(provider="manual"))
    browser.get(f"{opened}/play", status=404)


def test_a_payment_whose_event_is_gone_has_its_page(opened, browser, session):
    session.execute(update(Payment).values(event_id=None, booking_id=None, return_url="", status="cancelled"))
    browser.get(f"{opened}/back").mustcontain("This payment was called off", "€50.00", no="Fado night")


def test_pages_need_nothing_that_the_policy_forbids(opened, browser):
    for page in ("go?asked=0", "back", "play"):
        text = browser.get(f"{opened}/{page}").text
        assert " style=" not in text
        assert "<style" not in text
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    answer = browser.get("/payments/static/pay.css")
    assert answer.content_type == "text/css"
    assert "max-age=3600" in answer.headers["Cache-Control"]
