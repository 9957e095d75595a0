"""The application with events from elsewhere, and an almanac that knows some and speaks real HTTP."""

from datetime import timedelta

import pytest
from turnout.testing.applications import Application

from turnout_external_events.sources import ExternalEvent, ExternalVenue
from turnout_external_events.sources.calling import Caller
from turnout_external_events.testing import Almanac, add_almanac

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def plugins():
    return "external_events"


@pytest.fixture(scope="session")
def settings():
    return {
        "external_events.quick_seconds": "2",
        "external_events.cache_minutes": "0",
        "external_events.searches_per_minute": "10000",  # each test is as if it were alone
    }


@pytest.fixture
def application(workshop, database, plugins, settings):
    """The application under test, in which events can be found at the almanac, too."""
    return workshop.application(database, add_almanac, plugins, settings)


@pytest.fixture
def committing(fresh_database, tmp_path, plugins, settings):
    """The same on a database of its own that really commits."""
    chosen = {"turnout.plugins": plugins} | dict(settings)
    application = Application(fresh_database, tmp_path, add_almanac, **chosen)
    yield application
    application.close()


@pytest.fixture
def almanac(application):
    with Almanac() as almanac:
        application.registry.almanac_url = almanac.url
        yield almanac


@pytest.fixture
def impatient(monkeypatch):
    """Let nobody wait long between two attempts."""
    quick = type(Caller.steady)(attempts=3, seconds=5, first_pause=0.01, longest_pause=0.02, spread=0.01)
    monkeypatch.setattr(Caller, "steady", quick)


@pytest.fixture
def organizer(make):
    return make.organizer(username="ines", email="ines@example.com")


@pytest.fixture
def ines(api, organizer):
    """The client of an organizer."""
    return api.as_(organizer)


HALL = ExternalVenue("Lantern Hall", "v1", "Rua do Alecrim 5", "Lisbon", "PT", "Europe/Lisbon")


@pytest.fixture
def external(clock):
    """Return what makes an event of elsewhere, a month from now."""

    def external(external_id="1", **fields):
        said = {
            "title": f"Fado night {external_id}",
            "starts_at": clock.now().replace(microsecond=0) + timedelta(days=30),
            "timezone": "Europe/Lisbon",
            "venue": HALL,
            "url": f"https://tickets.example.com/{external_id}",
            "categories": ("Fado", "Music"),
        }
        return ExternalEvent(external_id, **{**said, **fields})

    return external


@pytest.fixture
def bring(ines, almanac, external):
    """Return what imports an event of the almanac, and gives it."""

    def bring(event=None, client=None, **overrides):
        event = event or external()
        almanac.put(event)
        path = f"/external-events/almanac/{event.external_id}/import"
        return (client or ines).post(path, {"overrides": overrides}, status=201).json

    return bring


@pytest.fixture
def later(clock, outbox):
    """Return what lets time pass, and does all that is due then."""

    def later(**time):
        clock.move(**(time or {"hours": 13}))
        return outbox.run()

    return later
