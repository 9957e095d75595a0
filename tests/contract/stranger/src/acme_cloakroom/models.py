"""The table of pegs."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from turnout.plugin import Base, Id, UTCDateTime


class KeptPegs(Base):
    """The pegs that are kept for a booking."""

    __tablename__ = "cloakroom_kept_pegs"

    booking_id: Mapped[int] = mapped_column(Id, ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(Id, ForeignKey("events.id", ondelete="CASCADE"), index=True)
    pegs: Mapped[int]
    kept_at: Mapped[datetime] = mapped_column(UTCDateTime)
