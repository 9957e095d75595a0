"""Tables of calendars."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import Base, UTCDateTime


class CalendarLink(Base):
    """The secret link by which a user's calendar reads their bookings, of which only a hash is kept. Each user has one at most."""

    __tablename__ = "calendar_links"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
