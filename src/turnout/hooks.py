"""Domain events: what features announce inside the transaction in which it happens.

Subscribe with Pyramid's ``config.add_subscriber(function, EventClass)``. A subscriber runs in the same transaction; a
domain error that it raises refuses the whole request.
"""

from typing import Any


class DomainEvent:
    """Something that happened. `request` is there from the moment that it is announced, for its session and services."""

    __slots__ = ("request",)
    request: Any
