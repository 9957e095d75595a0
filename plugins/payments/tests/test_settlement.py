"""What providers say, in any order and however often: the sums are those of the ledger, and never wrong."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from turnout.plugin import SYSTEM
from turnout.system import system_request

from turnout_payments.models import Entry, Payment, Refund
from turnout_payments.providers import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PENDING,
    PROCESSING,
    Seen,
    SeenRefund,
)
from turnout_payments.services import RefundService, Settlement

AMOUNT = 2100


@pytest.fixture
def say(application, session):
    """Return what enters what a provider says of a payment."""

    def say(payment, *seen, version=None):
        session.commit()
        with system_request(application.router) as request:
            for one in seen:
                told = request.find_service(Settlement).apply(payment.id, one, version=version)
        session.expire_all()
        return told

    return say


@pytest.fixture
def payment(booking, begin):
    return begin(booking)


def sums(session, payment):
    session.expire_all()
    found = session.get(Payment, payment.id)
    ledger = dict(
        session.execute(
            select(Entry.kind, func.sum(Entry.amount)).where(Entry.payment_id == payment.id).group_by(Entry.kind)
        ).all()
    )
    ledger = {kind: int(amount) for kind, amount in ledger.items()}
    assert found.captured == ledger.get("charge", 0)
    assert found.refunded == -ledger.get("refund", 0) - ledger.get("refund_undone", 0)
    assert found.disputed == -ledger.get("dispute", 0) - ledger.get("dispute_undone", 0)
    underway = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment.id, Refund.status.in_(("created", "pending"))
    )
    assert found.refunding == session.scalar(underway)
    return found.captured, found.refunded, found.disputed


@pytest.mark.parametrize("status", [OPEN, PROCESSING, FAILED, EXPIRED])
def test_what_is_older_than_the_money_changes_nothing(payment, say, session, status):
    say(payment, Seen(PAID, AMOUNT, "EUR"), Seen(status, 0, "EUR", detail="late"))

    assert sums(session, payment) == (AMOUNT, 0, 0)
    assert (payment.status, payment.detail) == (PAID, "")


@pytest.mark.parametrize("before", [PROCESSING, FAILED, EXPIRED])
def test_money_comes_whatever_was_said_before(payment, say, before, status_of, booking):
    say(payment, Seen(before, 0, "EUR"), Seen(PAID, AMOUNT, "EUR"))

    assert payment.status == PAID
    assert status_of(booking) == ("confirmed", "paid")


@pytest.mark.parametrize("first", [FAILED, EXPIRED])
@pytest.mark.parametrize("then", [OPEN, PROCESSING, FAILED, EXPIRED])
def test_what_ended_without_money_stays_so(payment, say, first, then):
    say(payment, Seen(first, 0, "EUR"), Seen(then, 0, "EUR"))

    assert payment.status == first


def test_paid_without_any_money_is_on_its_way(payment, say, session):
    say(payment, Seen(PAID, 0, "EUR"))

    assert (payment.status, sums(session, payment)) == (PROCESSING, (0, 0, 0))


def test_a_dispute_seen_before_something_else_was_entered_is_looked_at_again(payment, say, session):
    say(payment, Seen(PAID, AMOUNT, "EUR"))
    version = payment.version
    say(payment, Seen(PAID, AMOUNT, "EUR", disputed=AMOUNT))

    assert say(payment, Seen(PAID, AMOUNT, "EUR"), version=version) is False
    assert sums(session, payment) == (AMOUNT, 0, AMOUNT)
    assert say(payment, Seen(PAID, AMOUNT, "EUR"), version=payment.version) is True
    assert sums(session, payment) == (AMOUNT, 0, 0)


def test_more_given_back_than_came_is_not_believed(payment, say, session):
    say(payment, Seen(PAID, AMOUNT, "EUR", refunds=(SeenRefund("re_1", AMOUNT + 1, DONE),)))

    assert sums(session, payment) == (AMOUNT, 0, 0)
    assert payment.problem == "differs"


def test_a_refund_of_another_amount_than_asked_for(paid, application, session, say):
    session.commit()
    with system_request(application.router) as request:
        request.find_service(RefundService).request(paid.id, 500, "Rain", actor=SYSTEM)
    refund = session.scalars(select(Refund)).one()
    say(paid, Seen(PAID, AMOUNT, "EUR", refunds=(SeenRefund("re_1", 400, DONE, refund.key),)))

    assert sums(session, paid) == (AMOUNT, 400, 0)
    assert paid.problem == "differs"


def test_two_of_the_same_amount_that_were_taken_for_one_another(paid, application, session, say):
    session.commit()
    with system_request(application.router) as request:
        for _ in range(2):
            request.find_service(RefundService).request(paid.id, 500, "Rain", actor=SYSTEM)
    first, second = session.scalars(select(Refund).order_by(Refund.id)).all()
    # The second's is seen, by nobody's name, before the answers to either come.
    say(paid, Seen(PAID, AMOUNT, "EUR", refunds=(SeenRefund("re_2", 500, DONE),)))
    session.commit()
    with system_request(application.router) as request:
        settlement = request.find_service(Settlement)
        settlement.apply_refund(first.id, SeenRefund("re_1", 500, DONE, first.key))
        settlement.apply_refund(second.id, SeenRefund("re_2", 500, DONE, second.key))

    assert sums(session, paid) == (AMOUNT, 1000, 0)
    assert session.scalar(select(func.count(Refund.id))) == 2


def test_a_refund_that_was_refused_and_yet_is_there(paid, application, session, say):
    session.commit()
    with system_request(application.router) as request:
        refund_id = request.find_service(RefundService).request(paid.id, 500, "Rain", actor=SYSTEM)
    with system_request(application.router) as request:
        request.find_service(Settlement).refuse_refund(refund_id, "No")
    refund = session.get(Refund, refund_id, populate_existing=True)
    assert refund.status == "failed"
    say(paid, Seen(PAID, AMOUNT, "EUR", refunds=(SeenRefund("re_1", 500, PENDING, refund.key),)))
    assert sums(session, paid) == (AMOUNT, 0, 0)
    say(paid, Seen(PAID, AMOUNT, "EUR", refunds=(SeenRefund("re_1", 500, DONE, refund.key),)))
    assert sums(session, paid) == (AMOUNT, 500, 0)


class Undone(Exception):  # noqa: N818 - what it says is a state
    """The transaction has served."""


ORDER = (PENDING, DONE, FAILED)
STORY = st.lists(
    st.one_of(
        st.tuples(st.just("capture"), st.integers(1, AMOUNT)),
        st.tuples(st.just("refund"), st.integers(1, 700)),
        st.tuples(st.just("go on"), st.integers(0, 5)),
        st.tuples(st.just("dispute"), st.sampled_from((0, 300, AMOUNT))),
    ),
    max_size=12,
)


def states(story):
    """Return what a provider would have said after each step of a story."""
    seen = Seen(OPEN, currency="EUR")
    found = [seen]
    for what, number in story:
        if what == "capture" and seen.captured == 0:
            seen = replace(seen, status=PAID, captured=number)
        elif what == "refund" and sum(one.amount for one in seen.refunds) + number <= seen.captured:
            made = SeenRefund(f"re_{len(seen.refunds)}", number, PENDING)
            seen = replace(seen, refunds=(*seen.refunds, made))
        elif what == "go on" and number < len(seen.refunds) and seen.refunds[number].status != FAILED:
            refunds = list(seen.refunds)
            further = ORDER[ORDER.index(refunds[number].status) + 1]
            refunds[number] = replace(refunds[number], status=further)
            seen = replace(seen, refunds=tuple(refunds))
        elif what == "dispute" and seen.captured:
            seen = replace(seen, disputed=number)
        found.append(seen)
    return found


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORY, random=st.randoms(use_true_random=False))
def test_in_any_order_and_however_often(story, random, payment, application, session):
    told = states(story)
    shuffled = random.choices(told, k=len(told)) + told
    random.shuffle(shuffled)
    last = told[-1]
    # It is undone at the end: the next story begins where this one did.
    session.commit()
    with suppress(Undone), system_request(application.router) as request:
        settlement = request.find_service(Settlement)
        for seen in (*shuffled, last, last):
            settlement.apply(payment.id, seen)
            found = sums(request.db, payment)
        done = sum(one.amount for one in last.refunds if one.status == DONE)
        assert found == (last.captured, done, last.disputed)
        raise Undone
