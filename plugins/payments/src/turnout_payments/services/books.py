"""Checking the books: sums against the ledger, and the ledger against what providers say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.orm import Session

from turnout_payments.models import CHARGE, SUM_OF, Entry, Payment, Taking
from turnout_payments.money import as_text
from turnout_payments.providers import DONE, Seen

SUMS = {"captured": "charged", "refunded": "refunded", "disputed": "disputed"}
"""The sums of a payment, and what they are called where an event's are counted."""
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum that is not what it should be, in the smallest unit: `known` by us, `right` by who knows better."""

    of: str
    what: str
    known: int
    right: int
    currency: str
    by: str

    def __str__(self) -> str:
        known, right = as_text(self.known, self.currency), as_text(self.right, self.currency)
        return f"{self.of}: {self.what} is {known} {self.currency}, {self.by} says {right}"


class Books:
    """Compares what payments and takings say, what the ledger says, and what providers say."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def payments(self, since: datetime | None, after: int, limit: int) -> Sequence[int]:
        """Return the next payments after one that have got as far as a provider, oldest first."""
        query = select(Payment.id).where(Payment.id > after, *_begun(since))
        return self.session.scalars(query.order_by(Payment.id).limit(limit)).all()

    def count(self, since: datetime | None) -> int:
        """Return how many such payments there are."""
        return self.session.scalar(select(func.count()).where(*_begun(since))) or 0

    def against_ledger(self, payment_id: int) -> list[Difference]:
        """Return where a payment's sums are not those of its lines in the ledger."""
        payment = self.session.get_one(Payment, payment_id, populate_existing=True)
        known = {name: getattr(payment, name) for name in SUMS}
        return self._differences(payment, known, self._sums_of(payment_id), "the ledger")

    def against_provider(self, payment_id: int, seen: Seen) -> list[Difference]:
        """Return where the ledger is not what a payment's provider says."""
        payment = self.session.get_one(Payment, payment_id, populate_existing=True)
        refunded = sum(refund.amount for refund in seen.refunds if refund.status == DONE)
        right = {"captured": seen.captured, "refunded": refunded, "disputed": seen.disputed}
        return self._differences(payment, self._sums_of(payment_id), right, payment.provider)

    def _differences(
        self, payment: Payment, known: Mapping[str, int], right: Mapping[str, int], by: str
    ) -> list[Difference]:
        of = f"payment {payment.id} ({payment.booking_code})"
        return [
            Difference(of, name, known[name], right[name], payment.currency, by)
            for name in SUMS
            if known[name] != right[name]
        ]

    def _sums_of(self, payment_id: int) -> dict[str, int]:
        found = self._lines(Entry.payment_id == payment_id).values()  # by event: its number may be known since only
        return {name: sum(sums[counted] for sums in found) for name, counted in SUMS.items()}

    def correct(self, payment_id: int) -> None:
        """Set a payment's sums to what the ledger says, which nobody can have changed."""
        self.session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
        self.session.execute(
            update(Payment)
            .where(Payment.id == payment_id)
            .values(self._sums_of(payment_id) | {"version": Payment.version + 1})
            .execution_options(synchronize_session=False)
        )

    def takings(self) -> list[Difference]:
        """Return where what events take is not the sum of their lines in the ledger; all of it is read."""
        right = self._lines(true())
        rows = self.session.scalars(select(Taking).execution_options(populate_existing=True)).all()
        known = {(row.event_id, row.currency): {name: getattr(row, name) for name in SUMS.values()} for row in rows}
        nothing = dict.fromkeys(SUMS.values(), 0)
        return [
            Difference(f"event {event_id}", name, mine, ledgers, currency, "the ledger")
            for event_id, currency in sorted(right | known)
            for name in SUMS.values()
            if (mine := known.get((event_id, currency), nothing)[name])
            != (ledgers := right.get((event_id, currency), nothing)[name])
        ]

    def correct_takings(self) -> None:
        """Set what events take to the sums of the ledger, one after the other, each while nobody adds to it."""
        for event_id, currency in self.session.execute(select(Taking.event_id, Taking.currency)).all():
            key = (event_id, currency)
            taking = self.session.get_one(Taking, key, with_for_update=True, populate_existing=True)
            lines = self._lines(func.coalesce(Entry.event_id, 0) == event_id, Entry.currency == currency)
            for name in SUMS.values():
                setattr(taking, name, lines.get(key, {}).get(name, 0))
            self.session.flush()

    def _lines(self, *which: ColumnElement[bool]) -> dict[Key, dict[str, int]]:
        """Return the sums of lines of the ledger by event and currency: what was charged, refunded and disputed."""
        query = select(Entry.event_id, Entry.currency, Entry.kind, func.sum(Entry.amount)).where(*which)
        found: dict[Key, dict[str, int]] = {}
        for event_id, currency, kind, amount in self.session.execute(
            query.group_by(Entry.event_id, Entry.currency, Entry.kind)
        ):
            sums = found.setdefault((event_id or 0, currency), dict.fromkeys(SUMS.values(), 0))
            sums[SUM_OF[kind]] += int(amount) if kind == CHARGE else -int(amount)
        return found


def _begun(since: datetime | None) -> list[ColumnElement[bool]]:
    return [Payment.ref.is_not(None), *([] if since is None else [Payment.created_at >= since])]
