"""Turning plugins on and off for an event: who may, what is refused, and what it changes."""

import pytest
from sqlalchemy import select

from turnout.events.hooks import EventChanged
from turnout.events.models import Event
from turnout.security.actors import Actor
from turnout.testing.applications import Application
from turnout.testing.clients import Api

NEW = {
    "title": "Harbour lights",
    "starts_at": "2027-05-01T19:30:00+01:00",
    "ends_at": "2027-05-01T22:00:00+01:00",
}


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def event(make, organizer):
    return make.event(organizer=organizer)


def errors(answer):
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_every_switchable_plugin_is_shown_with_its_default(api, event):
    assert api.get(f"/events/{event.id}").json["plugins"] == {"probe": True, "quiet": False}
    assert api.get("/events").json["results"][0]["plugins"] == {"probe": True, "quiet": False}


def test_patch_changes_only_what_it_names(client, event, session):
    path = f"/events/{event.id}"
    assert client.patch(path, {"plugins": {"probe": False}}).json["plugins"] == {"probe": False, "quiet": False}
    assert client.patch(path, {"plugins": {"quiet": True}}).json["plugins"] == {"probe": False, "quiet": True}
    assert client.patch(path, {"title": "Else"}).json["plugins"] == {"probe": False, "quiet": True}
    assert client.patch(path, {"plugins": {}}).json["plugins"] == {"probe": False, "quiet": True}
    assert session.get(Event, event.id).switches == {"probe": False, "quiet": True}


def test_post_sets_them(client, session):
    made = client.post("/events", NEW | {"plugins": {"quiet": True}}, status=201).json
    assert made["plugins"] == {"probe": True, "quiet": True}
    assert session.get(Event, made["id"]).switches == {"quiet": True}
    assert client.post("/events", NEW, status=201).json["plugins"] == {"probe": True, "quiet": False}


def test_put_sets_those_it_names_and_leaves_the_others(client, event):
    path = f"/events/{event.id}"
    client.patch(path, {"plugins": {"probe": False}})
    assert client.put(path, NEW | {"plugins": {"quiet": True}}).json["plugins"] == {"probe": False, "quiet": True}
    assert client.put(path, NEW).json["plugins"] == {"probe": False, "quiet": True}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"prob": True}, {"plugins.prob": "cannot be switched by event; these can: probe, quiet"}),
        ({"": True}, {"plugins.": "cannot be switched by event; these can: probe, quiet"}),
        ({"events": False}, {"plugins.events": "cannot be switched by event; these can: probe, quiet"}),
        ({"probe": "no"}, {"plugins.probe": "must be true or false"}),
        ({"probe": 1}, {"plugins.probe": "must be true or false"}),
        ({"probe": None}, {"plugins.probe": "must be true or false"}),
        ({"probe": {}}, {"plugins.probe": "must be true or false"}),
        (
            {"probe": [], "x": 1, "quiet": True},
            {
                "plugins.probe": "must be true or false",
                "plugins.x": "cannot be switched by event; these can: probe, quiet",
            },
        ),
        ([], {"plugins": "must be an object"}),
        ("probe", {"plugins": "must be an object"}),
        (None, {"plugins": "must not be null"}),
    ],
)
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_what_cannot_be_a_switch_is_refused_at_its_field(client, event, session, method, given, wrong):
    path, more = ("/events", NEW) if method == "post" else (f"/events/{event.id}", NEW if method == "put" else {})
    answer = getattr(client, method)(path, more | {"plugins": given}, status=400)
    assert errors(answer) == wrong
    assert session.get(Event, event.id).switches == {}
    assert len(session.scalars(select(Event.id)).all()) == 1


@pytest.mark.parametrize("member", ["plugins", "extensions"])
def test_a_name_that_cannot_be_said_is_refused_all_the_same(client, event, member):
    body = b'{"%s": {"\\ud800%s": true}}' % (member.encode(), b"x" * 300)
    answer = client.patch(f"/events/{event.id}", body, status=400)
    [field] = errors(answer)
    assert field.startswith(f"{member}.?xxx")
    assert len(field) <= 200


def test_others_may_not(api, make, event, session):
    for user, status in ((make.organizer(), 403), (make.user(), 403)):
        api.as_(user).patch(f"/events/{event.id}", {"plugins": {"probe": False}}, status=status)
    api.patch(f"/events/{event.id}", {"plugins": {"probe": False}}, status=401)
    assert session.get(Event, event.id).switches == {}
    api.as_(make.staff()).patch(f"/events/{event.id}", {"plugins": {"probe": False}})


def test_it_is_a_change_with_a_version_of_its_own(client, event):
    path = f"/events/{event.id}"
    before = client.get(path).headers["ETag"]
    after = client.patch(path, {"plugins": {"probe": False}}, headers={"If-Match": before}).headers["ETag"]
    assert after != before
    assert client.get(path).headers["ETag"] == after
    client.patch(path, {"plugins": {"probe": True}}, headers={"If-Match": before}, status=412)
    client.get(path, headers={"If-None-Match": after}, status=304)
    client.get(path, headers={"If-None-Match": before}, status=200)


def test_what_changed_is_announced(events, event, announced, organizer):
    events.switches.defaults = {"probe": True}
    actor = Actor.of(organizer.id, is_organizer=True)
    events.update(event.id, {"plugins": {"probe": False}}, actor=actor)
    assert [said.fields for said in announced if isinstance(said, EventChanged)] == [frozenset({"plugins"})]
    announced.clear()
    events.update(event.id, {"plugins": {"probe": False}}, actor=actor)
    assert announced == []


def test_it_counts_from_this_very_request_on(client, event, probe):
    client.patch(f"/events/{event.id}", {"plugins": {"probe": False}, "title": "Else"})
    assert "follow" not in [name for name, *_ in probe.calls]
    client.patch(f"/events/{event.id}", {"plugins": {"probe": True}})
    assert "follow" in [name for name, *_ in probe.calls]


class TestPluginsThatAreNotEnabledNow:
    @pytest.fixture
    def without(self, application, session, tmp_path, organizer, connection):
        """The API of an application without the probe, on the same database."""
        other = Application(application.settings["database.url"], tmp_path, None, **{"turnout.plugins": "quiet"})
        engine, read_engine = other.registry.engine, other.registry.read_engine
        other.registry.engine = other.registry.read_engine = connection
        yield Api(other, session).as_(organizer)
        other.registry.engine, other.registry.read_engine = engine, read_engine
        other.close()

    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_their_switches_are_kept_and_not_shown(self, client, without, event, session, method):
        path = f"/events/{event.id}"
        client.patch(path, {"plugins": {"probe": False}})
        assert without.get(path).json["plugins"] == {"quiet": False}
        body = (NEW if method == "put" else {}) | {"plugins": {"quiet": True}}
        assert getattr(without, method)(path, body).json["plugins"] == {"quiet": True}
        assert session.get(Event, event.id).switches == {"probe": False, "quiet": True}
        assert client.get(path).json["plugins"] == {"probe": False, "quiet": True}

    def test_they_cannot_be_named(self, without, event):
        answer = without.patch(f"/events/{event.id}", {"plugins": {"probe": True}}, status=400)
        assert errors(answer) == {"plugins.probe": "cannot be switched by event; these can: quiet"}


def test_openapi_names_the_switches(api):
    schemas = api.get("/openapi.json").json["components"]["schemas"]
    switches = {"probe": {"type": "boolean"}, "quiet": {"type": "boolean"}}
    assert schemas["EventView"]["properties"]["plugins"]["properties"] == switches
    for name in ("NewEvent", "EventUpdate", "EventUpdatePatch"):
        found = schemas[name]["properties"]["plugins"]
        assert (found["properties"], found["additionalProperties"]) == (switches, False)
