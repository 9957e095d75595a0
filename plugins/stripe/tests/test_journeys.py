"""Bookings that are paid at Stripe, all the way: whatever happens, our ledger and Stripe's books say the same."""

import httpx2
import pytest
from sqlalchemy import func, select
from turnout.bookings.models import Booking
from turnout_payments.models import Entry, Payment, Refund

from turnout_stripe.fake import ERROR, LOST, FakeStripe
from turnout_stripe.fake.bank import BadRequest

BACK = "https://shop.example.com/thanks"


@pytest.fixture(scope="module")
def server():
    with FakeStripe() as fake:
        yield fake


@pytest.fixture(scope="module")
def settings(server):
    return server.settings()


@pytest.fixture
def stripe(server, clock):
    """The fake, by the application's clock; what it tells is kept back."""
    server.now = server.bank.now = lambda: clock.now().timestamp()
    server.courier.hold()
    yield server
    server.faults.every = 0


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
    """Return what begins to pay, and gives the payment, which Stripe knows."""

    def begin(booking):
        wanted = {"provider": "stripe", "return_url": BACK}
        made = ada.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        outbox.run()
        return session.get(Payment, made["id"], populate_existing=True)

    return begin


@pytest.fixture
def tell(api, stripe, outbox):
    """Return what delivers what Stripe had to tell, perhaps more than once and backwards, and does what comes of it."""

    def tell(*, copies=1, backwards=False):
        notices = stripe.courier.take()
        for body in reversed(notices) if backwards else notices:
            headers = {"Content-Type": "application/json", **stripe.sign(stripe.courier, body)}
            for _ in range(copies):
                api.post("/payments/webhooks/stripe", body, headers=headers)
        outbox.run()
        return len(notices)

    return tell


@pytest.fixture
def paid(book, begin, stripe, tell):
    """A payment for two places that is there."""
    payment = begin(book())
    stripe.bank.pay(payment.ref)
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
def agree(session, stripe):
    """Return what asserts that ledger, payments and Stripe say the same, to the cent."""

    def agree():
        session.expire_all()
        books = stripe.books()
        for payment in session.scalars(select(Payment)):
            entered = session.scalar(select(func.sum(Entry.amount)).where(Entry.payment_id == payment.id)) or 0
            assert entered == payment.captured - payment.refunded - payment.disputed
            assert entered == (books[payment.ref].held if payment.ref in books else 0)
            assert payment.refunding == 0

    return agree


def test_pay(book, begin, stripe, tell, shown, lines, agree, api):
    booking = book()
    payment = begin(booking)
    assert payment.url == stripe.bank.session(payment.ref).url
    with httpx2.Client(trust_env=False) as buyer:
        onward = buyer.post(payment.url, data={"action": "pay"}).headers["location"]
    assert onward.endswith(f"/payments/{payment.token}/back")
    tell()
    assert shown(booking["id"]) == ("confirmed", "paid")
    assert lines(payment) == [("charge", 2500)]
    agree()


def test_a_declined_card_is_not_the_end(book, begin, stripe, tell, shown, agree):
    booking = book()
    payment = begin(booking)
    with httpx2.Client(trust_env=False) as buyer:
        assert "declined" in buyer.post(payment.url, data={"action": "decline"}).text
        assert tell() == 0
        assert shown(booking["id"]) == ("pending", "unpaid")
        buyer.post(payment.url, data={"action": "pay"})
    tell()
    assert shown(booking["id"]) == ("confirmed", "paid")
    agree()


def test_a_debit_that_is_returned_and_another_try(book, begin, stripe, tell, shown, agree):
    booking = book()
    first = begin(booking)
    stripe.bank.pay_later(first.ref)
    tell()
    assert shown(booking["id"]) == ("pending", "processing")
    stripe.bank.fail(first.ref)
    tell()
    assert shown(booking["id"]) == ("pending", "failed")
    second = begin(booking)
    stripe.bank.pay_later(second.ref)
    tell()
    stripe.bank.arrive(second.ref)
    tell()
    assert shown(booking["id"]) == ("confirmed", "paid")
    agree()


def test_abandoned(book, begin, stripe, outbox, clock, shown, agree):
    booking = book()
    payment = begin(booking)
    for _ in range(3):
        clock.move(minutes=16)
        outbox.run()
    assert shown(booking["id"])[0] == "expired"
    assert stripe.bank.session(payment.ref).status == "expired"
    agree()


@pytest.fixture
def pay_late(book, begin, stripe, outbox, clock, tell):
    """Return what lets a hold expire while Stripe is out of order, so that somebody can still pay there."""

    def pay_late(meanwhile=lambda: None):
        payment = begin(book())
        stripe.faults.every, stripe.faults.kinds = 1, (ERROR,)
        clock.move(minutes=16)
        outbox.run()
        stripe.faults.every = 0
        meanwhile()
        stripe.bank.pay(payment.ref)
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


def test_paid_and_begun_again(book, begin, stripe, tell, outbox, clock, shown, lines, agree, session):
    booking = book()
    first = begin(booking)
    stripe.bank.pay(first.ref)  # and before it tells us, the buyer begins again
    second = begin(booking)
    tell()
    clock.move(minutes=1)
    outbox.run()
    session.refresh(second)
    assert (shown(booking["id"])[0], second.status) == ("confirmed", "cancelled")
    with pytest.raises(BadRequest, match="This session is over"):
        stripe.bank.pay(second.ref)
    assert (lines(first), lines(second)) == ([("charge", 2500)], [])
    agree()


def test_refunds_in_part_and_in_whole(paid, staff, outbox, tell, shown, lines, agree, stripe):
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
    assert stripe.books()[paid.ref].held == 0
    agree()


def test_a_refund_that_comes_to_nothing(paid, staff, outbox, stripe, tell, session, lines, agree):
    stripe.bank.refunds_are = "pending"
    made = staff.post(f"/payments/{paid.id}/refunds", {"amount": "5.00", "reason": "Late."}, status=201).json
    outbox.run()
    stripe.bank.refunds_are = "succeeded"
    refund = session.get(Refund, made["id"], populate_existing=True)
    assert (refund.status, lines(paid)) == ("pending", [("charge", 2500)])
    stripe.bank.settle_refund(refund.ref, succeeds=False)
    tell()
    assert session.get(Refund, made["id"], populate_existing=True).status == "failed"
    agree()


def test_a_refund_that_was_there_and_came_back(paid, staff, outbox, stripe, tell, session, lines, agree):
    made = staff.post(f"/payments/{paid.id}/refunds", {"amount": "5.00", "reason": "Late."}, status=201).json
    outbox.run()
    stripe.bank.settle_refund(session.get(Refund, made["id"], populate_existing=True).ref, succeeds=False)
    tell()
    assert lines(paid) == [("charge", 2500), ("refund", -500), ("refund_undone", 500)]
    agree()


def test_a_refund_begun_at_stripe(paid, stripe, tell, session, lines, agree):
    stripe.bank.refund(stripe.bank.session(paid.ref).payment_intent, 300)
    tell()
    assert lines(paid) == [("charge", 2500), ("refund", -300)]
    assert session.scalars(select(Refund.origin).where(Refund.payment_id == paid.id)).all() == ["provider"]
    agree()


def test_a_dispute(paid, stripe, tell, session, shown, lines, agree):
    dispute = stripe.bank.dispute(paid.ref)
    tell()
    assert lines(paid) == [("charge", 2500), ("dispute", -2500)]
    assert session.get(Payment, paid.id, populate_existing=True).problem == "disputed"
    assert shown(paid.booking_id)[0] == "confirmed"
    agree()
    stripe.bank.close_dispute(dispute.id, won=True)
    tell()
    assert lines(paid) == [("charge", 2500), ("dispute", -2500), ("dispute_undone", 2500)]
    agree()


def test_notices_twice_and_backwards(book, begin, stripe, tell, shown, lines, agree):
    booking = book()
    payment = begin(booking)
    stripe.bank.pay_later(payment.ref)
    stripe.bank.arrive(payment.ref)
    stripe.bank.refund(stripe.bank.session(payment.ref).payment_intent, 300)
    assert tell(copies=3, backwards=True) == 3
    assert lines(payment) == [("charge", 2500), ("refund", -300)]
    assert shown(booking["id"])[0] in {"confirmed", "pending"}
    agree()


def test_notices_that_are_not_stripes(book, begin, stripe, api, outbox, shown):
    booking = book()
    payment = begin(booking)
    stripe.bank.pay(payment.ref)
    (body,) = stripe.courier.take()

    def send(headers):
        return api.post(
            "/payments/webhooks/stripe", body, headers={"Content-Type": "application/json"} | headers, status=400
        )

    assert send({}).json["code"] == "forged"
    assert send({"Stripe-Signature": "t=1,v1=00"}).json["code"] == "forged"
    stripe.courier.age = 301
    assert send(stripe.sign(stripe.courier, body)).json["code"] == "forged"
    stripe.courier.age, stripe.courier.forged = 0, True
    assert send(stripe.sign(stripe.courier, body)).json["code"] == "forged"
    stripe.courier.forged = False
    outbox.run()
    assert shown(booking["id"]) == ("pending", "unpaid")


def test_a_notice_about_nobody(api, stripe, outbox):
    stripe.bank.expire(stripe.bank.make_session(**_session(stripe)).id)
    (body,) = stripe.courier.take()
    headers = {"Content-Type": "application/json", **stripe.sign(stripe.courier, body)}
    api.post("/payments/webhooks/stripe", body, headers=headers)
    outbox.run()
    assert not outbox.dead


def _session(stripe):
    return {
        "amount": 100,
        "currency": "eur",
        "name": "Somebody else's",
        "success_url": "https://example.com",
        "cancel_url": "https://example.com",
        "client_reference_id": None,
        "customer_email": None,
        "metadata": {},
        "expires_at": stripe.now() + 3600,
    }


def test_answers_that_are_lost_cost_nobody_anything(
    book, begin, stripe, tell, staff, outbox, clock, session, shown, agree
):
    stripe.faults.every, stripe.faults.kinds, stripe.faults._calls = 5, (LOST,), 4
    booking = book()
    payment = begin(booking)
    for _ in range(5):
        clock.move(seconds=30)
        outbox.run()
    session.refresh(payment)
    assert payment.status == "open"
    stripe.bank.pay(payment.ref)
    tell()
    clock.move(minutes=1)
    outbox.run()
    staff.post(f"/payments/{payment.id}/refunds", {"amount": "5.00", "reason": "Late."}, status=201)
    for _ in range(12):
        outbox.run()
        clock.move(minutes=20)
    stripe.faults.every = 0
    outbox.run()
    assert (stripe.books()[payment.ref].captured, stripe.books()[payment.ref].refunded) == (2500, 500)
    assert session.get(Booking, booking["id"], populate_existing=True).status == "confirmed"
    agree()
