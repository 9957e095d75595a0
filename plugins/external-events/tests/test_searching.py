"""Searching elsewhere while somebody waits."""

import time
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from turnout_external_events.sources import Criteria, EventSource, Found, Pace, Unavailable
from turnout_external_events.sources.readiness import FOR_STAFF
from turnout_external_events.testing import add_almanac

LACKS = "keyless.api_key is not set"


class Slow(EventSource):
    """A source that answers too late; it is asked in a thread of its own."""

    title = "Slow"

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        time.sleep(3.5)
        return Found()


class Broken(EventSource):
    title = "Broken"

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        raise RuntimeError("a bug, with a secret in it")


class Down(EventSource):
    title = "Down"

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        raise Unavailable("Down cannot be reached.")


class Keyless(EventSource):
    title = "Keyless"

    def check(self) -> str:
        return LACKS


def add_bad_sources(config):
    """Let there be further sources, none of which answers."""
    add_almanac(config)
    for source in (Slow, Broken, Down, Keyless):
        config.add_event_source(source.__name__.lower(), source)


@pytest.fixture
def user(api):
    return api.as_role("user")


def told(answer):
    return {each["provider"]: each["reason"] for each in answer["failures"]}


class TestFailures:
    @pytest.fixture
    def application(self, workshop, database, plugins, settings):
        return workshop.application(database, add_bad_sources, plugins, settings)

    def test_sources_that_do_not_answer_are_named_and_the_others_answer(self, user, almanac, external):
        almanac.put(external("1"), external("2"))

        answer = user.get("/external-events", query="fado").json

        assert [each["external_id"] for each in answer["results"]] == ["1", "2"]
        assert told(answer) == {
            "slow": "It did not answer in time.",
            "broken": "Broken is broken here; what happened is in the log.",
            "down": "Down cannot be reached.",
            "keyless": FOR_STAFF,
        }

    def test_one_source_alone_that_does_not_answer_is_a_bad_gateway(self, user):
        assert user.get("/external-events", provider="down", status=502).json["code"] == "source_failed"

    def test_one_that_lacks_its_key_is_not_set_up_and_staff_are_told_why(self, user, api, almanac):
        refused = user.get("/external-events", provider="keyless", status=409).json
        assert (refused["code"], refused["detail"]) == ("source_not_set_up", FOR_STAFF)
        user = api.as_role("staff")
        assert user.get("/external-events", provider="keyless", status=409).json["detail"] == LACKS
        assert told(user.get("/external-events").json)["keyless"] == LACKS

    def test_sources_say_what_they_lack_to_staff(self, user, api, almanac):
        def listed(client):
            return {each["name"]: each for each in client.get("/external-events/sources").json["results"]}

        assert listed(api.as_role("staff"))["keyless"]["missing"] == LACKS
        sources = listed(user)
        assert (sources["keyless"]["state"], sources["keyless"]["missing"]) == ("not_set_up", FOR_STAFF)
        assert (sources["almanac"]["is_ready"], sources["ical"]["by_address"]) == (True, True)
        assert (sources["almanac"]["state"], sources["almanac"]["missing"]) == ("ready", "")
        assert (sources["almanac"]["last_page"], sources["ical"]["last_page"]) == (50, None)

    def test_what_somebody_asks_in_vain_is_no_error_of_ours(self, user, api, almanac, monkeypatch):
        monkeypatch.setattr(almanac, "deepest", 20)
        with capture_logs() as logs:
            user.get("/external-events", provider="almanac", page=2, status=502)
            user.get("/external-events", provider="almanac", page=51, status=400)
            user.get("/external-events", provider="keyless", status=409)
            api.as_role("organizer").get("/external-events", provider="ical", query="fado", status=400)
        told = [(log["log_level"], log.get("source")) for log in logs if "source" in log]
        assert told == [("info", "almanac")]


class TestAnswers:
    def test_results_are_in_one_shape(self, user, almanac, external, clock):
        almanac.put(external("1"))

        answer = user.get("/external-events", provider="almanac").json

        assert (answer["count"], answer["page"], answer["has_more"]) == (1, 1, False)
        found = answer["results"][0]
        assert (found["provider"], found["external_id"], found["imported_event_id"]) == ("almanac", "1", None)
        assert found["venue"]["country"] == "PT"
        assert found["price_range"] is None

    def test_pages_follow_each_other(self, user, almanac, external):
        almanac.put(*(external(f"{number:02}") for number in range(25)))

        first, second = (user.get("/external-events", provider="almanac", page=page).json for page in (1, 2))

        assert (first["count"], first["has_more"], second["has_more"]) == (25, True, False)
        seen = [each["external_id"] for each in first["results"] + second["results"]]
        assert seen == [f"{number:02}" for number in range(25)]

    def test_dates_are_asked_for(self, user, almanac, external, clock):
        almanac.put(*(external(str(days), starts_at=clock.now() + timedelta(days=days)) for days in (1, 5, 9)))
        begin, end = (clock.now() + timedelta(days=days) for days in (2, 6))

        found = user.get("/external-events", date_from=begin, date_to=end).json["results"]

        assert [each["external_id"] for each in found] == ["5"]

    def test_what_is_over_is_not_asked_for(self, user, almanac, external, clock):
        almanac.put(external("old", starts_at=clock.now() - timedelta(days=1)))

        assert user.get("/external-events").json["results"] == []

    def test_what_cannot_be_read_is_named_and_the_rest_is_there(self, user, almanac, external):
        almanac.put(external("1"))
        almanac.documents["odd"] = {**almanac.documents["1"], "external_id": "odd", "title": 7, "venue": "somewhere"}

        answer = user.get("/external-events").json

        assert [each["external_id"] for each in answer["results"]] == ["1"]
        assert [(each["provider"], each["external_id"]) for each in answer["refused"]] == [("almanac", "odd")]

    @pytest.mark.parametrize(
        ("parameters", "field"),
        [({"date_from": "x"}, "date_from"), ({"page": 0}, "page"), ({"date_to": "2001-01-01T00:00:00Z"}, "date_to")],
        ids=str,
    )
    def test_bad_parameters_are_named(self, user, parameters, field):
        refused = user.get("/external-events", status=400, **parameters).json

        assert [error["field"] for error in refused["errors"]] == [field]

    def test_a_page_that_a_source_does_not_show_is_asked_of_nobody(self, user, almanac):
        refused = user.get("/external-events", provider="almanac", page=51, status=400).json
        assert refused["errors"] == [
            {
                "field": "page",
                "message": "must be at most 50: Almanac shows no more than the first 1,000 events of a search.",
            }
        ]
        answer = user.get("/external-events", page=51).json
        assert (told(answer), answer["has_more"]) == (
            {"almanac": "Almanac shows no more than the first 1,000 events of a search."},
            False,
        )
        assert not almanac.calls
        user.get("/external-events", provider="almanac", page=50)

    @pytest.mark.parametrize("query", ["", "fado", "ftp://example.com/a.ics", "https://10.0.0.1/a.ics"])
    def test_what_is_no_address_that_is_read_is_said_at_its_field(self, api, query):
        refused = api.as_role("organizer").get("/external-events", provider="ical", query=query, status=400).json
        assert [error["field"] for error in refused["errors"]] == ["query"]

    def test_only_organizers_let_an_address_be_read(self, user):
        refused = user.get("/external-events", provider="ical", query="https://example.com/e.ics", status=403).json

        assert refused["code"] == "forbidden"

    def test_nobody_searches_who_is_not_signed_in(self, api):
        api.get("/external-events", status=401)
        api.get("/external-events", provider="almanac", status=401)

    def test_an_unknown_source_is_named(self, user, almanac):
        refused = user.get("/external-events", provider="nowhere", status=404).json

        assert refused["code"] == "unknown_provider"
        assert "almanac" in refused["detail"]
