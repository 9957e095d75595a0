"""How long each plugin takes, and that threads and applications do not disturb each other."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session
from webtest import TestApp

from turnout.messages.delivery import deliver
from turnout.messages.models import Message
from turnout.outbox.services import Outbox
from turnout.system import transact
from turnout.testing.applications import Application
from turnout.testing.factories import Make

SUBSCRIBERS = {"join", "join_dotted", "join_object", "join_method", "join_partly"}


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def outbox(outbox, probe):
    """Background work, with what is periodic done."""
    outbox.run()
    probe.calls.clear()
    return outbox


def fails(*_given):
    raise RuntimeError("the probe broke")


@pytest.fixture
def counted(api):
    """Count how often each part of each plugin was timed within a block."""

    def read():
        families = text_string_to_metric_families(api.get("/metrics").text)
        return {
            (sample.labels["plugin"], sample.labels["part"], sample.name.rpartition("_")[2]): sample.value
            for family in families
            if family.name == "turnout_plugin_seconds"
            for sample in family.samples
            if sample.name.endswith(("_count", "_sum"))
        }

    @contextmanager
    def counted():
        before, found = read(), {}
        yield found
        after = read()
        changed = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
        assert all(value > 0 for value in changed.values())
        found.update({key[:2]: value for key, value in changed.items() if key[2] == "count"})

    return counted


def test_each_part(api, make, event, book, outbox, counted):
    organizer = api.as_(make.staff())
    with counted() as views:
        api.get(f"/events/{event.id}/probe")
    assert views == {("probe", "view"): 1}
    with counted() as subscribers:
        book()
    assert subscribers == {("probe", "subscriber"): len(SUBSCRIBERS)}
    with counted() as jobs:
        outbox.run()
    assert jobs == {("probe", "job"): 1}
    with counted() as extensions:
        api.get("/events")
    assert extensions == {("probe", "extension"): 1}
    with counted() as written:
        organizer.patch(f"/events/{event.id}", {"extensions": {"probe": {"number": 1}}})
    assert written == {("probe", "extension"): 2}


@pytest.fixture
def write(application, make, session):
    """Write a message of the probe's kind, to go over its channel."""

    def write():
        user = make.user()
        message = Message(
            user_id=user.id, kind="probe", channel="probe", name="Ada", address=user.email, context="{}",
            key="probe:1", created_at=application.registry.clock.now(),
        )  # fmt: skip
        session.add(message)
        session.flush()
        message_id = message.id
        session.commit()
        transact(
            application.registry, lambda request: request.find_service(Outbox).put(deliver, {"message_id": message_id})
        )

    return write


def test_messages_webhooks_and_checks(api, outbox, write, tell, counted, probe):
    write()
    with counted() as messages:
        outbox.run()
    assert messages == {("probe", "message"): 1, ("probe", "channel"): 1}
    with counted() as webhooks:
        tell("probe.confirmed")
    assert webhooks == {("probe", "webhook"): 1}
    with counted() as checks:
        api.get("/health")
    assert checks == {("probe", "check"): 1}


@pytest.mark.parametrize(("part", "kind"), [("enclose", "message"), ("send", "channel")])
def test_a_message_that_fails_took_its_time_too(outbox, write, counted, probe, part, kind):
    write()
    probe.doing[part] = fails
    with counted() as found:
        outbox.run()
    assert found[("probe", kind)] == 1
    assert len(outbox.waiting) == 1


def test_a_webhook_and_a_check_that_fail_took_their_time_too(api, tell, counted, probe):
    probe.doing["represent"] = probe.doing["check"] = fails
    with counted() as found:
        with pytest.raises(RuntimeError, match="the probe broke"):
            tell("probe.confirmed")
        assert api.get("/health", status=503).json["components"]["probe"] == {"status": "failing"}
    assert found == {("probe", "webhook"): 1, ("probe", "check"): 1}


def test_what_a_plugin_takes_from_a_library_is_the_plugins(shelf, start):
    shelf.package("pigeons", "class Pigeon:\n    title, wanted = 'Pigeon', False\n    def send(self, _it): 1 / 0")
    shelf.add("alpha", "import pigeons\ndef includeme(config): config.add_message_channel('pigeon', pigeons.Pigeon())")
    registry = start("alpha")
    with pytest.raises(ZeroDivisionError) as caught:
        registry.message_senders["pigeon"](None)
    assert registry.plugins.blamed(caught.value).name == "alpha"


@pytest.mark.parametrize("part", ["view", "read", "join", "hear"])
def test_what_fails_took_its_time_too(api, probe, event, book, outbox, counted, part):
    probe.doing[part] = fails
    with counted() as found:
        if part == "view":
            api.get(f"/events/{event.id}/probe", status=500)
        elif part == "read":
            api.get("/events", status=500)
        elif part == "join":
            book(500)
        else:
            book()
            outbox.run()
    kind = {"view": "view", "read": "extension", "join": "subscriber", "hear": "job"}[part]
    assert found[("probe", kind)] >= 1


def test_what_is_off_takes_none_and_the_core_is_no_plugin(api, event, switch, book, counted, outbox):
    switch(probe=False)
    with counted() as found:
        api.get(f"/events/{event.id}/probe", status=404)
        book()
        outbox.run()
        api.get("/events")
    assert found == {}


def test_threads_and_applications_do_not_disturb_each_other(committing, tmp_path, probe, plugins):
    url = committing.settings["database.url"]
    others = [Application(url, tmp_path, None, **{"turnout.plugins": names}) for names in ("quiet", "")]
    with Session(committing.engine) as session:
        make = Make(session, committing.registry.clock)
        on, off = make.event(), make.event(switches={"probe": False, "quiet": True})
        session.commit()
        on, off = on.id, off.id
    expected = [
        (committing, f"/events/{on}/probe", 200, None),
        (committing, f"/events/{off}/probe", 404, None),
        (committing, f"/events/{on}/quiet", 404, None),
        (committing, f"/events/{off}/quiet", 200, None),
        (committing, f"/events/{on}", 200, {"probe": True, "quiet": False}),
        (committing, f"/events/{off}", 200, {"probe": False, "quiet": True}),
        (others[0], f"/events/{off}/probe", 404, None),
        (others[0], f"/events/{off}/quiet", 200, None),
        (others[0], f"/events/{off}", 200, {"quiet": True}),
        (others[1], f"/events/{off}/quiet", 404, None),
        (others[1], f"/events/{off}", 200, {}),
    ]

    def ask(number):
        application, path, status, switches = expected[number % len(expected)]
        answer = TestApp(application.router).get(f"/api/v1{path}", expect_errors=True)
        return (answer.status_int, answer.json.get("plugins")) == (status, switches)

    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(20 * len(expected))))
    finally:
        for application in others:
            application.close()
