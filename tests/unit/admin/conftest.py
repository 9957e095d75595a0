import pytest
from tests.unit.admin import probes


@pytest.fixture
def application(workshop, database):
    """Give an application with the section of probes in it."""
    application = workshop.application(database, include=probes.includeme)
    application.registry.things.clear()
    return application


@pytest.fixture
def things(application):
    return application.registry.things


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")
