"""The plugin within the application: its settings, its health, and a source made by it."""

import pytest
from turnout.errors import StartError
from turnout.testing.applications import Application


def test_without_a_key_it_says_that_it_is_not_set_up(api):
    assert api.get("/health").json["components"]["ticketmaster"] == {"status": "not_set_up"}


def test_its_key_is_shown_to_nobody(api):
    shown = api.as_role("staff").get("/plugins", page_size=100).json["results"]
    settings = next(plugin["settings"] for plugin in shown if plugin["name"] == "ticketmaster")
    assert settings == {
        "ticketmaster.base_url": "https://app.ticketmaster.com/discovery/v2",
        "ticketmaster.api_key": settings["ticketmaster.api_key"],
        "ticketmaster.per_second": 4,
        "ticketmaster.per_day": 4500,
    }


@pytest.fixture(scope="module")
def start(workshop, plugins, tmp_path_factory):
    """Return what starts an application with other settings, on one database for all: nothing is written."""
    url, folder = workshop.fresh("sqlite", plugins=plugins), tmp_path_factory.mktemp("data")

    def start(**settings):
        given = {"turnout.plugins": plugins} | {f"ticketmaster.{name}": value for name, value in settings.items()}
        return Application(url, folder, None, **given)

    return start


@pytest.mark.parametrize(
    "base_url",
    [
        "http://app.ticketmaster.com/discovery/v2",
        "https://app.ticketmaster.com/discovery/v2/",
        "https://app.ticketmaster.com/discovery?v=2",
        "https://app.ticketmaster.com/#discovery",
        "https://user@app.ticketmaster.com",
        "ftp://app.ticketmaster.com",
        "http://127.0.0.1.example.com",
        "app.ticketmaster.com",
    ],
)
def test_the_key_is_not_sent_where_others_can_read_it(start, base_url):
    with pytest.raises(StartError, match=r"ticketmaster\.base_url"):
        start(base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    ["https://events.example.com:8443/v2", "http://[::1]:4000"],
)
def test_where_ticketmaster_may_be(start, base_url):
    start(base_url=base_url).close()


def test_a_key_that_does_not_fit_is_not_shown(start):
    private = "x" * 300
    with pytest.raises(StartError) as raised:
        start(api_key=private)
    assert "ticketmaster.api_key" in str(raised.value)
    assert private not in str(raised.value)


@pytest.mark.parametrize("setting", ["per_second", "per_day"])
def test_it_is_called_at_least_now_and_then(start, setting):
    with pytest.raises(StartError, match=setting):
        start(**{setting: "0"})
