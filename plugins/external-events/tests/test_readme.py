"""The source in README.md is what it says: a plugin's author can begin with it."""

import re
from pathlib import Path

import pytest
from turnout.testing.fakes import Answer, Fake

README = Path(__file__).parent.parent / "README.md"
LINK = "https://acme.example.com/e/7"


class Acme(Fake):
    api_prefixes = ("/events",)

    def answer(self, call):
        event = {"id": 7, "name": "Fado night", "begins": "2027-05-01T19:30:00+01:00", "link": LINK}
        odd = {"id": 8, "name": "Without a beginning"}
        return Answer.json({"items": [event, odd], "total": 2} if call.path == "/events" else event)


@pytest.fixture
def application(workshop, database, plugins, settings):
    [example] = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    with Acme() as acme:
        names = {}
        exec(example.replace("https://api.acme.example.com", acme.url), names)
        yield workshop.application(
            database, lambda config: names["includeme"](config), plugins, {**settings, "acme.api_key": "a key"}
        )


def test_its_events_are_found_and_imported(api):
    found = api.as_role("user").get("/external-events", provider="acme").json
    assert [(each["title"], each["url"]) for each in found["results"]] == [("Fado night", LINK)]
    assert [each["title"] for each in found["refused"]] == ["Without a beginning"]

    event = api.as_role("organizer").post("/external-events/acme/7/import", status=201).json

    assert (event["title"], event["starts_at"]) == ("Fado night", "2027-05-01T18:30:00Z")
