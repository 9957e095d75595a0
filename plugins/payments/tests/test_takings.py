"""What events take, by currency: a counter that is changed with the ledger, so that no page sums it up."""

import pytest
from turnout.bookings.services import BookingCatalog
from turnout.plugin import SYSTEM, Actor

from turnout_payments.services import Books, PaymentCatalog


@pytest.fixture
def takings(session):
    def takings(event_id=None, actor=SYSTEM, **options):
        catalog = PaymentCatalog(session, BookingCatalog(session, None))
        assert Books(session).takings() == []
        return [
            (one["event_id"], one["currency"], one["charged"], one["refunded"], one["disputed"], one["net"])
            for one in catalog.takings(event_id, actor=actor, **options)
        ]

    return takings


def test_all_that_comes_and_goes(book, pay, staff, outbox, bank, takings, event, look):
    for _ in range(2):
        payment = pay(book())
    staff.post(f"/payments/{payment.id}/refunds", {"reason": "Rain", "amount": "0.50"})
    outbox.run()

    assert takings(event.id) == [(event.id, "EUR", "21.00", "0.50", "0.00", "20.50")]


def test_of_whose_events(book, pay, make, organizer, event, takings):
    other = make.event(currency="JPY", price=7, bookings_per_attendee=None)
    pay(book())
    pay(book(at=other))
    of_event, of_other = (
        (event.id, "EUR", "10.50", "0.00", "0.00", "10.50"),
        (other.id, "JPY", "7", "0", "0", "7"),
    )

    assert takings() == [of_other, of_event]
    assert takings(most=1) == [of_other]
    assert takings(actor=Actor.of(organizer.id)) == [of_event]
    assert takings(other.id, actor=Actor.of(organizer.id)) == []
