"""Tables of venues."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Base, Id, UTCDateTime


class Venue(Base):
    """A place where events are held."""

    __tablename__ = "venues"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(500), default="")
    city: Mapped[str] = mapped_column(String(100))
    country: Mapped[str] = mapped_column(String(2))
    capacity: Mapped[int | None]
    facilities: Mapped[list[str]] = mapped_column(JSON, default=list)
    timezone: Mapped[str] = mapped_column(String(64))
    created_by_id: Mapped[int | None] = mapped_column(Id, index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
    __table_args__ = (
        CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity_positive"),
        Index("ix_venues_name_id", "name", "id"),
        Index("ix_venues_country_name_id", "country", "name", "id"),
        NEVER_REUSED,
    )


Index("ix_venues_city", func.lower(Venue.city), Venue.name, Venue.id)
for _name, _column in {"name": Venue.name, "city": Venue.city}.items():
    Index(
        f"ix_venues_{_name}_prefix", func.lower(_column).label("prefix"), postgresql_ops={"prefix": "text_pattern_ops"}
    )
