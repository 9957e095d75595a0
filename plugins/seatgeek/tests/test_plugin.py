"""The plugin within the application: its settings, its health, and the source that it adds."""

import pytest
from turnout.errors import StartError
from turnout.testing.applications import Application

from turnout_seatgeek.source import SeatGeekSource


def test_without_an_account_it_says_that_it_is_not_set_up(api):
    assert api.get("/health").json["components"]["seatgeek"] == {"status": "not_set_up"}


def test_its_settings(api):
    shown = api.as_role("staff").get("/plugins", page_size=100).json["results"]
    settings = next(plugin["settings"] for plugin in shown if plugin["name"] == "seatgeek")
    assert settings["seatgeek.base_url"] == "https://api.seatgeek.com/2"
    assert (settings["seatgeek.per_second"], settings["seatgeek.per_day"]) == (4, 4500)
    assert set(settings) == {
        "seatgeek.base_url",
        "seatgeek.client_id",
        "seatgeek.client_secret",
        "seatgeek.per_day",
        "seatgeek.per_second",
    }


def test_it_is_a_source_of_events(application):
    assert application.registry.event_sources["seatgeek"] is SeatGeekSource


@pytest.fixture(scope="module")
def start(workshop, plugins, tmp_path_factory):
    """Return what starts an application with other settings, on one database for all: nothing is written."""
    url, folder = workshop.fresh("sqlite", plugins=plugins), tmp_path_factory.mktemp("data")

    def start(**settings):
        given = {"turnout.plugins": plugins} | {f"seatgeek.{name}": value for name, value in settings.items()}
        return Application(url, folder, None, **given)

    return start


@pytest.mark.parametrize(
    "base_url",
    [
        "api.seatgeek.com/2",
        "ftp://api.seatgeek.com/2",
        "http://127.0.0.1.example.com/2",
        "http://api.seatgeek.com/2",
        "http://example.com/localhost",
        "http://localhost@example.com/2",
        "https://api.seatgeek.com/2/",
        "https://api.seatgeek.com/2?client_id=7",
        "https://user@api.seatgeek.com/2",
    ],
)
def test_the_key_is_not_sent_where_others_can_read_it(start, base_url):
    with pytest.raises(StartError, match=r"seatgeek\.base_url"):
        start(base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    ["http://[::1]:4000", "https://seatgeek.example.com:8443"],
)
def test_where_seatgeek_may_be(start, base_url):
    start(base_url=base_url).close()


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_a_setting_that_does_not_fit_is_not_shown_if_it_is_secret(start, name):
    private = "x" * 300
    with pytest.raises(StartError) as raised:
        start(**{name: private})
    assert f"seatgeek.{name}" in str(raised.value)
    assert private not in str(raised.value)
