"""Tables of bookings and their tickets."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Amount, Base, Id, UTCDateTime

PROCESSING, PENDING, CONFIRMED = "processing", "pending", "confirmed"
CANCELLED, EXPIRED, FAILED = "cancelled", "expired", "failed"
STATUSES = (PROCESSING, PENDING, CONFIRMED, CANCELLED, EXPIRED, FAILED)
ACTIVE = (PENDING, CONFIRMED)
"""The statuses in which a booking holds places."""

VALID = "valid"
TICKET_STATUSES = (VALID, CANCELLED)


class Booking(Base):
    """An order for places at one event.

    `attendee_slot` numbers the active bookings of one attendee for one event from 1 to as many as the event allows; it
    is null where the event sets no limit. The partial unique index on it is what holds the limit.

    Who comes and what it costs is known once the booking is decided; until then, and where it never was, it is null. What
    failed says why, as the refusal would have said it at once.
    """

    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendees.id"))
    attendee_slot: Mapped[int | None]
    quantity: Mapped[int]
    total_amount: Mapped[Decimal | None] = mapped_column(Amount)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(10))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure_code: Mapped[str | None] = mapped_column(String(100))
    failure_detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint(
            "status IN ('processing', 'pending', 'confirmed', 'cancelled', 'expired', 'failed')", name="status_known"
        ),
        CheckConstraint("status <> 'pending' OR expires_at IS NOT NULL", name="pending_expires"),
        CheckConstraint(
            "status NOT IN ('pending', 'confirmed') OR (attendee_id IS NOT NULL AND total_amount IS NOT NULL)",
            name="active_is_decided",
        ),
        CheckConstraint(
            "(status = 'failed') = (failure_code IS NOT NULL AND failure_detail IS NOT NULL)", name="failed_says_why"
        ),
        Index("ix_bookings_event_id_id", "event_id", "id"),
        Index("ix_bookings_user_id_id", "user_id", "id"),
        Index("ix_bookings_attendee_id_id", "attendee_id", "id"),
        Index("ix_bookings_created_at_id", "created_at", "id"),
        {"postgresql_with": {"fillfactor": 90}} | NEVER_REUSED,
    )


_ACTIVE = text("status IN ('pending', 'confirmed')")
_PENDING = text("status = 'pending'")
Index(
    "uq_bookings_active_slot",
    Booking.event_id,
    Booking.attendee_id,
    Booking.attendee_slot,
    unique=True,
    postgresql_where=_ACTIVE,
    sqlite_where=_ACTIVE,
)
# Of what is over there is little, and nobody else's way to a booking passes by: those at once confirmed are never here.
_OVER = text("status IN ('cancelled', 'expired', 'failed')")
Index("ix_bookings_over", Booking.status, Booking.id, postgresql_where=_OVER, sqlite_where=_OVER)
Index("ix_bookings_holds", Booking.event_id, Booking.expires_at, postgresql_where=_PENDING, sqlite_where=_PENDING)


class Ticket(Base):
    """One admission. `secret` is what the QR code shows at the door; `checked_in_by_id` is the user who let its holder in.

    `lapsed`: it is void only because its booking expired, and good again if that is taken up again.
    """

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    ticket_type_id: Mapped[int] = mapped_column(ForeignKey("ticket_types.id"), index=True)
    price: Mapped[Decimal] = mapped_column(Amount)
    holder_name: Mapped[str] = mapped_column(String(200), default="")
    holder_email: Mapped[str] = mapped_column(String(254), default="")
    secret: Mapped[str] = mapped_column(String(32), unique=True)
    status: Mapped[str] = mapped_column(String(10), default=VALID)
    lapsed: Mapped[bool] = mapped_column(default=False, server_default=false())
    checked_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checked_in_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (CheckConstraint("status IN ('valid', 'cancelled')", name="status_known"), NEVER_REUSED)


# For users who are deleted: whom they let in is then not to be searched for in all tickets.
_LET_IN = text("checked_in_by_id IS NOT NULL")
Index("ix_tickets_checked_in_by_id", Ticket.checked_in_by_id, postgresql_where=_LET_IN, sqlite_where=_LET_IN)
