"""Runs that come upon what nobody could foresee: they go on, or end and say so, but never hang."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, text
from turnout.events.models import Event
from turnout.outbox.models import Job
from turnout.testing.fakes import ERROR, Answer

from turnout_external_events.models import Candidate, Run
from turnout_external_events.services import Runner
from turnout_external_events.sources import KeyRefused
from turnout_external_events.sources.calling import standing
from turnout_external_events.sources.readiness import FOR_STAFF
from turnout_external_events.testing import AlmanacSource
from turnout_external_events.testing.almanac import KEY

RUNS = "/external-events/runs"


@pytest.fixture
def choose(ines, almanac, external, outbox):
    """Return what begins to import so many events that somebody chose."""

    def choose(number):
        begin = external().starts_at
        almanac.put(*(external(str(each), starts_at=begin + timedelta(hours=each)) for each in range(number)))
        chosen = [{"provider": "almanac", "external_id": str(each)} for each in range(number)]
        run = ines.post(RUNS, {"chosen": chosen}).json
        outbox.run()
        return f"{RUNS}/{run['id']}"

    return choose


@pytest.fixture
def spoil(almanac, impatient, monkeypatch):
    """Return what lets the almanac break whenever it is asked for one of some events."""
    answer = almanac.answer

    def spoil(*external_ids):
        paths = {f"/events/{each}" for each in external_ids}
        monkeypatch.setattr(
            almanac, "answer", lambda call: Answer.json({}, 500) if call.path in paths else answer(call)
        )

    return spoil


def events(session):
    return session.scalar(select(func.count()).select_from(Event))


@pytest.mark.parametrize("odd", ["0", "1", "4", "01", "13", "34", "012", "234", "0123", "01234"])
def test_chosen_events_that_cannot_be_asked_for_are_reported_and_the_others_are_there(
    ines, choose, spoil, later, session, odd
):
    spoil(*odd)
    path = choose(5)
    assert ines.get(path).json["status"] == "waiting"

    for _ in range(3 * len(odd)):
        later(minutes=10)

    run = ines.get(path).json
    assert (run["status"], run["seen"], run["made"], run["refused"]) == ("done", 5, 5 - len(odd), len(odd))
    reports = ines.get(f"{path}/reports").json["results"]
    assert [(each["external_id"], each["code"]) for each in reports] == [(each, "unavailable") for each in odd]
    assert session.scalar(select(func.count()).select_from(Candidate)) == 0


def test_whether_the_source_is_out_of_reach_is_asked_once_for_three(ines, choose, spoil, later, almanac):
    spoil(*map(str, range(4)))
    choose(4)
    for _ in range(6):
        later(minutes=10)
    assert [call.path for call in almanac.calls].count("/events") == 1


def test_while_a_quota_is_spent_no_event_is_given_up(ines, choose, spoil, later, almanac):
    spoil("0", "1")
    path = choose(2)
    later(minutes=10)
    spoil()
    almanac.quota = 0

    for _ in range(5):
        later(hours=25)

    run = ines.get(path).json
    assert (run["status"], run["seen"], run["refused"]) == ("waiting", 0, 0)


def test_while_the_source_is_out_of_reach_no_event_is_given_up(ines, choose, spoil, later, almanac):
    spoil(*map(str, range(5)))
    path = choose(5)
    almanac.faults.every, almanac.faults.kinds = 1, (ERROR,)
    for _ in range(5):
        later(hours=25)
    assert ines.get(path).json["status"] == "waiting"

    spoil()
    almanac.faults.every = 0
    later(hours=25)

    run = ines.get(path).json
    assert (run["status"], run["made"], run["refused"]) == ("done", 5, 0)


@pytest.mark.parametrize("total", [3_000_000_000, 2**64 - 1, -1, 1.5, True], ids=str)
def test_a_number_of_events_that_cannot_be_is_not_believed(ines, almanac, external, outbox, monkeypatch, total):
    almanac.put(external())
    said = {"total": total, "events": list(almanac.documents.values())}
    monkeypatch.setattr(almanac, "_page", lambda _call: Answer.json(said))

    run = ines.post(RUNS, {"provider": "almanac"}).json
    outbox.run()

    run = ines.get(f"{RUNS}/{run['id']}").json
    assert (run["status"], run["total"], run["made"], run["error"]) == ("done", 1, 1, "")
    assert ines.get("/external-events?provider=almanac").json["count"] == 1


def test_a_run_that_breaks_each_time_fails_and_can_go_on(ines, almanac, external, later, outbox, session, monkeypatch):
    def breaks(runner, *_):
        runner.session.execute(text("SELECT nonsense FROM nowhere"))

    almanac.put(external())
    with monkeypatch.context() as broken:
        broken.setattr(Runner, "_report", breaks)
        path = f"{RUNS}/{ines.post(RUNS, {'provider': 'almanac'}).json['id']}"
        for _ in range(12):
            later(minutes=10)

    run = ines.get(path).json
    assert (run["status"], run["seen"], run["made"], events(session)) == ("failed", 0, 0, 0)
    assert "in the log" in run["error"]
    assert run["finished_at"] is not None
    assert not outbox.dead
    ines.post(f"{path}/resume")
    outbox.run()
    assert ines.get(path).json["status"] == "done"


def test_a_run_that_nobody_goes_on_with_fails_after_days(ines, almanac, external, later, outbox, session):
    almanac.put(external())
    path = f"{RUNS}/{ines.post(RUNS, {'provider': 'almanac'}).json['id']}"
    session.execute(delete(Job))  # as if the worker had been killed once too often
    later(hours=47)
    assert ines.get(path).json["status"] == "running"

    later(hours=2)

    run = ines.get(path).json
    assert (run["status"], run["error"]) == ("failed", "Nobody has gone on with it for days.")
    ines.post(f"{path}/resume")
    outbox.run()
    assert ines.get(path).json["status"] == "done"


def test_one_that_was_stopped_long_ago_is_forgotten(ines, choose, spoil, later, session):
    spoil("0", "1", "2")
    path = choose(3)
    ines.post(f"{path}/stop")

    later(days=89)
    assert ines.get(path).json["status"] == "stopped"
    later(days=2)

    ines.get(path, status=404)
    assert session.scalar(select(func.count()).select_from(Run)) == 0
    assert session.scalar(select(func.count()).select_from(Candidate)) == 0


class TestKeys:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        """Let a key that was refused be tried again at once."""
        monkeypatch.setattr(standing, "KEY_SECONDS", 0)

    def test_chosen_events_outlive_a_key_that_is_refused(self, ines, choose, almanac, outbox, session):
        almanac.key = "another"
        path = choose(5)
        run = ines.get(path).json
        assert (run["status"], run["seen"], run["refused"]) == ("failed", 0, 0)
        assert run["error"] == "Almanac does not take the key."
        assert session.scalar(select(func.count()).select_from(Candidate)) == 5

        almanac.key = KEY
        ines.post(f"{path}/resume")
        outbox.run()

        run = ines.get(path).json
        assert (run["status"], run["seen"], run["made"], run["refused"]) == ("done", 5, 5, 0)

    def test_what_was_told_before_the_key_was_refused_is_imported(self, ines, choose, almanac, outbox, monkeypatch):
        answer = almanac.answer
        with monkeypatch.context() as refusing:
            refusing.setattr(
                almanac, "answer", lambda call: Answer.json({}, 401) if call.path == "/events/3" else answer(call)
            )
            path = choose(5)
            assert {**ines.get(path).json, "error": ""}.items() >= {"status": "failed", "seen": 3, "made": 3}.items()

        ines.post(f"{path}/resume")
        outbox.run()

        assert ines.get(path).json.items() >= {"status": "done", "made": 5, "refused": 0}.items()

    @pytest.mark.parametrize("missing", ["almanac.key is not set", None], ids=["no key", "not installed"])
    def test_one_whose_source_is_missing_goes_on_when_it_is_there(
        self, ines, almanac, external, outbox, session, application, monkeypatch, missing
    ):
        almanac.put(external("1"))
        path = f"{RUNS}/{ines.post(RUNS, {'chosen': [{'provider': 'almanac', 'external_id': '1'}]}).json['id']}"
        with monkeypatch.context() as lacking:
            if missing is None:
                lacking.delitem(application.registry.event_sources, "almanac")
            else:
                lacking.setattr(AlmanacSource, "fetch", keyless)
            outbox.run()
            run = ines.get(path).json
        assert (run["status"], run["seen"]) == ("failed", 0)

        ines.post(f"{path}/resume")
        outbox.run()

        assert ines.get(path).json["made"] == 1

    def test_what_cannot_be_asked_is_not_begun(self, ines, api, almanac, session, monkeypatch):
        monkeypatch.setattr(AlmanacSource, "check", lambda _self: "almanac.key is not set")
        chosen = {"chosen": [{"provider": "almanac", "external_id": "1"}]}
        refused = ines.post(RUNS, chosen, status=409).json
        assert (refused["code"], refused["detail"]) == ("source_not_set_up", FOR_STAFF)
        assert api.as_role("staff").post(RUNS, chosen, status=409).json["detail"] == "almanac.key is not set"
        assert ines.post(RUNS, {"provider": "almanac"}, status=409).json["code"] == "source_not_set_up"
        assert session.scalar(select(func.count()).select_from(Run)) == 0

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"provider": "ical"}, "query"),
            ({"provider": "ical", "query": "https://10.0.0.1/a.ics"}, "query"),
            ({"chosen": [{"provider": "ical", "external_id": "1"}]}, "chosen"),
        ],
        ids=["no address", "a private one", "an event of a calendar"],
    )
    def test_calendars_are_imported_by_their_address(self, ines, session, body, field):
        refused = ines.post(RUNS, body, status=400).json
        assert [error["field"] for error in refused["errors"]] == [field]
        assert session.scalar(select(func.count()).select_from(Run)) == 0


def keyless(*_asked):
    raise KeyRefused("almanac.key is not set")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer.json({}, 404), "not_there"),
        (Answer.json({}, 422), "refused"),
        (Answer.json([1]), "bad_answer"),
        (Answer.json({"external_id": "0"}), "malformed"),
    ],
    ids=["not there", "refused", "nonsense", "malformed"],
)
def test_a_report_says_what_it_was(ines, choose, almanac, outbox, monkeypatch, answer, code):
    monkeypatch.setattr(almanac, "answer", lambda _call: answer)
    reports = ines.get(f"{choose(1)}/reports").json["results"]
    assert [(each["external_id"], each["code"]) for each in reports] == [("0", code)]
