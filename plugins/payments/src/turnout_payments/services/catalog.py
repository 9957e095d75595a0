"""Reading payments, refunds and the ledger."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, true, union_all
from sqlalchemy.orm import Session, aliased
from turnout.bookings.models import ACTIVE, CONFIRMED, Booking
from turnout.bookings.services import BookingCatalog
from turnout.events.models import Event
from turnout.plugin import Actor, NotFound, Ordering, Paging, Slice, Versioned, fetch
from turnout.users.models import User

from turnout_payments.models import (
    CREATED,
    FAILED,
    OPEN,
    PROCESSING,
    Entry,
    Payment,
    Refund,
    Taking,
)
from turnout_payments.money import as_text, to_minor
from turnout_payments.services.refunds import left_of

NEWEST_FIRST = "-created_at"
PAYMENT_ORDERINGS = {
    NEWEST_FIRST: Ordering(NEWEST_FIRST, Payment.id, Payment.id, descending=True),
    "created_at": Ordering("created_at", Payment.id, Payment.id),
}
ENTRY_ORDERING = Ordering(NEWEST_FIRST, Entry.id, Entry.id, descending=True)
UNPAID, PARTLY, REFUNDED, PAID = "unpaid", "partially_refunded", "refunded", "paid"
BOOKING_STATUSES = (UNPAID, PROCESSING, PAID, PARTLY, REFUNDED, FAILED)
"""How a booking is paid, as its JSON says."""
AnySelect = Select[*tuple[Any, ...]]


class PaymentCatalog:
    """Shows payments: buyers their own, organizers those of their own events, staff all. Amounts are text."""

    def __init__(self, session: Session, bookings: BookingCatalog) -> None:
        self.session = session
        self.bookings = bookings

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor, as_organizer: bool = False) -> Slice:
        """Return payments as `get` does, newest first; `as_organizer` leaves out what the actor paid to others.

        Filtered by `event`, `booking`, `code`, `provider`, `status`, `problem` (a word of `PROBLEMS`, or "any"), `date_from`
        and `date_to` (when they were begun).
        """
        query = select().select_from(Payment).where(_is_visible(actor, as_organizer=as_organizer))
        wanted = {
            Payment.event_id: "event",
            Payment.booking_id: "booking",
            Payment.booking_code: "code",
            Payment.provider: "provider",
            Payment.status: "status",
        }
        for column, name in wanted.items():
            if filters.get(name) is not None:
                query = query.where(column == filters[name])
        if filters.get("date_from") is not None:
            query = query.where(Payment.created_at >= filters["date_from"])
        if filters.get("date_to") is not None:
            query = query.where(Payment.created_at < filters["date_to"])
        problem = filters.get("problem")
        if problem is not None:
            query = query.where(Payment.problem.is_not(None) if problem == "any" else Payment.problem == problem)
        ordering = PAYMENT_ORDERINGS[filters.get("ordering") or NEWEST_FIRST]
        found = fetch(self.session, query, ordering, paging, shown=_shown())
        return Slice(found.count, found.is_exact, self._represent(found.rows), found.has_next, found.next_cursor)

    def get(self, payment_id: int, *, actor: Actor, as_organizer: bool = False) -> Versioned:
        """Return a payment with its refunds. Raises `NotFound`, also for one that is not the actor's to see."""
        may_see = _is_visible(actor, as_organizer=as_organizer)
        row = self.session.execute(_shown().where(Payment.id == payment_id, may_see)).first()
        if row is None:
            raise NotFound("There is no such payment.")
        return Versioned(self._represent([row])[0], row.Payment.version)

    def of_booking(self, booking_id: int, *, actor: Actor) -> list[dict[str, Any]]:
        """Return the payments of a booking with their refunds, oldest first. Raises `NotFound`.

        Whoever a booking was made for sees the booking, and not how it was paid.
        """
        booking = self.bookings.get(booking_id, actor=actor)
        query = _shown().where(Payment.booking_id == booking_id).order_by(Payment.id)
        if not actor.owns(booking["user_id"]):
            query = query.where(_is_visible(actor))
        return self._represent(self.session.execute(query).all())

    def by_token(self, token: str) -> Mapping[str, Any] | None:
        """Return what the buyer's own pages need, or None for an unknown token.

        ``{id, token, status, provider, url, return_url, expires_at, amount, currency, booking_id, booking_code, event_id,
        event, timezone, booking_status, problem, detail, ref}``; `event` is the title, "" where the event is gone.
        """
        query = (
            select(Payment, Booking.status.label("booking_status"), Event.title, Event.timezone)
            .outerjoin(Booking, Booking.id == Payment.booking_id)
            .outerjoin(Event, Event.id == Payment.event_id)
            .where(Payment.token == token)
        )
        row = self.session.execute(query.execution_options(populate_existing=True)).first()
        if row is None:
            return None
        payment = row.Payment
        names = ("id", "token", "status", "provider", "url", "return_url", "expires_at", "currency", "booking_id")
        more = ("booking_code", "event_id", "problem", "detail", "ref")
        return {name: getattr(payment, name) for name in (*names, *more)} | {
            "amount": as_text(payment.amount, payment.currency),
            "booking_status": row.booking_status,
            "event": row.title or "",
            "timezone": row.timezone or "UTC",
        }

    def refunds_of(self, payment_id: int) -> list[dict[str, Any]]:
        """Return the refunds of a payment, oldest first."""
        return self._refunds([payment_id])[payment_id]

    def refund(self, refund_id: int, *, actor: Actor) -> dict[str, Any]:
        """Return a refund of a payment that the actor may see. Raises `NotFound`."""
        query = select(Refund, Payment.currency).join(Payment, Payment.id == Refund.payment_id)
        query = query.where(Refund.id == refund_id, _is_visible(actor))
        row = self.session.execute(query.execution_options(populate_existing=True)).first()
        if row is None:
            raise NotFound("There is no such refund.")
        return _refund(row.Refund, row.currency)

    def currency_of(self, booking_id: int, *, actor: Actor) -> str:
        """Return the currency of a booking. Raises `NotFound`."""
        found: str = self.bookings.get(booking_id, actor=actor)["currency"]
        return found

    def entries(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return lines of the ledger, newest first; organizers get those of their own events, also of deleted ones.

        Filtered by `event`, `payment`, `provider`, `kind`, `date_from`, `date_to`.
        """
        query = select().select_from(Entry)
        if not actor.is_staff:
            query = query.where(Entry.organizer_id == (actor.user_id or 0))
        wanted = {
            Entry.event_id: "event",
            Entry.payment_id: "payment",
            Entry.provider: "provider",
            Entry.kind: "kind",
        }
        for column, name in wanted.items():
            if filters.get(name) is not None:
                query = query.where(column == filters[name])
        if filters.get("date_from") is not None:
            query = query.where(Entry.created_at >= filters["date_from"])
        if filters.get("date_to") is not None:
            query = query.where(Entry.created_at < filters["date_to"])
        shown = (
            select(Entry, Payment.booking_code, Payment.booking_id, Event.title, Event.timezone)
            .join(Payment, Payment.id == Entry.payment_id)
            .outerjoin(Event, Event.id == Entry.event_id)
        )
        return fetch(self.session, query, ENTRY_ORDERING, paging, shown=shown).shown(_entry)

    def takings(self, event_id: int | None = None, *, actor: Actor, most: int = 100) -> Sequence[Mapping[str, Any]]:
        """Return what came and went by event and currency, the newest events first, at most so many.

        ``{event_id, event, currency, charged, refunded, disputed, net}``, of one event or of all that the actor may see;
        `event` is the title, None where the event is gone.
        """
        query = select(Taking, Event.title).outerjoin(Event, Event.id == Taking.event_id)
        if event_id is not None:
            query = query.where(Taking.event_id == event_id)
        if not actor.is_staff:
            query = query.where(Taking.event_id.in_(_own_events(actor)))
        query = query.order_by(Taking.event_id.desc(), Taking.currency).limit(most)
        return [
            _taking(row.Taking, row.title)
            for row in self.session.execute(query.execution_options(populate_existing=True))
        ]

    def of_bookings(self, booking_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """Return ``extensions.payments`` of bookings, in one statement however many they are; nothing of those that are free."""
        sums = [
            func.coalesce(func.sum(column), 0).label(column.key)
            for column in (Payment.captured, Payment.refunding, Payment.refunded, Payment.disputed)
        ]
        last = func.max(case((Payment.status == FAILED, Payment.id))).label("last_failed")
        query = (
            select(
                Booking.id, Booking.status, Booking.total_amount, Booking.currency, *sums,
                func.max(Payment.id).label("last"), last,
                func.max(case((Payment.status == PROCESSING, 1), else_=0)).label("processing"),
            )
            .outerjoin(Payment, Payment.booking_id == Booking.id)
            .where(Booking.id.in_(booking_ids), Booking.total_amount > 0)
            .group_by(Booking.id, Booking.status, Booking.total_amount, Booking.currency)
        )  # fmt: skip
        return {row.id: _paid(row) for row in self.session.execute(query)}

    def _represent(self, rows: Iterable[Any]) -> list[dict[str, Any]]:
        rows = list(rows)
        refunds = self._refunds([row.Payment.id for row in rows])
        return [_payment(row) | {"refunds": refunds[row.Payment.id]} for row in rows]

    def _refunds(self, payment_ids: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
        found: Mapping[int, list[dict[str, Any]]] = defaultdict(list)
        if payment_ids:
            query = select(Refund, Payment.currency).join(Payment, Payment.id == Refund.payment_id)
            query = query.where(Refund.payment_id.in_(payment_ids)).order_by(Refund.id)
            for row in self.session.execute(query.execution_options(populate_existing=True)):
                found[row.Refund.payment_id].append(_refund(row.Refund, row.currency))
        return found


def _own_events(actor: Actor) -> AnySelect:
    return select(Event.id).where(Event.organizer_id == actor.user_id)


def _is_visible(actor: Actor, *, as_organizer: bool = False) -> ColumnElement[bool]:
    if actor.is_staff:
        return true()
    if as_organizer:
        return Payment.event_id.in_(_own_events(actor))
    # Two ways, by an index each, which an OR of them would not be.
    one = aliased(Payment)
    bought = select(one.id).where(one.user_id == actor.user_id)
    sold = select(one.id).join(Event, Event.id == one.event_id).where(Event.organizer_id == actor.user_id)
    return Payment.id.in_(union_all(bought, sold))


def _shown() -> AnySelect:
    query = select(Payment, Event.title, Event.timezone, User.username)
    query = query.outerjoin(Event, Event.id == Payment.event_id).outerjoin(User, User.id == Payment.user_id)
    return query.execution_options(populate_existing=True)


def _payment(row: Any) -> dict[str, Any]:
    payment: Payment = row.Payment

    def text(amount: int) -> str:
        return as_text(amount, payment.currency)

    return {
        "id": payment.id,
        "booking_id": payment.booking_id,
        "booking_code": payment.booking_code,
        "event_id": payment.event_id,
        "event": row.title,
        "timezone": row.timezone or "UTC",
        "user_id": payment.user_id,
        "buyer": row.username,
        "provider": payment.provider,
        "status": payment.status,
        "detail": payment.detail,
        "problem": payment.problem,
        "currency": payment.currency,
        "amount": text(payment.amount),
        "amount_paid": text(payment.captured),
        "amount_refunded": text(payment.refunded),
        "amount_refunding": text(payment.refunding),
        "amount_disputed": text(payment.disputed),
        "amount_refundable": text(max(left_of(payment), 0)),
        "redirect_url": f"{payment.home}/payments/{payment.token}/go" if payment.status in {CREATED, OPEN} else None,
        "expires_at": payment.expires_at,
        "paid_at": payment.paid_at,
        "created_at": payment.created_at,
        "updated_at": payment.updated_at,
    }


def _refund(refund: Refund, currency: str) -> dict[str, Any]:
    return {
        "id": refund.id,
        "payment_id": refund.payment_id,
        "amount": as_text(refund.amount, currency),
        "currency": currency,
        "reason": refund.reason,
        "origin": refund.origin,
        "status": refund.status,
        "detail": refund.detail,
        "created_at": refund.created_at,
        "updated_at": refund.updated_at,
    }


def _entry(row: Any) -> dict[str, Any]:
    entry: Entry = row.Entry
    return {
        "id": entry.id,
        "payment_id": entry.payment_id,
        "refund_id": entry.refund_id,
        "booking_id": row.booking_id,
        "booking_code": row.booking_code,
        "event_id": entry.event_id,
        "event": row.title,
        "timezone": row.timezone or "UTC",
        "provider": entry.provider,
        "kind": entry.kind,
        "amount": as_text(entry.amount, entry.currency),
        "currency": entry.currency,
        "created_at": entry.created_at,
    }


def _taking(taking: Taking, title: str | None) -> dict[str, Any]:
    sums = {name: getattr(taking, name) for name in ("charged", "refunded", "disputed")}
    sums["net"] = taking.charged - taking.refunded - taking.disputed
    return {
        "event_id": taking.event_id or None,
        "event": title,
        "currency": taking.currency,
        **{name: as_text(amount, taking.currency) for name, amount in sums.items()},
    }


def _paid(row: Any) -> dict[str, Any]:
    total = to_minor(row.total_amount, row.currency)
    captured, refunded = int(row.captured), int(row.refunded)
    held = captured - int(row.refunding) - refunded - int(row.disputed)
    # What the organizer gave back for a booking that is good is not asked for again.
    due = total - (captured if row.status == CONFIRMED else held) if row.status in ACTIVE else 0
    return {
        "status": _status(row, total, captured, refunded),
        "amount_due": as_text(max(due, 0), row.currency),
        "amount_paid": as_text(captured, row.currency),
        "amount_refunded": as_text(refunded, row.currency),
        "currency": row.currency,
    }


def _status(row: Any, total: int, captured: int, refunded: int) -> str:
    if captured and captured - refunded >= total:
        return PAID
    if refunded:
        return REFUNDED if refunded >= captured else PARTLY
    if row.processing:
        return PROCESSING
    if row.last is not None and row.last == row.last_failed:
        return FAILED
    return UNPAID
