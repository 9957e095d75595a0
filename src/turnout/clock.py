"""The time, as a thing that is handed to whoever needs it, so that tests can set it."""

from datetime import UTC, datetime

from pyramid.config import Configurator


class Clock:
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


def includeme(config: Configurator) -> None:
    config.registry.clock = Clock()
