"""The tables of places that are counted together."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Base, Id


class Pool(Base):
    """Places counted together: an event's, or a limited ticket type's.

    A narrow row of its own, because every booking updates it. `revision` counts the changes to what is sold from the
    event's pool (status, prices, limits): a claim that was priced under another revision does not hold.
    """

    __tablename__ = "pools"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    capacity: Mapped[int | None]
    taken: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("taken >= 0", name="taken_not_negative"),
        CheckConstraint("capacity IS NULL OR taken <= capacity", name="never_oversold"),
        # Half of each page stays free, so that an updated row stays in its page and no index is touched.
        {"postgresql_with": {"fillfactor": 50}} | NEVER_REUSED,
    )
