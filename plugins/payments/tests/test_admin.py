"""Payments in the admin UI: what staff and organizers see and do."""

import re

import pytest
from sqlalchemy import select, update
from turnout.audit.models import AuditEntry
from turnout.plugin import system_request

from turnout_payments.models import Payment, Play, Refund
from turnout_payments.providers import Unavailable
from turnout_payments.providers.playing import PlayingProvider, PlayService

BACK = "https://shop.example.com/done"


@pytest.fixture
def organizer(make):
    return make.organizer()


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", price="25.00", organizer=organizer)


@pytest.fixture
def begin(api, make, event, outbox):
    """Return what books two places and begins to pay, and gives the payment."""

    def begin(at=None):
        buyer = api.as_(make.user())
        booking = buyer.post("/bookings", {"event_id": (at or event).id, "quantity": 2}, status=201).json
        wanted = {"provider": "test", "return_url": BACK}
        made = buyer.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        outbox.run()
        return made

    return begin


@pytest.fixture
def play(application, session, outbox):
    """Return what plays what the bank says of a payment, and lets it be known."""

    def play(payment, what):
        ref = session.scalar(select(Payment.ref).where(Payment.id == payment["id"]))
        session.commit()
        with system_request(application.router) as request:
            getattr(request.find_service(PlayService), what)(ref)

    return play


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


def path_of(payment):
    return f"/admin/payments/{payment['id']}"


def press(page, name, status=303):
    """Press a button of a page, and give the page that follows."""
    form = next(form for form in page.forms.values() if form.action.endswith(f"/{name}"))
    answer = form.submit(status=status)
    return answer.follow() if status == 303 else answer


@pytest.fixture
def look(staff, outbox):
    """Return what lets a payment's provider be asked by the button, and gives the page afterwards."""

    def look(payment):
        press(staff.get(path_of(payment)), "look").mustcontain("The provider is asked.")
        outbox.run()
        return staff.get(path_of(payment))

    return look


@pytest.fixture
def paid(begin, play, look):
    """Return what makes a payment that is there."""

    def paid(at=None):
        payment = begin(at)
        play(payment, "pay")
        look(payment).mustcontain("paid")
        return payment

    return paid


@pytest.fixture
def refund(staff, outbox):
    """Return what refunds a payment by the form, and gives the page that follows."""

    def refund(payment, amount="", *, keep=False, reason="They fell ill.", status=303):
        form = staff.get(f"{path_of(payment)}/refund").forms["form"]
        assert form["give_back"].value == ""
        form["give_back"], form["reason"] = amount, reason
        form["keep_booking"] = keep
        answer = form.submit(status=status)
        return answer.follow() if status == 303 else answer

    return refund


def test_staff_look_again_and_see_that_it_is_paid(begin, play, staff, outbox):
    payment = begin()
    page = staff.get(path_of(payment))
    page.mustcontain("Fado night", "€50.00", "open", "No money has come.", no="/refund")
    play(payment, "pay")
    press(page, "look")
    outbox.run()
    staff.get(path_of(payment)).mustcontain("paid", "charge", "/refund", no="/close")


def test_money_is_given_back_in_parts(paid, refund, staff, outbox):
    payment = paid()
    refund(payment, "60.00", status=400).mustcontain("at most 50.00 EUR", "aria-describedby")
    refund(payment, "0.001", status=400).mustcontain("finer than the smallest unit")
    refund(payment, "20.00").mustcontain("It is on its way back.", "They fell ill.")
    outbox.run()
    page = staff.get(path_of(payment))
    page.mustcontain("€20.00", "-€20.00", "done", "staff")
    booking = staff.get(f"/admin/bookings/{payment['booking_id']}")
    booking.mustcontain("partially refunded", "confirmed")
    refund(payment, keep=True)
    outbox.run()
    staff.get(path_of(payment)).mustcontain("-€30.00", no="/refund")
    staff.get(f"/admin/bookings/{payment['booking_id']}").mustcontain("refunded", "confirmed")


def test_a_booking_of_whose_money_nothing_is_left_is_cancelled(paid, refund, staff, outbox):
    payment = paid()
    refund(payment)
    outbox.run()
    staff.get(f"/admin/bookings/{payment['booking_id']}").mustcontain("cancelled", "refunded")


def test_who_gave_money_back_is_in_the_audit_log(paid, refund, session):
    payment = paid()
    refund(payment, "20.00")
    query = select(AuditEntry).where(AuditEntry.subject == "payments", AuditEntry.action == "refund")
    entry = session.scalars(query).one()
    assert entry.subject_id == payment["id"]
    assert "They fell ill." in str(entry.after["given"])


def test_a_refund_that_failed_is_tried_again(paid, refund, staff, outbox, session, play):
    payment = paid()
    session.execute(update(Play).values(captured=0))
    refund(payment)
    outbox.run()
    page = staff.get(path_of(payment))
    page.mustcontain("failed", "A refund failed; the money is still here.", "There is not so much left to give back.")
    press(page, "retry").mustcontain("It is tried again.")
    outbox.run()
    page = staff.get(path_of(payment))
    session.execute(update(Play).values(captured=5000))
    press(page, "retry").mustcontain("It is tried again.")
    outbox.run()
    staff.get(path_of(payment)).mustcontain("done", "-€50.00", no=("/retry", "A refund failed"))


def test_a_refund_that_waits_for_its_provider_is_asked_for_again(paid, refund, staff, outbox, session, monkeypatch):
    def away(*_arguments):
        raise Unavailable

    payment = paid()
    with monkeypatch.context() as patch:
        patch.setattr(PlayingProvider, "refund", away)
        refund(payment)
        outbox.run()
    page = staff.get(path_of(payment))
    page.mustcontain("created")
    press(page, "retry").mustcontain("It is tried again.")
    outbox.run()
    staff.get(path_of(payment)).mustcontain("done", "-€50.00", no="/retry")


def test_a_payment_is_closed(begin, staff, outbox, session):
    payment = begin()
    staff.get(f"{path_of(payment)}/close").mustcontain("The buyer cannot pay it any more")
    staff.confirm(f"{path_of(payment)}/close").follow().mustcontain("It cannot be paid any more.", "cancelled")
    outbox.run()
    assert session.scalar(select(Play.status)) == "expired"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "close")).one()
    assert (entry.before["status"], entry.after["status"]) == ("open", "cancelled")
    assert payment["redirect_url"].split("/")[-2] not in f"{entry.before}{entry.after}"
    staff.post(f"{path_of(payment)}/close", status=409)


def test_a_problem_stands_on_the_dashboard_until_it_is_solved(paid, play, look, staff):
    payment = paid()
    staff.get("/admin").mustcontain("Dashboard", no="to look after it")
    play(payment, "dispute")
    page = look(payment)
    page.mustcontain("The buyer disputes the payment.", "dispute", "-€50.00")
    staff.get("/admin").mustcontain("A payment needs somebody to look after it.", "/admin/payments?problem=any")
    assert staff.get("/admin/payments?problem=any").text.count(f'"{path_of(payment)}"') == 1
    press(page, "solve").mustcontain("Nobody has to look after it any more.", no="/solve")
    staff.get("/admin").mustcontain("Dashboard", no="to look after it")


def test_a_booking_says_how_it_is_paid(begin, paid, staff, make, api):
    unpaid = staff.get(f"/admin/bookings/{begin()['booking_id']}")
    unpaid.mustcontain("unpaid", "€50.00", "/mark-paid")
    payment = paid()
    page = staff.get(f"/admin/bookings/{payment['booking_id']}")
    page.mustcontain(f"Payment {payment['id']}", path_of(payment), no="/mark-paid")
    free = api.as_(make.user()).post("/bookings", {"event_id": make.event().id}, status=201).json
    staff.get(f"/admin/bookings/{free['id']}").mustcontain("confirmed", no=("/mark-paid", "Nobody has begun to pay"))


def test_a_booking_is_marked_as_paid_after_its_time(begin, staff, clock, outbox):
    payment = begin()
    clock.move(minutes=30)
    outbox.run()
    page = staff.get(f"/admin/bookings/{payment['booking_id']}")
    page.mustcontain("expired")
    form = page.click("Mark as paid").forms["form"]
    form["note"] = "Cash, at the box office"
    form.submit(status=303).follow().mustcontain("It is paid.", "confirmed")
    outbox.run()
    staff.get("/admin/payments?provider=manual").mustcontain("manual", "€50.00")


def test_what_is_shown_is_what_one_may_see(paid, browser, organizer, make, refund):
    payment, other = paid(), paid(make.event(title="Elsewhere", price=9))
    own = browser.as_(organizer)
    own.get("/admin/payments").mustcontain("Fado night", no="Elsewhere")
    own.get("/admin/ledger").mustcontain("Fado night", no="Elsewhere")
    own.get("/admin").mustcontain("Fado night", no="Elsewhere")
    own.get(path_of(payment)).mustcontain("€50.00", "/refund")
    own.get(path_of(other), status=404)
    for name, said in (
        ("refund", {"reason": "Mine!"}),
        ("look", {}),
        ("solve", {}),
        ("mark-refunded", {}),
        ("retry", {}),
    ):
        own.post(f"{path_of(other)}/{name}", said, status=404)
    own.post(f"{path_of(other)}/close", {"confirmation": "x"}, status=404)
    for who, status in ((browser, 302), (browser.as_role("user"), 403)):
        for path in ("/admin/payments", "/admin/ledger", path_of(payment), f"{path_of(payment)}/refund"):
            who.get(path, status=status)
        who.post(f"{path_of(payment)}/refund", {"reason": "Mine!"}, status=status)


def test_what_organizers_pay_to_others_is_not_theirs_to_see_here(api, browser, make, organizer, outbox):
    event = make.event(title="Elsewhere", price=9)
    buyer = api.as_(organizer)
    booking = buyer.post("/bookings", {"event_id": event.id}, status=201).json
    wanted = {"provider": "test", "return_url": BACK}
    payment = buyer.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
    buyer.get(f"/payments/{payment['id']}", status=200)
    own = browser.as_(organizer)
    own.get("/admin/payments").mustcontain("Nobody has paid for anything yet")
    own.get(path_of(payment), status=404)


def test_lists_are_filtered(begin, paid, staff, event, make):
    paid(), begin(), paid(make.event(title="Elsewhere", price=9))

    def count(query):
        return len(re.findall(r'href="/admin/payments/\d+"', staff.get(f"/admin/payments?{query}").text))

    for query, found in {
        "": 3, "status=paid": 2, "status=open": 1, f"event={event.id}": 2, "provider=test": 3, "provider=manual": 0,
        "problem=any": 0, "problem=disputed": 0, "status=lost": 3, "date_from=2000-01-01T00:00": 3, "date_to=2000-01-01T00:00": 0,
    }.items():  # fmt: skip
        assert count(query) == found, query
    staff.get("/admin/ledger?kind=charge").mustcontain("Fado night", "Elsewhere", "€18.00")
    staff.get(f"/admin/ledger?event={event.id}").mustcontain("€50.00", no="€18.00")
    staff.get("/admin/ledger?date_to=2000-01-01T00:00").mustcontain("Ledger", no="€50.00")


def test_sheets_have_amounts_with_their_currency(paid, refund, staff, outbox):
    payment = paid()
    refund(payment, "20.00")
    outbox.run()
    lines = staff.get("/admin/ledger/export.csv").text.splitlines()
    assert [line.split(",")[-2:] for line in lines[1:]] == [["-20.00", "EUR"], ["50.00", "EUR"]]
    assert "50.00,EUR" in staff.get("/admin/payments/export.csv").text
    staff.get("/admin/payments/export.xlsx")


def test_settings_are_on_the_page_of_the_plugin(staff):
    staff.get("/admin/plugins/payments").mustcontain("payments.hold_minutes", "payments.manual_hold_days")


def test_statements_do_not_grow(paid, staff, statements, event):
    def sent(path):
        with statements() as seen:
            staff.get(path)
        return len(seen)

    paths = ("/admin/payments", "/admin/ledger", "/admin", f"/admin/events/{event.id}")
    paid()
    few = [sent(path) for path in paths]
    for _ in range(4):
        paid()
    assert [sent(path) for path in paths] == few


def test_nothing_is_known_of_what_is_not_there(staff, session):
    staff.get("/admin/payments/999999", status=404)
    staff.post("/admin/payments/999999/refund", {"reason": "x"}, status=404)
    assert session.scalars(select(Refund)).all() == []


def test_the_provider_of_a_payment_may_be_gone(paid, staff, session):
    payment = paid()
    session.execute(update(Payment).values(provider="acme"))
    staff.get(path_of(payment)).mustcontain("acme", "€50.00")
