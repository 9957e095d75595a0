"""Tables of users."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import Base, Id, UTCDateTime


class User(Base):
    """Somebody with an account. Usernames and email addresses are unique whatever their case."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(String(150))
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(255))
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    bio: Mapped[str] = mapped_column(Text, default="")
    picture_url: Mapped[str | None] = mapped_column(String(1000))
    preferences: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_organizer: Mapped[bool] = mapped_column(default=False)
    wants_to_organize: Mapped[bool] = mapped_column(default=False)
    is_staff: Mapped[bool] = mapped_column(default=False)
    is_superuser: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


Index("uq_users_username", func.lower(User.username), unique=True)
Index("uq_users_email", func.lower(User.email), unique=True)
_WITH_PICTURE = User.picture_url.is_not(None)
Index("ix_users_picture_url", User.picture_url, postgresql_where=_WITH_PICTURE, sqlite_where=_WITH_PICTURE)
