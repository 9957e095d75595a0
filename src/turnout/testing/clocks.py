"""A clock that tests set."""

from datetime import UTC, datetime, timedelta

from turnout.clock import Clock

START = datetime(2027, 3, 1, 12, tzinfo=UTC)
"""When every test begins: a Monday noon."""


class ManualClock(Clock):
    """Stands still until it is moved. Each test begins on Monday, 1 March 2027, at noon UTC (`START`)."""

    def __init__(self, moment: datetime = START) -> None:
        self._moment = moment

    def now(self) -> datetime:
        """Return the moment that the application believes it to be."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Go to a moment. Raises `ValueError` for one without a time zone."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        self._moment = moment.astimezone(UTC)

    def move(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> datetime:
        """Go forward from here, or back by negative numbers; return the moment that it is then."""
        self._moment += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._moment
