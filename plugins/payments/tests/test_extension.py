"""``extensions.payments`` of bookings: read once for a whole list."""

import pytest

from turnout_payments.models import Payment


def test_however_many_there_are_it_is_one_statement(book, ada, pay, statements, session):
    def statements_for():
        session.commit()
        with statements() as sent:
            found = ada.get("/bookings", page_size=50).json["results"]
        return len(sent), found

    pay(book())
    one, _ = statements_for()
    for _ in range(5):
        pay(book())
    book()
    many, found = statements_for()

    assert many == one
    assert [booking["extensions"]["payments"]["status"] for booking in found] == ["unpaid"] + ["paid"] * 6


def test_the_list_of_payments_needs_no_more_statements_for_more(book, ada, pay, statements, session):
    def statements_for():
        session.commit()
        with statements() as sent:
            ada.get("/payments", page_size=50)
        return len(sent)

    pay(book())
    one = statements_for()
    for _ in range(4):
        pay(book())
    assert statements_for() == one


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"status": "open"}, ("unpaid", "21.00")),
        ({"status": "processing"}, ("processing", "21.00")),
        ({"status": "failed"}, ("failed", "21.00")),
        ({"status": "expired"}, ("unpaid", "21.00")),
        ({"status": "paid", "captured": 2000}, ("unpaid", "1.00")),
        ({"status": "paid", "captured": 2100}, ("paid", "0.00")),
        ({"status": "paid", "captured": 2500, "refunded": 400}, ("paid", "0.00")),
        ({"status": "paid", "captured": 2100, "refunding": 2100}, ("paid", "21.00")),
        ({"status": "paid", "captured": 2100, "refunded": 100}, ("partially_refunded", "1.00")),
        ({"status": "paid", "captured": 2100, "refunded": 2100}, ("refunded", "21.00")),
        ({"status": "paid", "captured": 2100, "disputed": 2100}, ("paid", "21.00")),
    ],
)
def test_of_a_held_booking(booking, begin, session, ada, values, shown):
    payment = begin(booking)
    for name, value in values.items():
        setattr(payment, name, value)
    session.flush()

    found = ada.get(f"/bookings/{booking['id']}").json["extensions"]["payments"]
    assert (found["status"], found["amount_due"]) == shown
    assert session.get(Payment, payment.id).currency == found["currency"]


def test_of_what_is_over_nothing_is_due(booking, ada, outbox):
    ada.delete(f"/bookings/{booking['id']}")

    found = ada.get(f"/bookings/{booking['id']}").json["extensions"]["payments"]
    assert (found["status"], found["amount_due"]) == ("unpaid", "0.00")
