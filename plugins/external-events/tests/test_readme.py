"""The source in README.md is what it says: a plugin's author can begin with it."""

import re
from pathlib import Path

import pytest
from turnout.testing.fakes import Answer, Fake

from turnout_external_events.testing.conformance import SourceConformance

README = Path(__file__).parent.parent / "README.md"
LINK = "https://acme.example.com/e/7"


class Acme(Fake):
    api_prefixes = ("/events",)

    def answer(self, call):
        event = {"id": 7, "name": "Fado night", "begins": "2027-05-01T19:30:00+01:00", "link": LINK}
        odd = {"id": 8, "name": "Without a beginning"}
        return Answer.json({"items": [event, odd], "total": 2} if call.path == "/events" else event)


@pytest.fixture
def key():
    return "a key"


@pytest.fixture
def application(workshop, database, plugins, settings, key):
    example, _suite = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(example, names)
    with Acme() as acme:
        own = names["AcmeSettings"]().deserialize({"base_url": acme.url, "api_key": key})
        given = {f"{names['plugin'].name}.{name}": value for name, value in own.items()}
        yield workshop.application(database, lambda config: names["includeme"](config), plugins, {**settings, **given})


def test_its_events_are_found_and_imported(api):
    found = api.as_role("user").get("/external-events", provider="acme").json
    assert [(each["title"], each["url"]) for each in found["results"]] == [("Fado night", LINK)]
    assert [each["title"] for each in found["refused"]] == ["Without a beginning"]

    event = api.as_role("organizer").post("/external-events/acme/7/import", status=201).json

    assert (event["title"], event["starts_at"]) == ("Fado night", "2027-05-01T18:30:00Z")


def test_with_its_key_it_is_healthy(api):
    assert api.get("/health").json["components"]["acme"] == {"status": "ok"}


@pytest.mark.parametrize("key", [""])
def test_without_a_key_it_says_so(api):
    assert api.get("/health").json["components"]["acme"] == {"status": "not_set_up"}
    problem = api.as_role("staff").get("/external-events", provider="acme", status=409).json
    assert problem["detail"] == "acme.api_key is not set."


def test_the_suite_is_where_it_says():
    _example, suite = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(suite, names)
    assert issubclass(names["TestConformance"], SourceConformance)
    assert (names["TestConformance"].plugin, names["TestConformance"].key) == ("acme", "api_key")
