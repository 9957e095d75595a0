"""Tables of images."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Base, Id, UTCDateTime


class Image(Base):
    """A picture that was uploaded; its files are in the store, the picture as `name`.

    `user_id` is who added it first. Nobody is known to show it since `unused_since`; where this is None, somebody does.
    """

    __tablename__ = "images"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    unused_since: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_images_user_id_created_at", "user_id", "created_at"), NEVER_REUSED)
