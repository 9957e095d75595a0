"""The demo: most of its bookings are paid, so that there is something to look at, and a few wait for their money."""

from sqlalchemy import select
from turnout.bookings.models import PENDING, Booking
from turnout.demo.hooks import DemoLoaded
from turnout.events.models import PUBLISHED, Event
from turnout.plugin import SYSTEM, Session

from turnout_payments.services import PaymentService

UNPAID = 2
"""How many of the newest bookings nobody has paid yet."""


class DemoService:
    """Pays for the demo's bookings, as if staff had taken the money."""

    def __init__(self, session: Session, payments: PaymentService) -> None:
        self.session = session
        self.payments = payments

    def pay(self, booking_ids: list[int]) -> None:
        """Mark all bookings as paid that wait for it, but for the newest."""
        waiting = (
            select(Booking.id)
            .join(Event, Event.id == Booking.event_id)
            .where(Booking.id.in_(booking_ids), Booking.status == PENDING, Event.status == PUBLISHED)
            .order_by(Booking.id)
        )
        for booking_id in self.session.scalars(waiting).all()[:-UNPAID]:
            self.payments.mark_paid(booking_id, note="Cash, at the box office", actor=SYSTEM)


def pay_for_demo(event: DemoLoaded) -> None:
    """Let the demo's bookings be paid, in the transaction that loads it."""
    event.request.find_service(DemoService).pay(event.booking_ids)
