"""No money is kept that nobody knows of: what becomes of it when bookings end, shrink, are paid in parts or too late."""

import pytest
from sqlalchemy import select
from turnout.pools.models import Pool
from turnout.system import system_request
from turnout.users.services import UserService

from turnout_payments.models import Payment
from turnout_payments.services import Gateway, Settlement


@pytest.fixture
def by_itself(application, monkeypatch):
    """Return what sets whether money of cancelled bookings is given back by itself."""
    return lambda is_so=True: monkeypatch.setitem(application.registry.settings, "payments.refund_cancelled", is_so)


@pytest.fixture
def see(application, session, outbox):
    """Return what looks at a payment at once."""

    def see(payment):
        session.commit()
        with system_request(application.router) as request:
            seen = request.find_service(Gateway).look(payment.id).seen
            request.find_service(Settlement).apply(payment.id, seen)
        outbox.run()
        session.expire_all()

    return see


@pytest.fixture
def mark(staff, session, outbox):
    """Return what says as staff that money is there; it gives the payment."""

    def mark(booking, amount=None, status=201):
        said = {} if amount is None else {"amount": amount}
        answer = staff.post(f"/bookings/{booking['id']}/payments/mark-paid", said, status=status).json
        outbox.run()
        return session.get(Payment, answer["id"], populate_existing=True) if status == 201 else answer

    return mark


def test_paid_before_it_was_made_bigger(booking, begin, bank, ada, look, status_of, refunds, agree):
    payment = begin(booking)
    bank.pay(payment.ref)
    ada.patch(f"/bookings/{booking['id']}", {"quantity": 5})
    look()
    assert (payment.problem, status_of(booking)) == ("differs", ("pending", "unpaid"))

    look(minutes=200)

    assert status_of(booking)[0] == "expired"
    assert (refunds(payment), payment.problem) == ([("done", 2100, "rule")], None)
    agree()


def test_paid_in_part_and_then_not(booking, mark, look, status_of, refunds):
    payment = mark(booking, "10.00")
    assert payment.problem == "differs"

    look(minutes=60)

    assert status_of(booking)[0] == "expired"
    assert (refunds(payment), payment.problem) == ([("pending", 1000, "rule")], "to_give_back")


def test_paid_in_part_and_then_not_where_staff_decide(booking, mark, look, refunds, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "payments.refund_unplaced", False)
    payment = mark(booking, "10.00")

    look(minutes=60)

    assert (refunds(payment), payment.problem) == ([], "no_places")


def test_paid_in_parts(booking, mark, session, status_of):
    first, second = mark(booking, "10.00"), mark(booking)

    session.refresh(first)
    assert (first.problem, second.problem, status_of(booking)) == (None, None, ("confirmed", "paid"))


def test_the_last_part_came_too_late(book, begin, bank, look, session, event, refunds, agree, application):
    booking = book(quantity=2)
    first = begin(booking)
    bank.pay(first.ref, 2000)
    look()
    second = begin(booking)
    pool = session.get(Pool, event.pool_id)
    look(minutes=16)
    pool.taken = pool.capacity
    session.flush()
    bank.pay(second.ref)
    look(minutes=15)

    assert (refunds(first), refunds(second)) == ([("done", 2000, "rule")], [("done", 100, "rule")])
    assert (first.problem, second.problem) == (None, None)
    agree()


def test_cancelled_when_a_refund_had_failed(
    paid, booking, staff, ada, bank, outbox, session, by_itself, refunds, agree
):
    by_itself()
    bank.refuses_refunds = "No"
    staff.post(f"/payments/{paid.id}/refunds", {"amount": "1.00", "reason": "Rain"}, status=201)
    outbox.run()
    bank.refuses_refunds = None
    ada.delete(f"/bookings/{booking['id']}")
    outbox.run()

    session.refresh(paid)
    assert (refunds(paid)[-1], paid.problem) == (("done", 2100, "rule"), None)
    agree()


@pytest.mark.parametrize("is_so", [True, False])
def test_cancelled_when_some_is_disputed(
    paid, booking, ada, bank, see, outbox, session, by_itself, refunds, agree, is_so
):
    by_itself(is_so)
    bank.dispute(paid.ref, 500)
    see(paid)
    ada.delete(f"/bookings/{booking['id']}")
    outbox.run()
    session.refresh(paid)
    assert refunds(paid) == ([("done", 1600, "rule")] if is_so else [])
    assert paid.problem == ("disputed" if is_so else "cancelled")

    bank.dispute(paid.ref, 0)
    see(paid)
    session.refresh(paid)
    assert refunds(paid) == ([("done", 1600, "rule"), ("done", 500, "rule")] if is_so else [])
    assert paid.problem == (None if is_so else "cancelled")
    agree()


def test_what_was_disputed_after_the_booking_was_cancelled_is_not_forgotten_when_it_is_won(
    paid, booking, ada, bank, see, outbox, session, refunds
):
    ada.delete(f"/bookings/{booking['id']}")
    outbox.run()
    for disputed in (500, 0):
        bank.dispute(paid.ref, disputed)
        see(paid)

    session.refresh(paid)
    assert (paid.problem, refunds(paid)) == ("cancelled", [])


def test_paid_twice_when_the_first_was_given_back(
    booking, begin, bank, look, api, organizer, event, outbox, status_of, refunds, agree
):
    first, second = begin(booking), begin(booking)
    bank.pay(second.ref)
    look()
    own = api.as_(organizer)
    own.post(f"/events/{event.id}/cancel")
    own.post(f"/events/{event.id}/payments/refunds", {"reason": "Flood"}, status=202)
    outbox.run()
    bank.pay(first.ref)
    look(hours=1)

    assert (refunds(first), refunds(second)) == ([("done", 2100, "rule")], [("done", 2100, "staff")])
    assert (status_of(booking)[0], first.problem, bank.kept) == ("confirmed", None, 0)
    agree()


def test_paid_twice_when_some_was_given_back_out_of_kindness(booking, begin, bank, look, staff, outbox, refunds, agree):
    first, second = begin(booking), begin(booking)
    bank.pay(second.ref)
    look()
    staff.post(f"/payments/{second.id}/refunds", {"amount": "5.00", "reason": "Noise"}, status=201)
    outbox.run()
    bank.pay(first.ref)
    look(hours=1)

    assert (refunds(first), bank.kept) == ([("done", 2100, "rule")], 1600)
    agree()


def test_what_staff_take_again_after_they_gave_it_back_stays(paid, booking, staff, outbox, mark, refunds, status_of):
    wanted = {"reason": "By mistake", "keep_booking": True}
    staff.post(f"/payments/{paid.id}/refunds", wanted, status=201)
    outbox.run()
    again = mark(booking)

    assert (again.captured, refunds(again), again.problem) == (2100, [], None)


def test_what_is_open_beside_what_was_paid_is_closed(booking, begin, bank, look, session, browser):
    first, second = begin(booking), begin(booking)
    bank.accounts[first.ref].status = "open"
    bank.pay(first.ref)
    look()

    session.refresh(second)
    assert (first.status, second.status) == ("paid", "cancelled")
    assert bank.accounts[second.ref].status == "expired"
    to = browser.get(f"/payments/{second.token}/go", status=303).headers["Location"]
    assert to.endswith(f"/payments/{second.token}/back")


def test_paid_late_when_the_same_person_has_booked_again(book, begin, bank, look, status_of, refunds, agree):
    first = book()
    payment = begin(first)
    look(minutes=16)
    second = book()
    bank.pay(payment.ref)
    look(minutes=11)

    assert (status_of(first)[0], status_of(second)[0]) == ("expired", "pending")
    assert refunds(payment) == [("done", 1050, "rule")]
    agree()


def test_staff_decide_which_of_two_bookings_is_good(book, look, mark, status_of):
    first = book()
    look(minutes=16)
    book()
    mark(first)

    assert status_of(first) == ("confirmed", "paid")


def test_nobody_takes_money_for_a_booking_that_was_cancelled(booking, ada, mark):
    ada.delete(f"/bookings/{booking['id']}")

    assert mark(booking, status=409)["code"] == "wrong_booking_status"


def test_fewer_places_than_were_paid_are_for_staff_to_see(paid, booking, ada, staff, outbox, session):
    ada.patch(f"/bookings/{booking['id']}", {"quantity": 1})
    outbox.run()
    (shown,) = staff.get("/payments", problem="overpaid").json["results"]
    assert shown["id"] == paid.id

    staff.post(f"/payments/{paid.id}/refunds", {"amount": "10.50", "reason": "One less"}, status=201)
    outbox.run()
    session.refresh(paid)
    assert paid.problem is None


def test_fewer_places_than_were_paid_and_then_as_many_again(paid, booking, ada, session):
    for quantity, problem in ((1, "overpaid"), (2, None)):
        ada.patch(f"/bookings/{booking['id']}", {"quantity": quantity})
        session.refresh(paid)
        assert paid.problem == problem


@pytest.mark.parametrize(("amount", "problem"), [("10.50", None), ("15.00", "overpaid")])
def test_paid_by_having_fewer_places(booking, mark, ada, status_of, session, amount, problem):
    payment = mark(booking, amount)
    answer = ada.patch(f"/bookings/{booking['id']}", {"quantity": 1}).json

    assert answer["status"] == "confirmed"
    assert status_of(booking) == ("confirmed", "paid")
    session.refresh(payment)
    assert payment.problem == problem


def test_fewer_places_and_still_not_paid(book, mark, ada, status_of):
    booking = book(quantity=3)
    mark(booking, "10.50")

    assert ada.patch(f"/bookings/{booking['id']}", {"quantity": 2}).json["status"] == "pending"


def test_fewer_places_do_not_confirm_what_nobody_paid(booking, ada):
    assert ada.patch(f"/bookings/{booking['id']}", {"quantity": 1}).json["status"] == "pending"


@pytest.fixture
def delete_ada(application, session, ada, outbox):
    """Return what deletes Ada; it gives what was said of that before."""

    def delete_ada():
        session.commit()
        with system_request(application.router) as request:
            users = request.find_service(UserService)
            said = users.foresee_bulk_delete(ada.user.username)
            assert ada.user.id in users.bulk_delete(ada.user.username)
        outbox.run()
        session.expire_all()
        return said

    return delete_ada


@pytest.mark.parametrize("is_so", [True, False])
def test_no_money_of_users_who_are_deleted_goes_unnoticed(
    paid, book, begin, bank, session, delete_ada, by_itself, refunds, agree, look, is_so
):
    by_itself(is_so)
    other = begin(book())
    said = delete_ada()

    goes = "is given back" if is_so else "waits for staff to decide"
    assert f"21.00 EUR was paid for bookings that are deleted (payments: 1), and {goes}." in said
    assert (paid.booking_id, paid.user_id) == (None, None)
    assert refunds(paid) == ([("done", 2100, "rule")] if is_so else [])
    assert paid.problem == (None if is_so else "gone")
    assert (other.status, bank.accounts[other.ref].status) == ("cancelled", "expired")
    agree()


def test_what_others_paid_for_users_who_are_deleted_waits_for_staff(paid, booking, book, make, api, pay, delete_ada):
    friend = api.as_(make.staff())
    for_ada = pay(book(friend, attendee_id=booking["attendee_id"]), friend)
    said = delete_ada()

    assert any("31.50 EUR was paid for bookings that are deleted (payments: 2)" in sentence for sentence in said)
    assert (for_ada.booking_id, for_ada.user_id, for_ada.problem) == (None, friend.user.id, "gone")


def test_what_users_paid_for_events_that_are_over_is_earned(paid, clock, delete_ada, event, by_itself, refunds):
    by_itself()
    clock.move(seconds=(event.ends_at - clock.now()).total_seconds())
    said = delete_ada()

    assert not any("EUR" in sentence for sentence in said)
    assert (paid.problem, refunds(paid)) == (None, [])


def test_every_payment_of_a_deleted_user_is_still_in_the_books(paid, session, delete_ada, agree):
    delete_ada()

    assert session.scalars(select(Payment.id)).all() == [paid.id]
    agree()
