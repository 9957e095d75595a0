"""Tables of what is sold for an event."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Amount, Base, Id, UTCDateTime


class TicketType(Base):
    """A kind of ticket with its price. Without a pool of its own it is limited by its event's alone."""

    __tablename__ = "ticket_types"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    pool_id: Mapped[int | None] = mapped_column(ForeignKey("pools.id"), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(1000), default="")
    price: Mapped[Decimal] = mapped_column(Amount, default=Decimal(0))
    sale_starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sale_ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    min_per_booking: Mapped[int] = mapped_column(default=1)
    max_per_booking: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
    __table_args__ = (
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("min_per_booking > 0", name="min_positive"),
        CheckConstraint("max_per_booking IS NULL OR max_per_booking >= min_per_booking", name="max_not_below_min"),
        Index("uq_ticket_types_event_id_name", "event_id", "name", unique=True),
        NEVER_REUSED,
    )
