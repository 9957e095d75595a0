"""Tables of events."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, String, Table, Text, text, true
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Amount, Base, Id, UTCDateTime

DRAFT, PUBLISHED, CANCELLED, POSTPONED, ARCHIVED = "draft", "published", "cancelled", "postponed", "archived"
STATUSES = (DRAFT, PUBLISHED, CANCELLED, POSTPONED, ARCHIVED)

ORDERINGS = ("starts_at", "created_at", "title", "price")
"""The columns by which a list of events can be ordered, each both ways."""
REMINDER_HOURS = 24
"""How long before the start guests are reminded of an event that says nothing else."""


class Event(Base):
    """Something that people can book places for.

    `place`, `country` and `price` repeat what the venue and the ticket types say, so that lists can filter and sort by
    an index; `remind_at` is `reminder_hours` before the start. What is not
    `is_bookable` is only shown here; `tickets_url` is where tickets are sold elsewhere. `switches` says of plugins
    whether they are on, where somebody has decided it. The full-text index over title, description and place is made by the migration.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pools.id"), unique=True)
    organizer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venues.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    location: Mapped[str] = mapped_column(String(300), default="")
    place: Mapped[str] = mapped_column(String(900), default="")
    country: Mapped[str | None] = mapped_column(String(2))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    timezone: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default=DRAFT)
    currency: Mapped[str] = mapped_column(String(3))
    price: Mapped[Decimal] = mapped_column(Amount, default=Decimal(0))
    max_tickets_per_booking: Mapped[int] = mapped_column(default=10)
    bookings_per_attendee: Mapped[int | None]
    image_url: Mapped[str | None] = mapped_column(String(1000))
    reminder_hours: Mapped[int | None]
    remind_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    switches: Mapped[dict[str, bool]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    is_bookable: Mapped[bool] = mapped_column(default=True, server_default=true())
    tickets_url: Mapped[str | None] = mapped_column(String(1000))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
    __table_args__ = (
        CheckConstraint("ends_at >= starts_at", name="ends_after_start"),
        CheckConstraint("status IN ('draft', 'published', 'cancelled', 'postponed', 'archived')", name="status_known"),
        CheckConstraint("max_tickets_per_booking > 0", name="max_tickets_positive"),
        CheckConstraint("bookings_per_attendee > 0", name="bookings_per_attendee_positive"),
        CheckConstraint("reminder_hours > 0", name="reminder_hours_positive"),
        Index("ix_events_organizer_id_starts_at_id", "organizer_id", "starts_at", "id"),
        NEVER_REUSED,
    )


_PUBLIC = text("status = 'published'")
for _name, _columns in {
    "starts_at": (Event.starts_at, Event.id),
    "created_at": (Event.created_at, Event.id),
    "title": (Event.title, Event.id),
    "price": (Event.price, Event.id),
    "venue": (Event.venue_id, Event.starts_at, Event.id),
    "country": (Event.country, Event.starts_at, Event.id),
    "category": (Event.category_id, Event.starts_at, Event.id),
    "organizer": (Event.organizer_id, Event.starts_at, Event.id),
    "remind_at": (Event.remind_at, Event.id),
}.items():
    Index(f"ix_events_public_{_name}", *_columns, postgresql_where=_PUBLIC, sqlite_where=_PUBLIC)
for _name in (*ORDERINGS, "venue_id", "category_id"):
    Index(f"ix_events_{_name}_id", getattr(Event, _name), Event.id)  # whatever their status, for staff
Index("ix_events_status_starts_at_id", Event.status, Event.starts_at, Event.id)
_WITH_IMAGE = Event.image_url.is_not(None)
Index("ix_events_image_url", Event.image_url, postgresql_where=_WITH_IMAGE, sqlite_where=_WITH_IMAGE)

event_tags = Table(
    "event_tags",
    Base.metadata,
    Column("event_id", Id, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", Id, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_event_tags_tag_id_event_id", "tag_id", "event_id"),
)
