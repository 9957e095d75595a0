"""Tables of what events are about: one category each, any number of tags."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import Base, Id, UTCDateTime


class Term:
    """What categories and tags share."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Category(Term, Base):
    """The kind of an event: music, conference, sport."""

    __tablename__ = "categories"
    __mapper_args__ = {"version_id_col": Term.version}  # noqa: RUF012 - SQLAlchemy's own protocol


class Tag(Term, Base):
    """A word that is said of an event: jazz, free, family-friendly."""

    __tablename__ = "tags"
    __mapper_args__ = {"version_id_col": Term.version}  # noqa: RUF012 - SQLAlchemy's own protocol
