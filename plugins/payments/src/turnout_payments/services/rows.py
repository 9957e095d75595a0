"""Rows of payments: locked in the one order that everybody keeps to, and changed by guarded statements.

The order is: the booking's row, its payments' rows, the event's takings, the event's pool of places. Whoever has locked a booking may wait for
its payments; nobody who has locked a payment waits for a booking that is not locked yet.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from turnout.bookings.models import Booking
from turnout.bookings.services import BookingService
from turnout.events.models import Event
from turnout.plugin import SYSTEM, Actor, Clock, Denied, NotFound

from turnout_payments.models import Payment, Refund
from turnout_payments.money import to_minor

LEFT = Payment.captured - Payment.refunding - Payment.refunded - Payment.disputed
"""How much of a payment can be given back."""


def new_key(kind: str) -> str:
    """Return an idempotency key that nobody has used."""
    return f"{kind}-{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True)
class Balance:
    """What a booking costs, and what became of the money that came for it, in the currency's smallest unit."""

    total: int
    captured: int
    refunding: int
    refunded: int
    disputed: int

    @property
    def held(self) -> int:
        """What is here, and stays as far as is known."""
        return self.captured - self.refunding - self.refunded - self.disputed

    @property
    def due(self) -> int:
        """What is missing; negative: so much more than the booking costs is here."""
        return self.total - self.held


class Rows:
    """Locks and changes payments and refunds."""

    def __init__(self, session: Session, clock: Clock, bookings: BookingService) -> None:
        self.session = session
        self.clock = clock
        self.bookings = bookings

    def locked(self, payment_id: int) -> tuple[Booking | None, Payment]:
        """Return a payment and its booking, if it is still there, which nobody else changes now. Raises `NotFound`."""
        booking_id = self.session.scalar(select(Payment.booking_id).where(Payment.id == payment_id))
        booking = None if booking_id is None else self.booking(booking_id)
        payment = self.session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
        if payment is None:
            raise NotFound("There is no such payment.")
        return booking, payment

    def booking(self, booking_id: int) -> Booking | None:
        """Return a booking, its row locked, or None if it is gone."""
        try:
            return self.bookings.for_change(booking_id, actor=SYSTEM)
        except NotFound:
            return None

    def of_booking(self, booking_id: int) -> Sequence[Payment]:
        """Return a locked booking's payments, locked, oldest first."""
        query = select(Payment).where(Payment.booking_id == booking_id).order_by(Payment.id).with_for_update()
        return self.session.scalars(query.execution_options(populate_existing=True)).all()

    def balance(self, booking: Booking) -> Balance:
        """Return what a booking costs, and what came for it."""
        sums = [
            func.coalesce(func.sum(column), 0)
            for column in (Payment.captured, Payment.refunding, Payment.refunded, Payment.disputed)
        ]
        row = self.session.execute(select(*sums).where(Payment.booking_id == booking.id)).one()
        total = 0 if booking.total_amount is None else to_minor(booking.total_amount, booking.currency)
        return Balance(total, *map(int, row))

    def change(self, payment: Payment, *guards: Any, **values: Any) -> bool:
        """Change a payment if the guards hold in the statement itself; tell whether they did."""
        values |= {"updated_at": self.clock.now(), "version": Payment.version + 1}
        return self._change(payment, update(Payment).where(Payment.id == payment.id, *guards), values)

    def change_refund(self, refund: Refund, *guards: Any, **values: Any) -> bool:
        """Do the same with a refund."""
        values |= {"updated_at": self.clock.now()}
        return self._change(refund, update(Refund).where(Refund.id == refund.id, *guards), values)

    def _change(self, row: Payment | Refund, statement: Any, values: dict[str, Any]) -> bool:
        changed: Any = self.session.execute(statement.values(values).execution_options(synchronize_session=False))
        self.session.refresh(row)
        return bool(changed.rowcount)

    def require_organizer(self, payment: Payment, actor: Actor) -> None:
        """Raise `NotFound` for somebody who may not know of a payment, `Denied` for its buyer, unless they organize its event."""
        organizer_id = self.session.scalar(select(Event.organizer_id).where(Event.id == payment.event_id))
        if actor.is_staff or (organizer_id is not None and actor.owns(organizer_id)):
            return
        if actor.owns(payment.user_id):
            raise Denied("Only the event's organizer and staff do this.")
        raise NotFound("There is no such payment.")
