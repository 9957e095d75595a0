"""Runs that come upon what nobody could foresee: they go on, or end and say so, but never hang."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, text
from turnout.events.models import Event
from turnout.outbox.models import Job
from turnout.testing.fakes import Answer

from turnout_external_events.models import Candidate, Run
from turnout_external_events.services import Runner

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


@pytest.mark.parametrize(
    "odd", [("0",), ("1",), ("4",), ("0", "1"), ("1", "3"), ("3", "4")], ids=lambda odd: "".join(odd)
)
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


def test_while_the_source_is_out_of_reach_no_event_is_given_up(ines, choose, spoil, later):
    spoil(*map(str, range(5)))
    path = choose(5)
    for _ in range(5):
        later(hours=25)
    assert ines.get(path).json["status"] == "waiting"

    spoil()
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
