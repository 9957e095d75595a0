"""Bookings that are paid at PayPal, all the way: whatever happens, our ledger and PayPal's books say the same."""

from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import func, select
from turnout.bookings.models import Booking
from turnout_payments.models import Entry, Payment, Received, Refund

from turnout_paypal.fake import ERROR, LOST, FakePayPal

BACK = "https://shop.example.com/thanks"


@pytest.fixture(scope="module")
def server():
    with FakePayPal() as fake:
        yield fake


@pytest.fixture(scope="module")
def settings(server):
    return server.settings()


@pytest.fixture
def paypal(server, clock):
    """The fake, by the application's clock; what it tells is kept back."""
    server.now = server.bank.now = lambda: clock.now().timestamp()
    server.courier.hold()
    yield server
    server.faults.every = 0
    server.bank.captures_are = server.bank.refunds_are = "COMPLETED"


@pytest.fixture
def event(make):
    return make.event(
        title="Fado night", organizer=make.organizer(), price="12.50", capacity=4, bookings_per_attendee=None
    )


@pytest.fixture
def ada(api, make):
    return api.as_(make.user(email="ada@example.com"))


@pytest.fixture
def staff(api, make):
    return api.as_(make.staff())


@pytest.fixture
def book(ada, event):
    def book(quantity=2, client=None):
        return (client or ada).post("/bookings", {"event_id": event.id, "quantity": quantity}, status=201).json

    return book


@pytest.fixture
def begin(ada, outbox, session):
    """Return what begins to pay, and gives the payment, which PayPal knows."""

    def begin(booking):
        wanted = {"provider": "paypal", "return_url": BACK}
        made = ada.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        outbox.run()
        return session.get(Payment, made["id"], populate_existing=True)

    return begin


@pytest.fixture
def tell(api, paypal, outbox):
    """Return what delivers what PayPal had to tell, perhaps more than once and backwards, and does what comes of it."""

    def tell(*, copies=1, backwards=False):
        notices = paypal.courier.take()
        for body in reversed(notices) if backwards else notices:
            headers = {"Content-Type": "application/json", **paypal.sign(paypal.courier, body)}
            for _ in range(copies):
                api.post("/payments/webhooks/paypal", body, headers=headers)
        outbox.run()
        return len(notices)

    return tell


@pytest.fixture
def paid(book, begin, paypal, tell):
    """A payment for two places that is there."""
    payment = begin(book())
    paypal.bank.approve(payment.ref)
    tell()
    return payment


@pytest.fixture
def shown(staff):
    """Return what reads how a booking is, and how it is paid."""

    def shown(booking_id):
        found = staff.get(f"/bookings/{booking_id}").json
        return found["status"], found["extensions"]["payments"]["status"]

    return shown


@pytest.fixture
def lines(session):
    """Return what reads the ledger's lines of a payment."""

    def lines(payment):
        query = select(Entry.kind, Entry.amount).where(Entry.payment_id == payment.id).order_by(Entry.id)
        return [tuple(row) for row in session.execute(query)]

    return lines


@pytest.fixture
def agree(session, paypal):
    """Return what asserts that ledger, payments and PayPal say the same, to the cent."""

    def agree():
        session.expire_all()
        books = paypal.books()
        for payment in session.scalars(select(Payment)):
            entered = session.scalar(select(func.sum(Entry.amount)).where(Entry.payment_id == payment.id)) or 0
            assert entered == payment.captured - payment.refunded - payment.disputed
            assert entered == (books[payment.ref].held * 100 if payment.ref in books else 0)
            assert payment.refunding == 0

    return agree


def test_pay(book, begin, paypal, tell, shown, lines, agree, api):
    booking = book()
    payment = begin(booking)
    assert payment.url == f"{paypal.url}/checkoutnow?token={payment.ref}"
    with httpx2.Client(trust_env=False) as buyer:
        onward = buyer.post(payment.url, data={"action": "pay"}).headers["location"]
    assert onward.endswith(f"/payments/{payment.token}/back")
    tell()
    assert shown(booking["id"]) == ("confirmed", "paid")
    assert lines(payment) == [("charge", 2500)]
    agree()


def test_agreed_to_is_not_paid_but_soon_is(book, begin, paypal, outbox, clock, shown, agree):
    booking = book()
    payment = begin(booking)
    paypal.bank.approve(payment.ref)
    assert payment.ref not in paypal.books()
    clock.move(seconds=21)  # no notice came
    outbox.run()
    assert shown(booking["id"]) == ("confirmed", "paid")
    agree()


def test_the_bank_says_no_and_another_try(book, begin, paypal, tell, shown, agree):
    booking = book()
    first = begin(booking)
    paypal.bank.captures_are = "DECLINED"
    paypal.bank.approve(first.ref)
    tell()
    assert shown(booking["id"]) == ("pending", "failed")
    paypal.bank.captures_are = "COMPLETED"
    second = begin(booking)
    paypal.bank.approve(second.ref)
    tell()
    assert shown(booking["id"]) == ("confirmed", "paid")
    agree()


def test_money_that_takes_its_time(book, begin, paypal, tell, shown, agree):
    booking = book()
    payment = begin(booking)
    paypal.bank.captures_are = "PENDING"
    paypal.bank.approve(payment.ref)
    tell()
    paypal.bank.captures_are = "COMPLETED"
    assert shown(booking["id"]) == ("pending", "processing")
    tell()
    paypal.bank.settle(payment.ref)
    tell()
    assert shown(booking["id"]) == ("confirmed", "paid")
    agree()


def test_abandoned(book, begin, outbox, clock, shown, agree):
    booking = book()
    begin(booking)
    for _ in range(3):
        clock.move(hours=2)
        outbox.run()
    assert shown(booking["id"])[0] == "expired"
    agree()


@pytest.fixture
def pay_late(book, begin, paypal, outbox, clock, tell):
    """Return what lets a hold expire while PayPal is out of order, so that somebody can still pay there."""

    def pay_late(meanwhile=lambda: None):
        payment = begin(book())
        paypal.faults.every, paypal.faults.kinds = 1, (ERROR,)
        clock.move(minutes=16)
        outbox.run()
        paypal.faults.every = 0
        meanwhile()
        paypal.bank.approve(payment.ref)
        tell()
        return payment

    return pay_late


def test_paid_late_and_there_are_places(pay_late, shown, agree):
    payment = pay_late()
    assert shown(payment.booking_id) == ("confirmed", "paid")
    agree()


def test_paid_late_and_the_places_are_gone(pay_late, book, make, api, tell, shown, lines, agree, session):
    payment = pay_late(lambda: book(4, api.as_(make.user())))
    tell()
    assert shown(payment.booking_id) == ("expired", "refunded")
    assert lines(payment) == [("charge", 2500), ("refund", -2500)]
    agree()


def test_paid_twice(book, begin, paypal, tell, outbox, clock, shown, lines, agree):
    booking = book()
    first = begin(booking)
    paypal.bank.approve(first.ref)  # and before it tells us, the buyer begins again
    second = begin(booking)
    paypal.bank.approve(second.ref)
    tell()
    clock.move(minutes=1)
    outbox.run()
    assert shown(booking["id"])[0] == "confirmed"
    assert sorted([lines(first), lines(second)]) == [[("charge", 2500)], [("charge", 2500), ("refund", -2500)]]
    agree()


def test_refunds_in_part_and_in_whole(paid, staff, outbox, tell, shown, lines, agree, paypal):
    part = {"amount": "5.00", "reason": "One of two could not come."}
    staff.post(f"/payments/{paid.id}/refunds", part, status=201)
    outbox.run()
    assert shown(paid.booking_id) == ("confirmed", "partially_refunded")
    tell(copies=2)
    agree()
    staff.post(f"/payments/{paid.id}/refunds", {"reason": "Nor could the other."}, status=201)
    outbox.run()
    tell()
    assert shown(paid.booking_id) == ("cancelled", "refunded")
    assert lines(paid) == [("charge", 2500), ("refund", -500), ("refund", -2000)]
    assert paypal.books()[paid.ref].held == 0
    agree()


def test_a_refund_that_comes_to_nothing(paid, staff, outbox, paypal, tell, session, lines, agree):
    paypal.bank.refunds_are = "PENDING"
    made = staff.post(f"/payments/{paid.id}/refunds", {"amount": "5.00", "reason": "Late."}, status=201).json
    outbox.run()
    paypal.bank.refunds_are = "COMPLETED"
    refund = session.get(Refund, made["id"], populate_existing=True)
    assert (refund.status, lines(paid)) == ("pending", [("charge", 2500)])
    paypal.bank.settle_refund(refund.ref, "FAILED")
    tell()
    assert session.get(Refund, made["id"], populate_existing=True).status == "failed"
    agree()


def test_a_refund_that_was_there_and_came_back(paid, staff, outbox, paypal, tell, session, lines, agree):
    made = staff.post(f"/payments/{paid.id}/refunds", {"amount": "5.00", "reason": "Late."}, status=201).json
    outbox.run()
    paypal.bank.settle_refund(session.get(Refund, made["id"], populate_existing=True).ref, "FAILED")
    tell()
    assert lines(paid) == [("charge", 2500), ("refund", -500), ("refund_undone", 500)]
    agree()


def test_a_refund_begun_at_paypal(paid, paypal, tell, session, lines, agree):
    paypal.bank.refund(paypal.bank.orders[paid.ref].captures[0].id, Decimal(3))
    tell()
    assert lines(paid) == [("charge", 2500), ("refund", -300)]
    assert session.scalars(select(Refund.origin).where(Refund.payment_id == paid.id)).all() == ["provider"]
    agree()


def test_notices_twice_and_backwards(book, begin, paypal, tell, shown, lines, agree):
    booking = book()
    payment = begin(booking)
    paypal.bank.approve(payment.ref)
    paypal.bank.capture(payment.ref)
    paypal.bank.refund(paypal.bank.orders[payment.ref].captures[0].id, Decimal(3))
    assert tell(copies=3, backwards=True) == 3
    assert lines(payment) == [("charge", 2500), ("refund", -300)]
    assert shown(booking["id"])[0] in {"confirmed", "pending"}
    agree()


def test_notices_that_are_not_paypals(book, begin, paypal, api, outbox, shown, session):
    booking = book()
    payment = begin(booking)
    paypal.bank.approve(payment.ref)
    (body,) = paypal.courier.take()

    def send(headers, status=None):
        headers = {"Content-Type": "application/json"} | headers
        return api.post("/payments/webhooks/paypal", body, headers=headers, status=status)

    assert send({}, 400).json["code"] == "forged"
    paypal.courier.age = 3 * 86_400 + 1
    assert send(paypal.sign(paypal.courier, body), 400).json["code"] == "forged"
    paypal.courier.age, paypal.courier.forged = 0, True
    send(paypal.sign(paypal.courier, body))  # what only PayPal can tell is asked later
    paypal.courier.forged = False
    outbox.run()
    assert session.scalars(select(Received.status)).all() == ["forged"]
    assert shown(booking["id"]) == ("pending", "unpaid")


def test_a_notice_about_nobody(api, paypal, outbox, session):
    order = {
        "value": Decimal(1),
        "currency": "EUR",
        "description": "Somebody else's",
        "reference_id": "default",
        "custom_id": None,
        "return_url": "https://example.com",
        "cancel_url": "https://example.com",
    }
    paypal.bank.approve(paypal.bank.make_order(**order).id)
    (body,) = paypal.courier.take()
    headers = {"Content-Type": "application/json", **paypal.sign(paypal.courier, body)}
    api.post("/payments/webhooks/paypal", body, headers=headers)
    outbox.run()
    assert session.scalars(select(Received.status)).all() == ["unknown"]


def test_answers_that_are_lost_cost_nobody_anything(
    book, begin, paypal, tell, staff, outbox, clock, session, shown, agree
):
    paypal.faults.every, paypal.faults.kinds, paypal.faults._calls = 5, (LOST,), 4
    booking = book()
    payment = begin(booking)
    for _ in range(5):
        clock.move(seconds=30)
        outbox.run()
    session.refresh(payment)
    assert payment.status == "open"
    paypal.bank.approve(payment.ref)
    tell()
    clock.move(minutes=1)
    outbox.run()
    staff.post(f"/payments/{payment.id}/refunds", {"amount": "5.00", "reason": "Late."}, status=201)
    for _ in range(12):
        outbox.run()
        clock.move(minutes=20)
    paypal.faults.every = 0
    outbox.run()
    assert (paypal.books()[payment.ref].captured, paypal.books()[payment.ref].refunded) == (25, 5)
    assert session.get(Booking, booking["id"], populate_existing=True).status == "confirmed"
    agree()
