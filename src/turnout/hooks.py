"""Domain events: what features announce inside the transaction in which it happens.

Subscribe with Pyramid's ``config.add_subscriber(function, EventClass)``. A subscriber runs in the same transaction; a
domain error that it raises refuses the whole request. What may wait until after the commit, or talks to the outside,
listens with ``config.add_listener(function, EventClass)`` instead (`turnout.outbox`).
"""

from typing import Any


class DomainEvent:
    """Something that happened. `request` is there from the moment that it is announced, for its session and services.

    Subclasses are frozen dataclasses of plain values (numbers, text, moments, sets of them): listeners get a copy that
    was kept as JSON meanwhile, without the request.
    """

    __slots__ = ("request",)
    request: Any

    @property
    def stream(self) -> str | None:
        """To what it happened, such as ``booking:12``: listeners hear of one stream in order. None: in any order."""
        return None
