"""An application that notes every domain event, and refuses those that a test wants refused."""

from turnout.errors import DomainError
from turnout.hooks import DomainEvent

heard: list[DomainEvent] = []
refusing: dict[type[DomainEvent], DomainError] = {}


def hear(event: DomainEvent) -> None:
    heard.append(event)
    if type(event) in refusing:
        raise refusing[type(event)]


def includeme(config) -> None:
    config.add_subscriber(hear, DomainEvent)
