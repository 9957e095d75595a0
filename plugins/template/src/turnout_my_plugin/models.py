"""Tables. Their names begin with the plugin's; every change to them needs a migration (``turnout plugin revise``)."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column
from turnout.plugin import Base, UTCDateTime


class Tally(Base):
    """How many places of an event were confirmed. An event without one had none so far."""

    __tablename__ = "my_plugin_tallies"

    # CASCADE: whoever deletes an event must not be held up by this plugin.
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    confirmed: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
