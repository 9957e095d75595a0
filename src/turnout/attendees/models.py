"""Tables of those who attend."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import Base, Id, UTCDateTime


class Attendee(Base):
    """Somebody who attends, with or without an account.

    An email address is unique among those without an account; with one, there is one attendee for each user. So nobody
    gets at a stranger's details by registering with the stranger's address.
    """

    __tablename__ = "attendees"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str] = mapped_column(String(40), default="")
    date_of_birth: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


_WITHOUT_ACCOUNT = text("user_id IS NULL")
Index(
    "uq_attendees_email",
    func.lower(Attendee.email),
    unique=True,
    postgresql_where=_WITHOUT_ACCOUNT,
    sqlite_where=_WITHOUT_ACCOUNT,
)
for _name, _column in {
    "first_name": Attendee.first_name,
    "last_name": Attendee.last_name,
    "email": Attendee.email,
}.items():
    Index(
        f"ix_attendees_{_name}_prefix",
        func.lower(_column).label("prefix"),
        postgresql_ops={"prefix": "text_pattern_ops"},
    )
