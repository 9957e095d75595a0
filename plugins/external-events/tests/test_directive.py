"""What comes with a source that is added: its name, and its health."""

import pytest
from turnout.errors import StartError

from turnout_external_events.sources import EventSource
from turnout_external_events.testing import AlmanacSource


def components(api):
    """Return what is said of the sources; it is no 503, whatever it is."""
    found = api.get("/health", status=200).json["components"]
    return {name: found[name]["status"] for name in ("ical", "almanac")}


def test_each_source_says_whether_it_can_be_asked(api, almanac, monkeypatch):
    assert components(api) == {"ical": "ok", "almanac": "ok"}
    monkeypatch.setattr(AlmanacSource, "check", lambda _self: "almanac.key is not set.")
    assert components(api) == {"ical": "ok", "almanac": "not_set_up"}
    assert "almanac.key" not in api.get("/health").text


def test_a_source_that_breaks_when_it_is_looked_at_stops_nobody(api, monkeypatch):
    monkeypatch.setattr(AlmanacSource, "check", lambda _self: 1 // 0)
    assert components(api) == {"ical": "ok", "almanac": "failing"}


@pytest.mark.parametrize("name", ["Acme", "7acme", "ac-me", "", "a" * 31, "runs", "searches", "sources", "uploads"])
def test_names_that_no_source_can_have(workshop, plugins, name):
    def include(config):
        config.add_event_source(name, EventSource)

    with pytest.raises(StartError, match="must be called by lower-case letters"):
        workshop.application("sqlite", include, plugins, {})
