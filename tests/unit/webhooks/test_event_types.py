"""Event types of plugins."""

from dataclasses import dataclass

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError
from tests.unit.receivers import is_signed

from turnout.bookings.hooks import BookingHeld
from turnout.errors import StartError
from turnout.events.hooks import EventHappening, EventPublished
from turnout.events.services import EventCatalog
from turnout.hooks import DomainEvent
from turnout.security.actors import SYSTEM
from turnout.system import system_request
from turnout.testing.applications import Application
from turnout.testing.databases import SQLiteDatabases
from turnout.webhooks.event_types import Told


@dataclass(frozen=True, slots=True)
class ReviewWritten(DomainEvent):
    """What a plugin announces."""

    event_id: int
    stars: int


def tell_of_review(event: ReviewWritten, events: EventCatalog) -> Told | None:
    if event.stars == 0:
        return None
    shown = events.get(event.event_id, actor=SYSTEM)
    return Told({"title": shown["title"], "stars": event.stars}, shown["organizer"]["id"])


def tell_staff(event: EventHappening) -> Told:
    return Told({"event_id": event.event_id}, None)


def includeme(config: Configurator) -> None:
    config.add_webhook_event("review.written", ReviewWritten, tell_of_review)
    config.add_webhook_event("audit.event", EventHappening, tell_staff)


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, includeme)


def announce(application, *events):
    with system_request(application.router) as request:
        for event in events:
            object.__setattr__(event, "request", request)
            request.registry.notify(event)


def test_a_plugin_tells_of_its_own(api, make, ada, hook, receiver, outbox, application, session):
    webhook = hook(ada, "review.written")
    event = make.event(organizer=ada)
    session.commit()
    announce(application, ReviewWritten(event.id, 0), ReviewWritten(event.id, 5))
    outbox.run()
    (received,) = receiver.received
    assert received.json["type"] == "review.written"
    assert received.json["data"] == {"title": event.title, "stars": 5}
    assert is_signed(webhook["secret"], received.headers, received.body)


def test_what_is_nobodys_is_told_to_staff_alone(make, ada, hook, receive, outbox, publish):
    organizers, staffs = receive(), receive()
    hook(ada, "audit.event", url=organizers.url)
    hook(make.staff(), "audit.event", url=staffs.url)
    publish(ada)
    outbox.run()
    assert organizers.received == []
    assert [received.json["type"] for received in staffs.received] == ["audit.event"]


def start(tmp_path, include):
    application = Application(SQLiteDatabases(tmp_path).create(migrated=False), tmp_path, include)
    application.close()


@pytest.mark.parametrize(
    "name", ["review", "Review.written", "review.", ".written", "review written.x", "webhook.test", "*"]
)
def test_a_name_that_is_no_types_stops_the_start(tmp_path, name):
    with pytest.raises(StartError, match="must be like"):
        start(tmp_path, lambda config: config.add_webhook_event(name, ReviewWritten, tell_of_review))


def test_two_who_want_one_name_stop_the_start(tmp_path):
    with pytest.raises(ConfigurationConflictError, match="turnout webhook event"):
        start(
            tmp_path,
            lambda config: [
                config.add_webhook_event("booking.held", BookingHeld, tell_of_review),
                config.add_webhook_event("booking.held", EventPublished, tell_of_review),
            ],
        )


def test_what_is_no_service_stops_the_start(tmp_path):
    def tell(event: ReviewWritten, number: int) -> Told | None: ...

    with pytest.raises(StartError, match="wants 'number', and <class 'int'> is no service"):
        start(tmp_path, lambda config: config.add_webhook_event("review.read", ReviewWritten, tell))
