"""The ledger: lines that are only added, together with the sums that payments have of them."""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from turnout.events.models import Event
from turnout.plugin import Announce, Clock

from turnout_payments.hooks import PaymentTroubled
from turnout_payments.models import CHARGE, SUM_OF, Entry, Payment, Taking
from turnout_payments.services.rows import Rows

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Ledger:
    """Adds lines to the ledger, and notes what staff have to look after."""

    def __init__(self, session: Session, clock: Clock, announce: Announce, rows: Rows) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.rows = rows

    def enter(self, payment: Payment, kind: str, amount: int, *, refund_id: int | None = None, **sums: Any) -> None:
        """Add a line about a locked payment, and change its sums by it."""
        event_id, organizer_id = self._sold_by(payment)
        line = {
            "payment_id": payment.id,
            "refund_id": refund_id,
            "event_id": event_id,
            "organizer_id": organizer_id,
            "provider": payment.provider,
            "kind": kind,
            "amount": amount,
            "currency": payment.currency,
            "created_at": self.clock.now(),
        }
        self.session.execute(insert(Entry).values(line))
        self.rows.change(payment, **sums)
        self._count(line)

    def _count(self, line: dict[str, Any]) -> None:
        """Let a line count for what its event takes."""
        counted = SUM_OF[line["kind"]]
        row = {"event_id": line["event_id"] or 0, "currency": line["currency"]} | dict.fromkeys(SUM_OF.values(), 0)
        row[counted] = line["amount"] if counted == SUM_OF[CHARGE] else -line["amount"]
        connection = self.session.connection()
        new = _INSERT[connection.dialect.name](Taking).values(row)
        column = getattr(Taking, counted)
        connection.execute(
            new.on_conflict_do_update(
                index_elements=[Taking.event_id, Taking.currency], set_={counted: column + new.excluded[counted]}
            )
        )

    def _sold_by(self, payment: Payment) -> tuple[int | None, int | None]:
        """Return the numbers of a payment's event and of who holds it, or, where it is deleted, those that it had."""
        event = select(Event.id, Event.organizer_id).where(Event.id == payment.event_id)
        before = select(Entry.event_id, Entry.organizer_id).where(
            Entry.payment_id == payment.id, Entry.event_id.is_not(None)
        )
        is_there = payment.event_id is not None
        row = self.session.execute(event if is_there else before.order_by(Entry.id.desc()).limit(1)).first()
        return (None, None) if row is None else (row[0], row[1])

    def trouble(self, payment: Payment, problem: str) -> None:
        """Note that staff have to look after a payment, and why."""
        if self.rows.change(payment, Payment.problem.is_distinct_from(problem), problem=problem):
            self.announce(PaymentTroubled(payment.id, payment.booking_id, payment.event_id, problem))
