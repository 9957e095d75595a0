"""An application that notes every domain event, refuses those that a test wants refused, and breaks at others."""

from collections.abc import Callable

from turnout.errors import DomainError
from turnout.hooks import DomainEvent

heard: list[DomainEvent] = []
refusing: dict[type[DomainEvent], DomainError] = {}
breaking: dict[type[DomainEvent], Exception] = {}
only: Callable[[DomainEvent], bool]


def anything(_event: DomainEvent) -> bool:
    return True


only = anything
"""Which of these events are refused, or break."""


def hear(event: DomainEvent) -> None:
    heard.append(event)
    for errors in (refusing, breaking):
        if type(event) in errors and only(event):
            raise errors[type(event)]


def includeme(config) -> None:
    config.add_subscriber(hear, DomainEvent)
