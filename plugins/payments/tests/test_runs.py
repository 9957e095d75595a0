"""An event is called off: everything that was paid for it goes back, whatever the provider does meanwhile."""

from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from turnout.bookings.models import CONFIRMED, Booking
from turnout.bookings.services import Booker, BookingRequest, Line
from turnout.events.models import Event
from turnout.plugin import Actor
from turnout.system import transact

from turnout_payments.models import PAID, Entry, Payment, Refund, RefundRun
from turnout_payments.services import PaymentService, RefundRuns, RefundService

REASON = {"reason": "The hall was flooded."}


@pytest.fixture
def paid_bookings(application, make, session, bank, clock, outbox):
    """Return what lets many book and pay an event."""

    def paid_bookings(event, number):
        users = [make.user() for _ in range(number)]
        session.commit()

        def book_and_begin(request):
            lines = (Line(), Line())
            requests = [BookingRequest(event.id, Actor.of(user.id), lines) for user in users]
            for booked, user in zip(request.find_service(Booker).book(requests), users, strict=True):
                request.find_service(PaymentService).begin(
                    booked["id"], "bank", "https://shop.example.com/", actor=Actor.of(user.id)
                )

        transact(application.registry, book_and_begin)
        outbox.run()
        for ref in bank.accounts:
            bank.pay(ref)
        clock.move(seconds=21)
        outbox.run()

    return paid_bookings


@pytest.fixture
def called_off(api, organizer, event):
    """Return what calls the event off."""
    return lambda how="cancel": api.as_(organizer).post(f"/events/{event.id}/{how}")


@pytest.mark.slow
def test_two_hundred_bookings_while_the_provider_fails_one_call_in_five(
    paid_bookings, event, bank, called_off, api, organizer, outbox, clock, session, agree, make
):
    from turnout.pools.models import Pool

    session.get(Pool, event.pool_id).capacity = 1000
    paid_bookings(event, 200)
    assert session.scalar(select(func.count()).where(Booking.status == CONFIRMED)) == 200
    assert bank.kept == 200 * 2100
    called_off()
    began = len(bank.calls)
    # Half of the failures come when the money is on its way already.
    bank.trouble = lambda number, _path: None if (number - began) % 5 else ("before", "after")[number % 2]

    path = f"/events/{event.id}/payments/refunds"
    client = api.as_(organizer)
    started = client.post(path, REASON, status=202).json
    assert (started["status"], started["payments"], started["waiting"]) == ("running", 200, 200)
    for _ in range(12):
        outbox.run()
        clock.move(minutes=1)

    shown = client.get(path).json
    assert (shown["status"], shown["done"], shown["failed"], shown["waiting"]) == ("done", 200, 0, 0)
    assert shown["amounts"] == [{"currency": "EUR", "done": "4200.00", "underway": "0.00", "failed": "0.00"}]
    assert bank.kept == 0
    assert [len(account.refunds) for account in bank.accounts.values()] == [1] * 200
    sums = dict(session.execute(select(Entry.kind, func.sum(Entry.amount)).group_by(Entry.kind)).all())
    assert {kind: int(amount) for kind, amount in sums.items()} == {"charge": 420_000, "refund": -420_000}
    assert len(bank.calls) - began > 240  # one call in five went wrong
    assert outbox.dead == []
    agree()
    # They are told by their bookings, which stay.
    assert session.scalar(select(func.count()).where(Booking.status == CONFIRMED)) == 200


def test_in_parts_and_one_at_a_time(
    paid_bookings, event, called_off, api, organizer, outbox, session, monkeypatch, agree
):
    monkeypatch.setattr("turnout_payments.services.runs.PART", 3)
    paid_bookings(event, 7)
    called_off()
    client, path = api.as_(organizer), f"/events/{event.id}/payments/refunds"
    first = client.post(path, REASON, status=202).json
    assert client.post(path, REASON, status=202).json["id"] == first["id"]
    outbox.run()

    assert session.scalar(select(func.count(RefundRun.id))) == 1
    assert Counter(session.scalars(select(Refund.status))) == {"done": 7}
    assert client.post(path, REASON, status=409).json["code"] == "nothing_to_refund"
    agree()


def test_what_was_given_back_already_is_left_out(
    paid_bookings, event, called_off, api, organizer, outbox, staff, session, agree, clock
):
    paid_bookings(event, 3)
    first, second, _ = session.scalars(select(Payment.id).order_by(Payment.id)).all()
    staff.post(f"/payments/{first}/refunds", {"reason": "Ill"})
    staff.post(f"/payments/{second}/refunds", {"reason": "Ill", "amount": "1.00"})
    outbox.run()
    called_off()
    shown = api.as_(organizer).post(f"/events/{event.id}/payments/refunds", REASON, status=202).json
    outbox.run()

    assert shown["payments"] == 2
    amounts = session.scalars(select(Refund.amount).where(Refund.run_id == shown["id"]).order_by(Refund.id)).all()
    assert amounts == [2000, 2100]
    agree()


def test_those_that_failed_are_tried_again(
    paid_bookings, event, called_off, api, organizer, outbox, bank, application, session, agree
):
    paid_bookings(event, 3)
    called_off()
    bank.refuses_refunds = "Not today."
    client, path = api.as_(organizer), f"/events/{event.id}/payments/refunds"
    client.post(path, REASON, status=202)
    outbox.run()
    assert client.get(path).json["failed"] == 3

    bank.refuses_refunds = None
    session.commit()
    actor = Actor.of(organizer.id, is_organizer=True)
    again = transact(
        application.registry, lambda request: request.find_service(RefundRuns).retry_failed(event.id, actor=actor)
    )
    outbox.run()

    shown = client.get(path).json
    assert (again, shown["failed"], shown["done"], shown["payments"]) == (3, 0, 3, 3)
    agree()


def test_what_works_it_off_has_died_and_somebody_begins_it_again(
    paid_bookings, event, called_off, api, organizer, outbox, clock, session, monkeypatch, agree
):
    paid_bookings(event, 2)
    called_off()
    client, path = api.as_(organizer), f"/events/{event.id}/payments/refunds"
    with monkeypatch.context() as patch:
        patch.setattr(RefundRuns, "work_off", broken)
        first = client.post(path, REASON, status=202).json
        for _ in range(25):
            outbox.run()
            clock.move(hours=1)
        assert len(outbox.dead) == 1
    assert client.post(path, REASON, status=202).json["id"] == first["id"]
    outbox.run()

    shown = client.get(path).json
    assert (shown["status"], shown["done"], shown["waiting"]) == ("done", 2, 0)
    agree()


def broken(*_arguments, **_options):
    raise RuntimeError


def test_one_that_cannot_even_begin_does_not_hold_up_the_others(
    paid_bookings, event, called_off, api, organizer, outbox, session, monkeypatch, agree, staff, application
):
    paid_bookings(event, 3)
    called_off()
    odd = session.scalars(select(Payment.id).order_by(Payment.id).offset(1).limit(1)).one()
    request_refund = RefundService.request

    def request(self, payment_id, *arguments, **options):
        made = request_refund(self, payment_id, *arguments, **options)
        return broken() if payment_id == odd else made

    client, path = api.as_(organizer), f"/events/{event.id}/payments/refunds"
    with monkeypatch.context() as patch:
        patch.setattr(RefundService, "request", request)
        client.post(path, REASON, status=202)
        outbox.run()
    shown = client.get(path).json
    assert (shown["status"], shown["done"], shown["failed"], shown["waiting"]) == ("done", 2, 1, 0)
    assert shown["amounts"] == [{"currency": "EUR", "done": "42.00", "underway": "0.00", "failed": "21.00"}]
    troubled = staff.get(f"/payments/{odd}").json
    assert (troubled["problem"], troubled["refunds"], troubled["amount_refunding"]) == ("refund_failed", [], "0.00")
    agree()

    session.commit()
    actor = Actor.of(organizer.id, is_organizer=True)
    again = transact(
        application.registry, lambda request: request.find_service(RefundRuns).retry_failed(event.id, actor=actor)
    )
    outbox.run()
    shown = client.get(path).json
    assert (again, shown["done"], shown["failed"]) == (1, 3, 0)
    assert staff.get(f"/payments/{odd}").json["problem"] is None
    agree()


def test_of_what_is_postponed_the_bookings_are_cancelled(
    paid_bookings, event, called_off, api, organizer, outbox, session, agree
):
    paid_bookings(event, 2)
    called_off("postpone")
    api.as_(organizer).post(f"/events/{event.id}/payments/refunds", REASON, status=202)
    outbox.run()

    assert session.scalars(select(Booking.status)).all() == ["cancelled", "cancelled"]
    agree()


def test_not_while_it_is_on_sale_and_not_by_others(paid_bookings, event, api, organizer, called_off, make, outbox):
    paid_bookings(event, 1)
    path = f"/events/{event.id}/payments/refunds"
    assert api.as_(organizer).post(path, REASON, status=409).json["code"] == "still_on_sale"
    called_off()

    api.as_role("anyone").post(path, REASON, status=401)
    api.as_role("user").post(path, REASON, status=403)
    api.as_role("organizer").post(path, REASON, status=403)
    api.as_role("organizer").get(path, status=403)
    api.as_(organizer).get(path, status=404)
    api.as_(organizer).post("/events/999999/payments/refunds", REASON, status=404)
    api.as_(organizer).get("/events/999999/payments/refunds", status=404)


def test_what_it_would_mean_is_foreseen(paid_bookings, event, application, session):
    from turnout.events.hooks import TransitionForeseen

    paid_bookings(event, 3)
    session.commit()

    def foresee(request):
        foreseen = TransitionForeseen(event.id, "cancelled")
        object.__setattr__(foreseen, "request", request)
        request.registry.notify(foreseen)
        return foreseen.said

    assert "3 payments of 63.00 EUR in all can then be refunded, all at once." in transact(
        application.registry, foresee
    )


def test_what_is_open_of_an_event_that_is_called_off_is_closed(booking, begin, bank, called_off, outbox, session):
    payment = begin(booking)
    called_off()
    outbox.run()

    session.refresh(payment)
    assert (payment.status, bank.accounts[payment.ref].status) == ("cancelled", "expired")


def test_each_currency_for_itself(paid_bookings, make, organizer, event, application, session):
    other = make.event(organizer=organizer, price=Decimal(1050), currency="JPY", bookings_per_attendee=None)
    paid_bookings(event, 1)
    paid_bookings(other, 1)
    session.commit()

    found = transact(
        application.registry,
        lambda request: [request.find_service(RefundRuns).foresee(one) for one in (event.id, other.id)],
    )
    assert found == [[("EUR", 1, 2100)], [("JPY", 1, 2100)]]
    assert session.scalars(select(Payment.status)).all() == [PAID, PAID]
    assert session.get(Event, other.id).currency == "JPY"
