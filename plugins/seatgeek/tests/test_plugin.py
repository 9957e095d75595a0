"""The plugin within the application: its settings, and the source that it adds."""

from turnout_seatgeek.source import SeatGeekSource


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


def test_its_health_is_its_own(application):
    component = application.registry.health_checks["seatgeek"]
    assert (component.plugin.name, component.is_critical) == ("seatgeek", False)
