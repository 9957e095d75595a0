"""Services by constructor."""

from dataclasses import dataclass

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationExecutionError
from pyramid.testing import DummyRequest
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.hooks import DomainEvent
from turnout.injection import Announce, Settings


class Inner:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock


class Outer:
    def __init__(self, session: Session, announce: Announce, settings: Settings, inner: Inner) -> None:
        self.session = session
        self.announce = announce
        self.settings = settings
        self.inner = inner


class Lonely:
    def __init__(self, inner: Inner) -> None:
        self.inner = inner


@dataclass(frozen=True, slots=True)
class Happened(DomainEvent):
    what: str


@pytest.fixture
def config():
    config = Configurator(settings={"a.b": "c"})
    config.include("turnout.injection")
    config.include("turnout.clock")
    return config


def request_of(config):
    config.commit()
    request = DummyRequest()
    request.registry = config.registry
    request.db = object()
    request.context = None
    config.begin(request)
    config._set_extensions = None
    from pyramid.request import apply_request_extensions

    apply_request_extensions(request)
    return request


def test_a_service_gets_what_it_names(config):
    config.add_service(Inner)
    config.add_service(Outer)
    heard = []
    config.add_subscriber(heard.append, Happened)
    request = request_of(config)
    service = request.find_service(Outer)
    assert service.session is request.db
    assert service.settings["a.b"] == "c"
    assert isinstance(service.inner, Inner)
    assert service.inner.clock is config.registry.clock
    assert request.find_service(Outer) is service
    service.announce(Happened("it"))
    assert [event.what for event in heard] == ["it"]
    assert heard[0].request is request
    config.end()


def test_a_service_that_nobody_added_is_missed_at_the_start(config):
    config.add_service(Lonely)
    with pytest.raises(ConfigurationExecutionError, match=r"Lonely wants 'inner', and .*Inner.* is no service"):
        config.commit()


def test_one_that_nobody_asked_for_is_missed_at_once(config):
    request = request_of(config)
    with pytest.raises(LookupError):
        request.find_service(Inner)
    config.end()
