"""Tables of waiting lists."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column
from turnout.plugin import NEVER_REUSED, Base, Id, UTCDateTime

WAITING, OFFERED, ACCEPTED, EXPIRED, CANCELLED = "waiting", "offered", "accepted", "expired", "cancelled"
STATUSES = (WAITING, OFFERED, ACCEPTED, EXPIRED, CANCELLED)
ACTIVE = (WAITING, OFFERED)
"""The statuses in which somebody is in line, or has an offer to decide about."""

NOT_ACCEPTED, EVENT_BEGAN = "not_accepted", "event_began"
LEFT, REMOVED, EVENT_CANCELLED, TYPE_REMOVED = "left", "removed", "event_cancelled", "type_removed"
NOT_POSSIBLE, BOOKED, ACCOUNT_DISABLED = "not_possible", "booked", "account_disabled"
REASONS = (
    NOT_ACCEPTED, EVENT_BEGAN, LEFT, REMOVED, EVENT_CANCELLED, TYPE_REMOVED, NOT_POSSIBLE, BOOKED, ACCOUNT_DISABLED,
)  # fmt: skip
"""Why an entry expired (the first two) or was cancelled (the others)."""
LOWEST, HIGHEST = -100, 100


class WaitlistEntry(Base):
    """Somebody who waits for places of one ticket type at one event.

    `held` is how many places are claimed for the entry, from the event's pool and, where its ticket type has one, from
    that pool (`type_pool_id`): all while they are offered, those saved so far while it waits. Those in line come by
    `rank`, lower first, which is the priority turned round, then by id: ids rise with the time of joining, because whoever
    joins has the event's pool locked. A `ticket_type_id` of null: the type was removed.
    """

    __tablename__ = "waitlist_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    ticket_type_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_types.id", ondelete="SET NULL"), index=True)
    quantity: Mapped[int]
    priority: Mapped[int] = mapped_column(default=0)
    rank: Mapped[int] = mapped_column(Computed("-priority", persisted=True))
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    held: Mapped[int] = mapped_column(default=0)
    type_pool_id: Mapped[int | None] = mapped_column(ForeignKey("pools.id", ondelete="SET NULL"))
    passed_over: Mapped[int] = mapped_column(default=0)
    offered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    offer_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str | None] = mapped_column(String(20))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("status IN ('waiting', 'offered', 'accepted', 'expired', 'cancelled')", name="status_known"),
        CheckConstraint("held BETWEEN 0 AND quantity", name="held_possible"),
        CheckConstraint("(status = 'offered') = (held = quantity)", name="offered_is_held"),
        CheckConstraint("held = 0 OR status IN ('waiting', 'offered')", name="held_while_active"),
        CheckConstraint("status <> 'offered' OR offer_expires_at IS NOT NULL", name="offered_expires"),
        CheckConstraint("(status IN ('waiting', 'offered')) = (decided_at IS NULL)", name="decided_or_not"),
        Index("ix_waitlist_entries_event_id_status_rank_id", "event_id", "status", "rank", "id"),
        Index("ix_waitlist_entries_event_id_rank_id", "event_id", "rank", "id"),
        Index("ix_waitlist_entries_user_id_event_id_id", "user_id", "event_id", "id"),
        Index("ix_waitlist_entries_status_id", "status", "id"),
        NEVER_REUSED,
    )


_ACTIVE = text("status IN ('waiting', 'offered')")
_HELD = text("held > 0")
_BOOKED = text("booking_id IS NOT NULL")
_OF_TYPE = text("type_pool_id IS NOT NULL")
_DECIDED = text("decided_at IS NOT NULL")
Index(
    "uq_waitlist_entries_active",
    WaitlistEntry.event_id,
    WaitlistEntry.user_id,
    unique=True,
    postgresql_where=_ACTIVE,
    sqlite_where=_ACTIVE,
)
for _name, _column, _where in (
    ("held", WaitlistEntry.event_id, _HELD),
    ("booking_id", WaitlistEntry.booking_id, _BOOKED),
    ("type_pool_id", WaitlistEntry.type_pool_id, _OF_TYPE),
    ("decided_at", WaitlistEntry.decided_at, _DECIDED),
):
    Index(f"ix_waitlist_entries_{_name}", _column, postgresql_where=_where, sqlite_where=_where)


class WaitlistEvent(Base):
    """An event's waiting list as a whole: whether anybody may join, and how many wait and have offers.

    The counts are counted anew whenever the list changes, so that showing an event counts nothing. `look_at` is when time
    alone changes something next: an offer or a sale ends, the event begins; null where nobody waits.
    """

    __tablename__ = "waitlist_events"

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    is_open: Mapped[bool] = mapped_column(default=True)
    waiting: Mapped[int] = mapped_column(default=0)
    offered: Mapped[int] = mapped_column(default=0)
    look_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("waiting >= 0 AND offered >= 0", name="counts_not_negative"),
        Index("ix_waitlist_events_look_at_event_id", "look_at", "event_id"),
    )
