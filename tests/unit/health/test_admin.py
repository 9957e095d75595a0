"""What does not work, on the dashboard."""

import pytest

from turnout.health.checks import Component


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def check(application, monkeypatch):
    """Return what replaces all checks by one, called "mill"."""

    def check(function):
        monkeypatch.setattr(application.registry, "health_checks", {"mill": Component(function, is_critical=False)})

    return check


def test_what_works_is_not_mentioned(staff, check):
    check(lambda _request: {"status": "ok"})
    staff.get("/admin").mustcontain("Nothing needs you: all work is done, and everything runs.")


def test_what_does_not_is(staff, browser, check):
    check(lambda _request: {"status": "no_wind"})
    staff.get("/admin").mustcontain("The health check “mill” says: no wind.", no="Nothing needs you")
    browser.as_role("organizer").get("/admin").mustcontain("Dashboard", no="mill")


def test_what_cannot_be_told_is(staff, check):
    check(lambda _request: 1 / 0)
    staff.get("/admin").mustcontain("The health check “mill” says: failing.")
