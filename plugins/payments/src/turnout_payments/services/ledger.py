"""The ledger: lines that are only added, together with the sums that payments have of them."""

from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
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
        line = {
            "payment_id": payment.id,
            "refund_id": refund_id,
            "event_id": payment.event_id or self._event_before(payment),
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

    def _event_before(self, payment: Payment) -> int | None:
        """Return the number that a payment's event had, which is deleted."""
        return self.session.scalar(select(func.max(Entry.event_id)).where(Entry.payment_id == payment.id))

    def trouble(self, payment: Payment, problem: str) -> None:
        """Note that staff have to look after a payment, and why."""
        if self.rows.change(payment, Payment.problem.is_distinct_from(problem), problem=problem):
            self.announce(PaymentTroubled(payment.id, payment.booking_id, payment.event_id, problem))
