"""Who is told of what: once, and not of what they did themselves."""

import pytest
from turnout.plugin import SYSTEM
from turnout.system import transact

from turnout_payments.services import PaymentService, RefundService

SUBJECT = "needs you"


@pytest.fixture
def by_hand(booking, staff, application, session, outbox, mails):
    """Return what refunds a booking that was paid in cash, as somebody of an origin, and how often the organizer is told."""
    made = staff.post(f"/bookings/{booking['id']}/payments/mark-paid", {}, status=201).json

    def by_hand(origin):
        session.commit()
        refund_id = transact(
            application.registry,
            lambda request: request.find_service(RefundService).request(
                made["id"], None, "Rain", actor=SYSTEM, origin=origin
            ),
        )
        outbox.run()
        return refund_id, len(mails(SUBJECT))

    return by_hand


@pytest.mark.parametrize(("origin", "told"), [("staff", 0), ("rule", 1)])
def test_organizers_hear_of_refunds_by_hand_that_they_did_not_ask_for(by_hand, origin, told):
    assert by_hand(origin)[1] == told


def test_the_buyer_hears_of_it_when_it_is_done(by_hand, application, session, outbox, mails, staff):
    refund_id, _ = by_hand("staff")
    assert mails("given back") == []
    transact(
        application.registry,
        lambda request: request.find_service(PaymentService).mark_refunded(refund_id, actor=SYSTEM),
    )
    outbox.run()

    assert [to for to, _ in mails("given back")] == ["Ada Lovelace <ada@example.com>"]
