import pytest
from tests.plugins_on_disk import Shelf

from turnout.bookings.hooks import BookingConfirmed
from turnout.outbox.handlers import encode
from turnout.outbox.services import Outbox
from turnout.plugin.assembly import assemble
from turnout.plugin.errors import PluginError
from turnout.system import transact
from turnout.testing.applications import SETTINGS
from turnout.webhooks.event_types import teller


@pytest.fixture
def shelf(tmp_path):
    """Where a test puts the plugins that it needs."""
    with Shelf(tmp_path / "shelf") as shelf:
        yield shelf


@pytest.fixture
def start(tmp_path):
    """Put the application together with plugins, without a database; settings are given by their full names."""
    made = []

    def start(plugins, /, include=None, **settings):
        data = {"turnout.data": str(tmp_path), "database.url": f"sqlite:///{tmp_path}/nowhere.sqlite"}
        given = SETTINGS | data | {"turnout.plugins": plugins} | settings
        router = assemble(given, include=include)
        made.append(router)
        return router.registry

    yield start
    for router in made:
        router.registry.engine.dispose()


@pytest.fixture
def refused(start):
    """Start with plugins that cannot be used, and return the error."""

    def refused(plugins, **settings):
        with pytest.raises(PluginError) as caught:
            start(plugins, **settings)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"The plugin {caught.value.plugin} cannot be used: ")
        return caught.value

    return refused


@pytest.fixture
def event(make):
    return make.event()


@pytest.fixture
def book(api, make, event):
    """Book places of the event as somebody new; `status` is the status expected."""

    def book(status=201, **body):
        return api.as_(make.user()).post("/bookings", {"event_id": event.id} | body, status=status)

    return book


@pytest.fixture
def switch(session, event):
    """Turn plugins on and off for the event."""

    def switch(**switches):
        event.switches = switches
        session.commit()

    return switch


@pytest.fixture
def tell(application, session, event):
    """Say what webhooks are told of a booking of the event, as a type of message says it."""

    def tell(name):
        session.commit()
        happened = encode(BookingConfirmed(1, event.id, 1, None, 1))
        return transact(application.registry, lambda request: teller(request)(name, happened))

    return tell


@pytest.fixture
def put(application, session):
    """Put a task."""

    def put(task, arguments, **options):
        session.commit()
        transact(application.registry, lambda request: request.find_service(Outbox).put(task, arguments, **options))

    return put
