"""Tables of payments.

Amounts are whole numbers of the currency's smallest unit. What was paid outlives what it was paid for: a payment stays
when its booking, its event or its buyer is deleted.
"""

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from turnout.plugin import NEVER_REUSED, Base, Id, UTCDateTime

CREATED, OPEN, PROCESSING, PAID = "created", "open", "processing", "paid"
FAILED, EXPIRED, CANCELLED = "failed", "expired", "cancelled"
STATUSES = (CREATED, OPEN, PROCESSING, PAID, FAILED, EXPIRED, CANCELLED)
UNDECIDED = (CREATED, OPEN, PROCESSING)
"""The statuses in which money may still come without anything going wrong."""

PENDING, DONE = "pending", "done"
REFUND_STATUSES = (CREATED, PENDING, DONE, FAILED)
UNDERWAY = (CREATED, PENDING)
"""The statuses of refunds that are not in the ledger yet, and may be."""

CHARGE, REFUND, REFUND_UNDONE, DISPUTE, DISPUTE_UNDONE = (
    "charge",
    "refund",
    "refund_undone",
    "dispute",
    "dispute_undone",
)
ORIGINS = STAFF, RULE, PROVIDER = "staff", "rule", "provider"
"""Who wanted a refund."""
RUNNING = "running"
WAITING, FORGED, UNKNOWN = "waiting", "forged", "unknown"
ENTRY_KINDS = (CHARGE, REFUND, REFUND_UNDONE, DISPUTE, DISPUTE_UNDONE)
SUM_OF = {
    CHARGE: "charged",
    REFUND: "refunded",
    REFUND_UNDONE: "refunded",
    DISPUTE: "disputed",
    DISPUTE_UNDONE: "disputed",
}
"""To which sum of `Taking` a line counts: its amount, or, of what went, as much less."""


NO_PLACES, BOOKING_CANCELLED, GONE, NOT_ON_SALE = "no_places", "cancelled", "gone", "not_on_sale"
PAID_TWICE, DIFFERS, DISPUTED, REFUND_FAILED = "paid_twice", "differs", "disputed", "refund_failed"
GIVEN_BACK, TO_GIVE_BACK, REFUSED, OVERPAID = "given_back", "to_give_back", "refused", "overpaid"
REFUND_STUCK = "refund_stuck"
PROBLEMS = {
    NO_PLACES: "The money came too late: the places are gone.",
    BOOKING_CANCELLED: "The booking was cancelled, and its money is still here.",
    GONE: "The booking does not exist any more.",
    NOT_ON_SALE: "The event is not held, or over.",
    REFUSED: "The booking could not be made good.",
    PAID_TWICE: "More was paid than was due.",
    OVERPAID: "The booking has fewer places now than were paid.",
    DIFFERS: "What the provider took is not what was asked for.",
    DISPUTED: "The buyer disputes the payment.",
    REFUND_FAILED: "A refund failed; the money is still here.",
    REFUND_STUCK: "For two days the provider could not be asked for a refund. It is asked again every day.",
    GIVEN_BACK: "The provider gave the money back by itself; the booking stays until you cancel it.",
    TO_GIVE_BACK: "Give the money back by hand, and then mark it as refunded.",
}
"""What staff have to look after, in words."""


class Payment(Base):
    """Money that is, or was, asked for one booking by one provider.

    `key` is the provider's idempotency key, `ref` and `charge_ref` are what the provider calls it. `token` is the secret in
    the address where the buyer pays, which begins with `home`. `captured`, `refunded` (given back) and `disputed` are sums of its entries in the
    ledger, changed with them in one statement; `refunding` is what refunds that are underway will take. `problem` says
    what staff have to look after, until they have: a word such as "no_places".
    """

    __tablename__ = "payments_payments"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id", ondelete="SET NULL"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    booking_code: Mapped[str] = mapped_column(String(12), index=True)
    provider: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)
    ref: Mapped[str | None] = mapped_column(String(255))
    charge_ref: Mapped[str | None] = mapped_column(String(255))
    url: Mapped[str | None] = mapped_column(Text)
    home: Mapped[str] = mapped_column(Text, default="")
    return_url: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default=CREATED)
    detail: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str | None] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    captured: Mapped[int] = mapped_column(BigInteger, default=0)
    refunding: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    disputed: Mapped[int] = mapped_column(BigInteger, default=0)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint(
            "status IN ('created', 'open', 'processing', 'paid', 'failed', 'expired', 'cancelled')", name="status_known"
        ),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("refunding >= 0 AND refunded >= 0 AND disputed >= 0", name="sums_not_negative"),
        CheckConstraint("refunded <= captured", name="never_refunded_twice"),
        Index("ix_payments_payments_booking_id_id", "booking_id", "id"),
        Index("ix_payments_payments_event_id_id", "event_id", "id"),
        UniqueConstraint("provider", "ref"),
        Index("ix_payments_payments_provider_charge_ref", "provider", "charge_ref"),
        NEVER_REUSED,
    )


# Of these there are few; what is decided is never looked through for them.
_UNDECIDED = text("status IN ('created', 'open', 'processing')")
_HAS_PROBLEM = text("problem IS NOT NULL")
Index("ix_payments_payments_undecided", Payment.id, postgresql_where=_UNDECIDED, sqlite_where=_UNDECIDED)
Index("ix_payments_payments_problem", Payment.id, postgresql_where=_HAS_PROBLEM, sqlite_where=_HAS_PROBLEM)


class Refund(Base):
    """Money of a payment that is given back, because staff, a rule of ours, or the provider itself wanted so (`origin`)."""

    __tablename__ = "payments_refunds"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments_payments.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("payments_refund_runs.id", ondelete="SET NULL"))
    retry_of_id: Mapped[int | None] = mapped_column(ForeignKey("payments_refunds.id"), unique=True)
    """The refund that failed, in whose stead this one is."""
    key: Mapped[str] = mapped_column(String(64), unique=True)
    ref: Mapped[str | None] = mapped_column(String(255))
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(10))
    """staff, rule or provider"""
    status: Mapped[str] = mapped_column(String(10), default=CREATED)
    detail: Mapped[str] = mapped_column(Text, default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("status IN ('created', 'pending', 'done', 'failed')", name="status_known"),
        CheckConstraint("origin IN ('staff', 'rule', 'provider')", name="origin_known"),
        CheckConstraint("amount > 0", name="amount_positive"),
        UniqueConstraint("payment_id", "ref"),
        Index("ix_payments_refunds_payment_id_id", "payment_id", "id"),
        Index("ix_payments_refunds_run_id_status", "run_id", "status"),
        NEVER_REUSED,
    )


class Entry(Base):
    """One line of the ledger: money that came (positive) or went. It is never changed or deleted; the database sees to it."""

    __tablename__ = "payments_ledger"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments_payments.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("payments_refunds.id"), index=True)
    event_id: Mapped[int | None] = mapped_column(Id)
    """The event's number, which stays when the event is deleted."""
    organizer_id: Mapped[int | None] = mapped_column(Id)
    """Likewise the number of who held the event, so that their lines are found without those of others."""
    provider: Mapped[str] = mapped_column(String(30))
    kind: Mapped[str] = mapped_column(String(15))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(
            "kind IN ('charge', 'refund', 'refund_undone', 'dispute', 'dispute_undone')", name="kind_known"
        ),
        CheckConstraint("(amount > 0) = (kind IN ('charge', 'refund_undone', 'dispute_undone'))", name="sign_of_kind"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index("ix_payments_ledger_payment_id_id", "payment_id", "id"),
        Index("ix_payments_ledger_event_id_id", "event_id", "id"),
        Index("ix_payments_ledger_organizer_id_id", "organizer_id", "id"),
        Index("ix_payments_ledger_created_at_id", "created_at", "id"),
        NEVER_REUSED,
    )


class Taking(Base):
    """The sums of an event's lines in the ledger, by currency; changed with it, in the same transaction.

    `event_id` is the event's number, which stays when the event is deleted; 0: nobody knows which it was.
    """

    __tablename__ = "payments_takings"

    event_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    charged: Mapped[int] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger)
    disputed: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = {}  # noqa: RUF012 - no id that could be reused


class Received(Base):
    """A notice of a provider, kept as it came until it is worked off; `id_there` is by what it is known when it comes twice.

    `key` and `refs` are by what it names a payment.
    """

    __tablename__ = "payments_notices"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    provider: Mapped[str] = mapped_column(String(30))
    id_there: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(100))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments_payments.id"), index=True)
    key: Mapped[str | None] = mapped_column(String(64))
    refs: Mapped[list[str]] = mapped_column(JSON)
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    """waiting, done, forged, or unknown: about no payment of ours"""
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'done', 'forged', 'unknown')", name="status_known"),
        UniqueConstraint("provider", "id_there"),
        NEVER_REUSED,
    )


class RefundRun(Base):
    """All payments of an event given back, some at a time: `after` is the last payment that was looked at.

    How far the refunds are is counted from `Refund`, by status.
    """

    __tablename__ = "payments_refund_runs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    payments: Mapped[int]
    """How many there were to refund when it began."""
    after: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(String(10), default="running")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("status IN ('running', 'done')", name="status_known"), NEVER_REUSED)


_RUNNING = text("status = 'running'")
Index(
    "uq_payments_refund_runs_running", RefundRun.event_id, unique=True, postgresql_where=_RUNNING, sqlite_where=_RUNNING
)


class Play(Base):
    """What the `test` provider knows of a payment: there is no bank behind it, and somebody plays what happens."""

    __tablename__ = "payments_plays"

    ref: Mapped[str] = mapped_column(String(64), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    description: Mapped[str] = mapped_column(Text)
    back_url: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default=OPEN)
    captured: Mapped[int] = mapped_column(BigInteger, default=0)
    disputed: Mapped[int] = mapped_column(BigInteger, default=0)
    refunds: Mapped[list[dict[str, str | int]]] = mapped_column(JSON)
    paid_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When money that is on its way will be there."""

    __table_args__ = {}  # noqa: RUF012 - no id that could be reused
