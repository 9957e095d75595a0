"""Giving everything back that was paid for an event, some payments at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from turnout.bookings.models import Booking
from turnout.events.models import CANCELLED, PUBLISHED, Event
from turnout.events.services import EventService
from turnout.plugin import SYSTEM, Actor, Announce, Clock, Denied, NotFound, TryAgain

from turnout_payments.errors import NothingToRefund, StillOnSale
from turnout_payments.hooks import RefundRunBegun
from turnout_payments.models import (
    CREATED,
    DONE,
    FAILED,
    PENDING,
    REFUND_FAILED,
    RUNNING,
    UNDERWAY,
    Payment,
    Refund,
    RefundRun,
)
from turnout_payments.money import as_text
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.refunds import RefundService
from turnout_payments.services.rows import LEFT, Rows

PART = 20
"""How many payments one transaction refunds."""

log = structlog.get_logger()


class RefundRuns:
    """Refunds all payments of an event that is not held. At most one run of an event is running."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        events: EventService,
        refunds: RefundService,
        rows: Rows,
        ledger: Ledger,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.events = events
        self.refunds = refunds
        self.rows = rows
        self.ledger = ledger

    def start(self, event_id: int, reason: str, *, actor: Actor) -> int:
        """Begin to refund everything; return the run's id, of the one that is running already if there is one: it goes on.

        For the event's organizer and staff. Raises `NotFound`, `Denied`, `StillOnSale`, `NothingToRefund`.
        """
        event = self.events.locked(event_id, actor=actor)
        running = select(RefundRun.id).where(RefundRun.event_id == event_id, RefundRun.status == RUNNING)
        run_id = self.session.scalar(running)
        if run_id is not None:
            self.announce(RefundRunBegun(run_id))  # what works it off may have failed for good
            return run_id
        if event.status == PUBLISHED:
            raise StillOnSale
        payments = self.session.scalar(select(func.count()).where(*_refundable(event_id))) or 0
        if not payments:
            raise NothingToRefund
        now = self.clock.now()
        run = RefundRun(
            event_id=event_id,
            user_id=actor.user_id,
            reason=reason,
            payments=payments,
            status=RUNNING,
            created_at=now,
            updated_at=now,
        )
        self.session.add(run)
        self.session.flush()
        self.announce(RefundRunBegun(run.id))
        return run.id

    def work_off(self, run_id: int) -> bool:
        """Refund the next payments of a run; tell whether there may be more."""
        run = self.session.get(RefundRun, run_id, with_for_update=True, populate_existing=True)
        if run is None or run.status != RUNNING:
            return False
        query = select(Payment.id, Payment.booking_id).where(*_refundable(run.event_id), Payment.id > run.after)
        found = self.session.execute(query.order_by(Payment.id).limit(PART)).all()
        # All at once and in order: once a booking has been cancelled, its places are locked, and nobody may wait any more.
        bookings = select(Booking.id).where(Booking.id.in_([row.booking_id for row in found if row.booking_id]))
        self.session.execute(bookings.order_by(Booking.id).with_for_update())
        keep_booking = self._keeps_bookings(run)
        for payment_id, _ in found:
            self._refund(payment_id, run, keep_booking=keep_booking)
        is_done = len(found) < PART
        self.session.execute(
            update(RefundRun)
            .where(RefundRun.id == run_id)
            .values(
                after=found[-1].id if found else RefundRun.after,
                status=DONE if is_done else RUNNING,
                updated_at=self.clock.now(),
            )
            .execution_options(synchronize_session=False)
        )
        return not is_done

    def _keeps_bookings(self, run: RefundRun) -> bool:
        """Whoever booked what is called off keeps a booking that says so; what is only postponed is booked anew."""
        return self.session.scalar(select(Event.status).where(Event.id == run.event_id)) == CANCELLED

    def _refund(self, payment_id: int, run: RefundRun, *, keep_booking: bool) -> None:
        """Refund what is left of a payment; if that goes wrong, staff look after it, and the others go on."""
        try:
            with self.session.begin_nested():
                self.refunds.request(
                    payment_id, None, run.reason, actor=SYSTEM, keep_booking=keep_booking, run_id=run.id
                )
        except NothingToRefund:
            return  # somebody was quicker
        except (TryAgain, OperationalError):
            raise  # all of it is tried again
        except Exception:
            log.exception("payment cannot be refunded", payment=payment_id, run=run.id)
            self.ledger.trouble(self.rows.locked(payment_id)[1], REFUND_FAILED)

    def progress(self, event_id: int, *, actor: Actor) -> Mapping[str, Any] | None:
        """Return how far the last run of an event is, or None: there was none.

        ``{id, status (running, done), reason, payments, created, pending, done, failed, waiting, amounts, created_at}``: of
        `payments` refunds, so many are created, pending, done and failed (some before they began), and `waiting`; `amounts` is
        ``[{currency, done, underway, failed}]``, in text. Raises `NotFound`, `Denied`.
        """
        self._require(event_id, actor)
        run = self._last(event_id)
        if run is None:
            return None
        counts = dict.fromkeys((CREATED, PENDING, DONE, FAILED), 0)
        sums: dict[str, dict[str, int]] = defaultdict(lambda: {DONE: 0, "underway": 0, FAILED: 0})
        query = (
            select(Refund.status, Payment.currency, func.count(), func.sum(Refund.amount))
            .join(Payment, Payment.id == Refund.payment_id)
            .where(Refund.run_id == run.id)
            .group_by(Refund.status, Payment.currency)
        )
        for status, currency, number, amount in self.session.execute(query):
            counts[status] += number
            sums[currency]["underway" if status in UNDERWAY else status] += int(amount)
        unbegun = (
            select(Payment.currency, func.count(), func.sum(LEFT)).where(*_unbegun(run)).group_by(Payment.currency)
        )
        for currency, number, amount in self.session.execute(unbegun):
            counts[FAILED] += number
            sums[currency][FAILED] += int(amount)
        begun = sum(counts.values())
        return {
            "id": run.id,
            "status": run.status,
            "reason": run.reason,
            "payments": max(run.payments, begun),
            **counts,
            "waiting": max(run.payments - begun, 0) if run.status == RUNNING else 0,
            "amounts": [
                {"currency": currency} | {name: as_text(amount, currency) for name, amount in of_currency.items()}
                for currency, of_currency in sorted(sums.items())
            ],
            "created_at": run.created_at,
        }

    def foresee(self, event_id: int) -> Sequence[tuple[str, int, int]]:
        """Return what could be refunded of an event: currency, number of payments, amount in the smallest unit."""
        query = select(Payment.currency, func.count(), func.sum(LEFT)).where(*_refundable(event_id))
        found = self.session.execute(query.group_by(Payment.currency).order_by(Payment.currency))
        return [(currency, number, int(amount)) for currency, number, amount in found]

    def retry_failed(self, event_id: int, *, actor: Actor) -> int:
        """Try all failed refunds of an event's last run again; return how many. Raises `NotFound`, `Denied`."""
        self._require(event_id, actor)
        run = self._last(event_id)
        if run is None:
            return 0
        query = (
            select(Refund.id, Payment.booking_id)
            .join(Payment, Payment.id == Refund.payment_id)
            .where(Refund.run_id == run.id, Refund.status == FAILED)
        )
        failed = self.session.execute(query.order_by(Refund.id)).all()
        unbegun = self.session.execute(
            select(Payment.id, Payment.booking_id).where(*_unbegun(run)).order_by(Payment.id)
        ).all()
        concerned = [row.booking_id for row in (*failed, *unbegun) if row.booking_id]
        bookings = select(Booking.id).where(Booking.id.in_(concerned))
        self.session.execute(bookings.order_by(Booking.id).with_for_update())
        for row in failed:
            self.refunds.retry(row.id, actor=actor)
        keep_booking = self._keeps_bookings(run)
        for row in unbegun:
            self._refund(row.id, run, keep_booking=keep_booking)
        return len(failed) + len(unbegun)

    def _last(self, event_id: int) -> RefundRun | None:
        query = select(RefundRun).where(RefundRun.event_id == event_id).order_by(RefundRun.id.desc()).limit(1)
        return self.session.scalars(query.execution_options(populate_existing=True)).first()

    def _require(self, event_id: int, actor: Actor) -> None:
        organizer_id = self.session.scalar(select(Event.organizer_id).where(Event.id == event_id))
        if organizer_id is None:
            raise NotFound("There is no such event.")
        if not actor.owns(organizer_id):
            raise Denied("Only the event's organizer and staff refund it.")


def _refundable(event_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for payments of an event of which something is left."""
    return Payment.event_id == event_id, LEFT > 0


def _unbegun(run: RefundRun) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for payments of which a run could not even begin the refund."""
    begun = select(Refund.id).where(Refund.payment_id == Payment.id, Refund.run_id == run.id)
    return *_refundable(run.event_id), Payment.problem == REFUND_FAILED, Payment.id <= run.after, ~begun.exists()
