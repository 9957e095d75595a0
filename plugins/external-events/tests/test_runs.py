"""Runs: many events being imported, step by step, in the background."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from turnout.events.models import Event
from turnout.outbox.models import Job
from turnout.outbox.worker import Worker
from turnout.plugin import system_request, transact
from turnout.users.models import User

from turnout_external_events.models import Candidate, Run
from turnout_external_events.services import Runner, RunService
from turnout_external_events.services.people import organizer
from turnout_external_events.services.running import OVERTAKEN
from turnout_external_events.sources import CANCELLED, Criteria
from turnout_external_events.testing import Almanac

RUNS = "/external-events/runs"


@pytest.fixture
def many(almanac, external):
    """Return what lets the almanac know so many events, ten minutes apart."""

    def many(number, first=0):
        begin = external().starts_at
        almanac.put(
            *(
                external(f"{each:05}", starts_at=begin + timedelta(minutes=10 * each))
                for each in range(first, first + number)
            )
        )

    return many


@pytest.fixture
def step(application, session, outbox):
    """Return what lets a worker do one job of the plugin's own queue."""

    def step():
        session.commit()
        assert Worker(application.registry).step("external_events") == 1
        session.expire_all()

    return step


def counts(run):
    return {name: run[name] for name in ("seen", "made", "changed", "same", "refused")}


def events(session):
    return session.scalar(select(func.count()).select_from(Event))


def test_everything_that_a_search_finds_is_imported(ines, many, outbox, session):
    many(230)

    begun = ines.post(RUNS, {"provider": "almanac", "query": "fado"}, status=201)
    outbox.run()

    run = ines.get(f"{RUNS}/{begun.json['id']}").json
    assert (run["status"], run["total"], run["error"]) == ("done", 230, "")
    assert counts(run) == {"seen": 230, "made": 230, "changed": 0, "same": 0, "refused": 0}
    assert events(session) == 230
    assert begun.headers["Location"].endswith(f"{RUNS}/{run['id']}")


def test_what_is_deeper_than_the_source_shows_is_found_by_slices(ines, many, outbox, session, almanac, monkeypatch):
    from turnout_external_events.testing import AlmanacSource

    monkeypatch.setattr(AlmanacSource, "deepest", 100)
    almanac.deepest = 100
    many(330)

    begun = ines.post(RUNS, {"provider": "almanac"}).json
    outbox.run()

    assert counts(ines.get(f"{RUNS}/{begun['id']}").json)["made"] == 330
    assert events(session) == 330


def test_the_same_search_again_makes_nothing_twice(ines, many, outbox, session, almanac, external):
    many(30)
    ines.post(RUNS, {"provider": "almanac"})
    outbox.run()
    almanac.put(external("00003", title="Otherwise"))

    again = ines.post(RUNS, {"provider": "almanac"}).json
    outbox.run()

    run = ines.get(f"{RUNS}/{again['id']}").json
    assert counts(run) == {"seen": 30, "made": 0, "changed": 1, "same": 29, "refused": 0}
    assert events(session) == 30


def test_what_cannot_be_imported_is_reported_and_the_rest_is_there(ines, many, outbox, almanac, external):
    many(3)
    almanac.put(external("x-cancelled", status=CANCELLED), external("x-dateless", starts_at=None))
    almanac.documents["x-odd"] = {"external_id": "x-odd", "title": "Odd", "nonsense": 1}

    chosen = [{"provider": "almanac", "external_id": each} for each in almanac.documents]
    begun = ines.post(RUNS, {"chosen": [*chosen, {"provider": "almanac", "external_id": "nothing"}]}).json
    outbox.run()

    run = ines.get(f"{RUNS}/{begun['id']}").json
    assert (run["status"], run["total"]) == ("done", 7)
    assert counts(run) == {"seen": 7, "made": 3, "changed": 0, "same": 0, "refused": 4}
    reports = ines.get(f"{RUNS}/{run['id']}/reports").json["results"]
    assert {each["external_id"]: each["code"] for each in reports} == {
        "x-cancelled": "cannot_import",
        "x-dateless": "date_unknown",
        "x-odd": "bad_answer",
        "nothing": "not_there",
    }
    assert all(each["reason"] for each in reports)


def test_what_is_chosen_is_imported_and_forgotten(ines, many, outbox, session):
    many(45)
    chosen = [{"provider": "almanac", "external_id": f"{each:05}"} for each in range(45)]

    begun = ines.post(RUNS, {"chosen": chosen, "status": "draft"}).json
    outbox.run()

    assert counts(ines.get(f"{RUNS}/{begun['id']}").json)["made"] == 45
    assert session.scalar(select(func.count()).select_from(Candidate)) == 0
    assert set(session.scalars(select(Event.status))) == {"draft"}


def test_a_run_that_is_stopped_goes_on_where_it_stopped(ines, many, outbox, step, session):
    many(250)
    begun = ines.post(RUNS, {"provider": "almanac"}).json
    step()
    seen = ines.get(f"{RUNS}/{begun['id']}").json["seen"]
    assert 0 < seen < 250

    stopped = ines.post(f"{RUNS}/{begun['id']}/stop").json
    outbox.run()
    assert (stopped["status"], events(session)) == ("stopped", seen)
    ines.post(f"{RUNS}/{begun['id']}/resume")
    outbox.run()

    run = ines.get(f"{RUNS}/{begun['id']}").json
    assert (run["status"], run["seen"], run["made"], events(session)) == ("done", 250, 250, 250)


@pytest.mark.parametrize(("status", "verb"), [("done", "stop"), ("done", "resume"), ("running", "resume")])
def test_what_makes_no_sense_is_refused(ines, many, outbox, status, verb):
    many(1)
    begun = ines.post(RUNS, {"provider": "almanac"}).json
    if status == "done":
        outbox.run()

    refused = ines.post(f"{RUNS}/{begun['id']}/{verb}", status=409).json

    assert (refused["code"], refused["status_now"]) == ("wrong_run_status", status)


def test_a_quota_that_is_spent_lets_the_run_wait(ines, many, outbox, almanac, session):
    many(250)
    almanac.quota = 1

    begun = ines.post(RUNS, {"provider": "almanac"}).json
    outbox.run()

    run = ines.get(f"{RUNS}/{begun['id']}").json
    assert (run["status"], run["made"]) == ("waiting", 100)
    assert run["goes_on_at"] > run["updated_at"]
    assert "no more today" in run["error"]
    assert events(session) == 100


def test_a_source_that_is_out_of_reach_is_asked_more_and_more_rarely_and_then_given_up(
    ines, many, almanac, clock, outbox, impatient
):
    many(10)
    almanac.faults.every, almanac.faults.kinds = 1, ("error",)
    begun = ines.post(RUNS, {"provider": "almanac"}).json
    asked = []
    for _ in range(40):
        almanac.calls.clear()
        outbox.run()
        asked.append(bool(almanac.calls))
        run = ines.get(f"{RUNS}/{begun['id']}").json
        if run["status"] != "waiting":
            break
        clock.move(hours=1)

    assert (run["status"], all(asked), len(asked)) == ("failed", True, 31)
    assert "out of order" in run["error"]


def test_a_key_that_is_revoked_ends_it_and_says_so(ines, many, outbox, step, almanac):
    many(250)
    begun = ines.post(RUNS, {"provider": "almanac"}).json
    step()
    almanac.key = "another"

    outbox.run()

    run = ines.get(f"{RUNS}/{begun['id']}").json
    assert (run["status"], run["error"]) == ("failed", "Almanac does not take the key.")
    assert run["finished_at"] is not None


def test_what_the_source_does_wrong_now_and_then_is_asked_again(ines, many, outbox, almanac, impatient):
    many(250)
    almanac.faults.every = 2

    begun = ines.post(RUNS, {"provider": "almanac"}).json
    outbox.run()

    assert counts(ines.get(f"{RUNS}/{begun['id']}").json)["made"] == 250


def test_whoever_is_no_organizer_any_more_imports_nothing_more(ines, many, outbox, step, organizer, session):
    many(250)
    begun = ines.post(RUNS, {"provider": "almanac"}).json
    step()
    organizer.is_organizer = False
    session.flush()

    outbox.run()

    run = session.get(Run, begun["id"], populate_existing=True)
    assert run.status == "failed"
    assert "may not make events" in run.error
    assert events(session) < 250


def test_a_step_that_was_taken_is_not_taken_again(ines, many, step, outbox, session):
    many(150)
    begun = ines.post(RUNS, {"provider": "almanac"}).json
    step()
    job = next(job for job in outbox.waiting if job.handler.endswith("go_on"))
    session.add(
        Job(
            **{
                name: getattr(job, name)
                for name in ("queue", "handler", "payload", "status", "due_at", "attempts", "created_at")
            }
        )
    )

    outbox.run()

    run = ines.get(f"{RUNS}/{begun['id']}").json
    assert (run["status"], run["seen"], run["made"]) == ("done", 150, 150)


def test_two_that_step_at_the_same_time_do_each_once(committing, external):
    """Two processes may go on with one run: what one takes, the other leaves."""
    application = committing
    with Almanac() as almanac, system_request(application.router) as request:
        application.registry.almanac_url = almanac.url
        begin = application.registry.clock.now() + timedelta(days=1)
        almanac.put(*(external(f"{each:04}", starts_at=begin + timedelta(minutes=each)) for each in range(600)))
        user = User(
            username="ines",
            email="ines@example.com",
            password_hash="-",
            is_organizer=True,
            created_at=begin,
            updated_at=begin,
        )
        request.db.add(user)
        request.db.flush()
        run_id = (
            request.find_service(RunService)
            .search("almanac", Criteria(), status="published", actor=organizer(request.db, user.id), by_hand=True)
            .id
        )
        request.tm.commit()
        with ThreadPoolExecutor(2) as pool:
            assert all(pool.map(lambda _: goes_through(application, run_id), range(2)))
        request.tm.begin()
        run = request.db.get(Run, run_id)
        assert (run.status, run.seen, run.made, events(request.db)) == ("done", 600, 600, 600)


def goes_through(application, run_id):
    """Step until the run is over, again and again where somebody else was quicker."""
    while True:
        progress = transact(application.registry, lambda request: request.find_service(Runner).step(run_id))
        if progress.status == OVERTAKEN:
            with system_request(application.router) as request:
                if request.db.get(Run, run_id).status == "done":
                    return True
        elif not progress.goes_on:
            return True


class TestWho:
    def test_runs_of_others_are_not_there(self, ines, api, make, many, outbox):
        many(1)
        begun = ines.post(RUNS, {"provider": "almanac"}).json
        other = api.as_(make.organizer())

        assert other.get(RUNS).json["count"] == 0
        for path in ("", "/reports"):
            other.get(f"{RUNS}/{begun['id']}{path}", status=404)
        for verb in ("stop", "resume"):
            other.post(f"{RUNS}/{begun['id']}/{verb}", status=404)
        assert api.as_role("staff").get(RUNS).json["count"] == 1

    def test_only_organizers_import(self, api):
        api.as_role("user").post(RUNS, {"provider": "almanac"}, status=403)
        api.as_role("user").get(RUNS, status=403)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "validation_failed"),
            ({"provider": "nowhere"}, "unknown_provider"),
            ({"chosen": [{"provider": "nowhere", "external_id": "1"}]}, "unknown_provider"),
            (
                {"provider": "almanac", "date_from": "2027-05-01T00:00:00Z", "date_to": "2027-04-01T00:00:00Z"},
                "validation_failed",
            ),
        ],
        ids=["nothing", "an unknown source", "chosen there", "backwards"],
    )
    def test_what_cannot_begin_says_why(self, ines, almanac, body, code):
        status = 404 if code == "unknown_provider" else 400

        assert ines.post(RUNS, body, status=status).json["code"] == code


def test_what_ended_long_ago_is_forgotten(ines, many, outbox, clock, session):
    many(1)
    ines.post(RUNS, {"provider": "almanac"})
    outbox.run()

    clock.move(days=91)
    outbox.run()

    assert ines.get(RUNS).json["count"] == 0
    assert events(session) == 1
