"""What is noted of each request."""

import pytest
from pyramid.response import Response
from structlog.testing import capture_logs
from webtest import TestApp


def includeme(config):
    config.add_route("thing", "/things/{token}/see")
    config.add_view(lambda _request: Response("seen"), route_name="thing", permission="events:read")


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, includeme, settings={"log.requests": "true"})


@pytest.fixture
def logged(application, connection):
    """Return what asks for a path, and returns which path the log names."""

    def logged(path):
        with capture_logs() as lines:
            TestApp(application.router).get(path, status="*")
        return [line["path"] for line in lines if line["event"] == "request"]

    return logged


def test_the_path_is_noted(logged):
    assert logged("/api/v1/events") == ["/api/v1/events"]
    assert logged("/nowhere") == ["/nowhere"]


def test_a_token_in_it_is_not(logged):
    assert logged("/things/a-very-long-secret/see") == ["/things/.../see"]
