"""Money goes back: by staff, by rule, by the provider; whole and in part; and it may fail."""

import pytest
from sqlalchemy import update
from turnout.bookings.models import Ticket
from turnout.pools.models import Pool

from turnout_payments.models import PENDING, Payment
from turnout_payments.providers import DONE, FAILED


@pytest.fixture
def give_back(staff, outbox):
    """Return what refunds a payment as staff, and does all that is due."""

    def give_back(payment, amount=None, *, client=None, run=True, status=201, **more):
        body = {"reason": "Rain", "amount": amount} | more
        made = (client or staff).post(f"/payments/{payment.id}/refunds", body, status=status).json
        if run:
            outbox.run()
        return made

    return give_back


def test_the_whole(paid, give_back, booking, refunds, lines, status_of, session, event, agree, mails):
    mails("")
    made = give_back(paid)

    assert (made["amount"], made["currency"], made["status"], made["origin"]) == ("21.00", "EUR", "created", "staff")
    assert refunds(paid) == [("done", 2100, "staff")]
    assert lines(paid) == [("charge", 2100), ("refund", -2100)]
    assert status_of(booking) == ("cancelled", "refunded")
    assert session.get(Pool, event.pool_id).taken == 0
    (told,) = [text for _, text in mails("given back")]
    assert "Rain" in told
    agree()


def test_a_part_and_then_the_rest(paid, give_back, booking, refunds, status_of, agree, ada):
    give_back(paid, "0.01")
    assert status_of(booking) == ("confirmed", "partially_refunded")
    assert ada.get(f"/bookings/{booking['id']}").json["extensions"]["payments"] == {
        "status": "partially_refunded",
        "amount_due": "0.00",
        "amount_paid": "21.00",
        "amount_refunded": "0.01",
        "currency": "EUR",
    }

    give_back(paid)

    assert refunds(paid) == [("done", 1, "staff"), ("done", 2099, "staff")]
    assert status_of(booking) == ("cancelled", "refunded")
    agree()


def test_the_booking_may_be_kept(paid, give_back, booking, status_of, agree):
    give_back(paid, keep_booking=True)

    assert status_of(booking) == ("confirmed", "refunded")
    agree()


def test_who_is_in_stays_in(paid, give_back, booking, status_of, session, clock, agree):
    session.execute(update(Ticket).where(Ticket.booking_id == booking["id"]).values(checked_in_at=clock.now()))
    give_back(paid)

    assert status_of(booking) == ("confirmed", "refunded")
    agree()


@pytest.mark.parametrize("amount", ["21.01", "0.00", "0.001", "99999999"])
def test_not_more_than_there_is_nor_less_than_the_smallest_unit(paid, give_back, amount, refunds):
    problem = give_back(paid, amount, status=400)

    assert [error["field"] for error in problem["errors"]] == ["amount"]
    assert refunds(paid) == []


def test_what_is_on_its_way_back_is_not_given_back_again(paid, give_back, bank, agree, outbox):
    give_back(paid, "20.00", run=False)

    assert give_back(paid, "1.01", run=False, status=400)["code"] == "validation_failed"
    give_back(paid, "1.00", run=False)
    assert give_back(paid, run=False, status=409)["code"] == "nothing_to_refund"
    outbox.run()
    assert bank.kept == 0
    agree()


def test_nothing_came(booking, begin, give_back):
    assert give_back(begin(booking), status=409)["code"] == "nothing_to_refund"


def test_organizers_of_the_event_may_and_others_not(paid, give_back, api, organizer, make, ada, refunds):
    give_back(paid, client=api.as_role("organizer"), status=404)
    ada.user.is_organizer = True
    assert give_back(paid, client=ada, status=403)["code"] == "forbidden"
    give_back(paid, client=api.as_role("user"), status=403)
    give_back(paid, client=api.as_role("anyone"), status=401)
    assert refunds(paid) == []

    give_back(paid, client=api.as_(organizer))
    assert refunds(paid) == [("done", 2100, "staff")]


def test_a_provider_that_is_out_of_order_is_asked_again_with_the_same_key(paid, give_back, bank, look, refunds, agree):
    done = len(bank.calls)
    bank.trouble = lambda number, _path: {1: "before", 2: "after"}.get(number - done)
    give_back(paid)
    assert refunds(paid) == [("created", 2100, "staff")]
    look(seconds=6)
    look(seconds=12)

    assert refunds(paid) == [("done", 2100, "staff")]
    assert len({key for _, path, key in bank.calls if path.endswith("/refunds")}) == 1
    assert len(bank.accounts[paid.ref].refunds) == 1
    agree()


def test_after_a_long_time_it_is_looked_for_before_it_is_asked_for_again(
    paid, give_back, bank, look, refunds, agree, session
):
    done = len(bank.calls)
    bank.trouble = lambda number, _path: "after" if number - done <= 20 else None
    give_back(paid)
    bank._by_key.clear()  # the bank does not keep keys for ever
    bank.trouble = lambda _number, _path: None
    look(hours=30)

    assert refunds(paid) == [("done", 2100, "staff")]
    assert len(bank.accounts[paid.ref].refunds) == 1
    agree()


def test_refused_and_tried_again(
    paid, give_back, bank, staff, outbox, refunds, session, mails, agree, status_of, booking
):
    bank.refuses_refunds = "The card was closed."
    made = give_back(paid, keep_booking=True)
    assert refunds(paid) == [("failed", 2100, "staff")]
    session.refresh(paid)
    assert (paid.problem, paid.refunding) == ("refund_failed", 0)
    assert staff.get(f"/payments/{paid.id}").json["refunds"][0]["detail"] == "The card was closed."
    assert [to for to, _ in mails("needs you")] == ["Inês Prado <ines@example.com>"]

    bank.refuses_refunds = None
    again = staff.post(f"/payments/refunds/{made['id']}/retry").json
    assert again["id"] != made["id"]
    assert staff.post(f"/payments/refunds/{made['id']}/retry").json["id"] == again["id"]
    outbox.run()

    assert refunds(paid) == [("failed", 2100, "staff"), ("done", 2100, "staff")]
    session.refresh(paid)
    assert paid.problem is None
    assert staff.post(f"/payments/refunds/{again['id']}/retry", status=409).json["code"] == "wrong_refund_status"
    staff.post("/payments/refunds/999999/retry", status=404)
    agree()


@pytest.mark.parametrize("says_keys", [True, False])
def test_on_its_way_for_a_while(paid, give_back, bank, look, refunds, says_keys, agree):
    bank.refund_status, bank.says_keys = PENDING, says_keys
    give_back(paid)
    assert refunds(paid) == [("pending", 2100, "staff")]
    agree()

    bank.accounts[paid.ref].refunds[0]["status"] = DONE
    look()
    assert refunds(paid) == [("done", 2100, "staff")]
    agree()


def test_sent_back_by_the_buyers_bank(paid, give_back, bank, refunds, lines, staff, outbox, session, agree):
    give_back(paid, keep_booking=True)
    bank.accounts[paid.ref].refunds[0]["status"] = FAILED
    nudged(outbox, paid)

    assert refunds(paid) == [("failed", 2100, "staff")]
    assert lines(paid) == [("charge", 2100), ("refund", -2100), ("refund_undone", 2100)]
    session.refresh(paid)
    assert (paid.problem, paid.refunded) == ("refund_failed", 0)
    agree()


def nudged(outbox, payment):
    from turnout.outbox.services import Outbox
    from turnout.system import transact

    from turnout_payments.tasks import look_at

    outbox.session.commit()
    transact(
        outbox.application.registry,
        lambda request: request.find_service(Outbox).put(look_at, {"payment_id": payment.id}),
    )
    outbox.run()


def test_begun_at_the_provider(paid, bank, outbox, refunds, lines, session, booking, status_of, agree):
    bank.begin_refund(paid.ref, 100)
    nudged(outbox, paid)
    assert refunds(paid) == [("done", 100, "provider")]
    session.refresh(paid)
    assert (paid.problem, status_of(booking)) == (None, ("confirmed", "partially_refunded"))

    bank.begin_refund(paid.ref, 2000)
    nudged(outbox, paid)
    nudged(outbox, paid)

    assert refunds(paid) == [("done", 100, "provider"), ("done", 2000, "provider")]
    session.refresh(paid)
    # Whether they may come all the same is for people to say.
    assert (paid.problem, status_of(booking)) == ("given_back", ("confirmed", "refunded"))
    agree()


def test_ours_is_known_again_though_the_provider_does_not_say_whose_it_is(
    paid, give_back, bank, outbox, refunds, agree
):
    bank.says_keys = False
    give_back(paid, "5.00")
    bank.begin_refund(paid.ref, 500)
    nudged(outbox, paid)

    assert refunds(paid) == [("done", 500, "staff"), ("done", 500, "provider")]
    agree()


def test_a_dispute_lost_and_won(paid, bank, outbox, lines, session, booking, status_of, give_back, agree):
    bank.dispute(paid.ref, 2100)
    nudged(outbox, paid)
    session.refresh(paid)
    assert (paid.problem, paid.disputed) == ("disputed", 2100)
    assert status_of(booking)[0] == "confirmed"
    assert give_back(paid, status=409)["code"] == "nothing_to_refund"
    agree()

    bank.dispute(paid.ref, 0)
    nudged(outbox, paid)
    nudged(outbox, paid)

    session.refresh(paid)
    assert (paid.problem, paid.disputed) == (None, 0)
    assert lines(paid) == [("charge", 2100), ("dispute", -2100), ("dispute_undone", 2100)]
    agree()


@pytest.mark.parametrize(("by_itself", "found"), [(True, [("done", 2100, "rule")]), (False, [])])
def test_money_of_a_booking_that_is_cancelled(
    paid, booking, ada, outbox, refunds, session, application, monkeypatch, by_itself, found, agree
):
    monkeypatch.setitem(application.registry.settings, "payments.refund_cancelled", by_itself)
    ada.delete(f"/bookings/{booking['id']}")
    outbox.run()

    assert refunds(paid) == found
    session.refresh(paid)
    assert paid.problem == (None if by_itself else "cancelled")
    agree()


def test_a_problem_that_is_dealt_with(paid, booking, ada, outbox, session, application, api, make):
    from turnout.system import transact

    from turnout_payments.services import Settlement

    ada.delete(f"/bookings/{booking['id']}")
    outbox.run()
    session.commit()
    transact(application.registry, lambda request: request.find_service(Settlement).solve(paid.id, actor=request.actor))
    session.expire_all()
    assert session.get(Payment, paid.id).problem is None


@pytest.mark.parametrize(("by_itself", "found"), [(True, [("done", 1050, "rule")]), (False, [])])
def test_fewer_places_than_were_paid(
    paid, booking, ada, outbox, refunds, application, monkeypatch, by_itself, found, status_of, agree
):
    monkeypatch.setitem(application.registry.settings, "payments.refund_cancelled", by_itself)
    ada.patch(f"/bookings/{booking['id']}", {"quantity": 1})
    outbox.run()

    assert refunds(paid) == found
    assert status_of(booking) == ("confirmed", "paid")
    agree()


def test_more_places_than_are_paid(paid, booking, ada, session, event):
    problem = ada.patch(f"/bookings/{booking['id']}", {"quantity": 3}, status=409).json

    assert (problem["code"], problem["amount_due"]) == ("another_booking_needed", "10.50")
    assert session.get(Pool, event.pool_id).taken == 2


def test_another_number_of_places_while_it_is_held(booking, begin, bank, ada, outbox, look, status_of):
    first = begin(booking)
    ada.patch(f"/bookings/{booking['id']}", {"quantity": 3})
    outbox.run()
    assert (first.status, bank.accounts[first.ref].status) == ("cancelled", "expired")

    second = begin(booking)
    assert second.amount == 3150
    bank.pay(second.ref)
    look()
    assert status_of(booking) == ("confirmed", "paid")


def test_what_was_too_much_and_the_provider_gave_back_leaves_the_booking_paid(
    booking, begin, bank, look, outbox, refunds, session, application, monkeypatch, status_of, agree
):
    first, second = begin(booking), begin(booking)
    bank.pay(second.ref)
    look()
    bank.pay(first.ref)
    bank.begin_refund(first.ref, 2100)  # before we heard of it at all
    nudged(outbox, first)

    session.refresh(first)
    assert (first.problem, refunds(first)) == (None, [("done", 2100, "provider")])
    assert status_of(booking) == ("confirmed", "paid")
    agree()
