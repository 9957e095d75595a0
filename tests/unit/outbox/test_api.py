"""Background work over REST, for staff."""

import pytest
from tests.unit.outbox import probes


def fail(*_given):
    raise RuntimeError("it does not work")


@pytest.fixture
def staff(api, make):
    return api.as_(make.user(is_staff=True))


@pytest.fixture
def dead(jobs, outbox, doing, clock):
    """Return the id of a job that has failed for good."""
    doing["thrice"] = fail
    jobs.put(probes.thrice, 7, stream="s", key="k")
    for _ in range(probes.ATTEMPTS):
        outbox.run()
        clock.move(hours=1)
    doing.clear()
    return outbox.dead[0].id


PATHS = [("GET", "/jobs"), ("GET", "/jobs/{id}"), ("POST", "/jobs/{id}/retry")]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_and_no_mere_user_and_no_organizer_sees_or_does_it(api, make, dead, jobs, method, path):
    path = path.format(id=dead)
    assert api.request(method, path, status=401).json["code"] == "unauthenticated"
    for fields in ({}, {"is_organizer": True}):
        answer = api.as_(make.user(**fields)).request(method, path, status=403)
        assert answer.json["code"] == "forbidden"
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert jobs.statuses() == ["dead"]


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}], ids=["staff", "superuser"])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_staff_and_superusers_do(api, make, dead, method, path, fields):
    api.as_(make.user(**fields)).request(method, path.format(id=dead), status=200)


def test_a_job_is_shown(staff, dead, jobs, clock):
    shown = staff.get(f"/jobs/{dead}").json
    [row] = jobs.rows()
    assert shown == {
        "id": dead,
        "handler": "tests.unit.outbox.probes.thrice",
        "queue": "default",
        "stream": "s",
        "key": "k",
        "payload": {"number": 7},
        "status": "dead",
        "attempts": 3,
        "error": "RuntimeError: it does not work",
        "due_at": shown["due_at"],
        "created_at": "2027-03-01T12:00:00Z",
        "finished_at": "2027-03-01T14:00:00Z",
    }
    assert row.status == "dead"


def test_work_is_listed_newest_first_and_by_status(staff, dead, jobs, outbox):
    jobs.put(probes.note_down, 1)
    outbox.run()
    jobs.put(probes.note_down, 2)
    listed = staff.get("/jobs").json
    assert [job["status"] for job in listed["results"]] == ["waiting", "done", "dead"]
    assert listed["count"] == 3
    for status in ("waiting", "done", "dead"):
        found = staff.get("/jobs", status=status).json
        assert [job["status"] for job in found["results"]] == [status]
    assert staff.get("/jobs?status=running").json["results"] == []
    assert staff.get("/jobs?status=nonsense", status=400).json["errors"][0]["field"] == "status"
    first = staff.get("/jobs?page_size=1").json
    assert len(first["results"]) == 1
    assert len(staff.get(first["next"]).json["results"]) == 1


def test_the_statements_of_a_list_do_not_grow(staff, jobs, statements):
    def sent():
        with statements() as seen:
            staff.get("/jobs")
        return len(seen)

    jobs.put(probes.note_down, 0)
    few = sent()
    for number in range(8):
        jobs.put(probes.note_down, number)
    assert sent() == few


def test_a_dead_job_is_tried_again_as_often_as_a_new_one(staff, dead, jobs, outbox, doing, calls, clock):
    doing["thrice"] = fail
    calls.clear()
    shown = staff.post(f"/jobs/{dead}/retry").json
    assert (shown["status"], shown["attempts"], shown["finished_at"]) == ("waiting", 0, None)
    assert shown["error"] == "RuntimeError: it does not work"
    for _ in range(probes.ATTEMPTS + 1):
        outbox.run()
        clock.move(hours=1)
    assert [given[2].attempt for given in calls] == [1, 2, 3]
    doing.clear()
    staff.post(f"/jobs/{dead}/retry")
    outbox.run()
    assert jobs.statuses() == ["done"]


def test_what_is_not_dead_is_not_tried_again(staff, jobs, outbox):
    jobs.put(probes.note_down, 1)
    [row] = jobs.rows()
    for state in ("waiting", "done"):
        answer = staff.post(f"/jobs/{row.id}/retry", status=409)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["code"] == "not_dead"
        assert answer.json["status_now"] == state
        assert answer.json["status"] == 409
        outbox.run()
    assert jobs.statuses() == ["done"]


def test_twice_is_once(staff, dead, jobs):
    staff.post(f"/jobs/{dead}/retry")
    staff.post(f"/jobs/{dead}/retry", status=409)
    assert jobs.statuses() == ["waiting"]


@pytest.mark.parametrize("name", ["4711", "0", "999999999999999", "abc", "-1", "99999999999999999999"])
def test_what_is_not_there_is_404(staff, jobs, name):
    for send in (staff.get, lambda path, status: staff.post(path + "/retry", status=status)):
        answer = send(f"/jobs/{name}", status=404)
        assert answer.json["code"] == "not_found"


def test_a_token_needs_the_right_scope(api, make, dead):
    """Seeing and trying again are two permissions."""
    staff = api.as_(make.user(is_staff=True))
    made = staff.post("/auth/tokens", {"name": "monitor", "scopes": ["jobs:read"]}).json
    monitor = type(api)(api.application, api.session, {"Authorization": f"Token {made['token']}"})
    monitor.get(f"/jobs/{dead}")
    monitor.post(f"/jobs/{dead}/retry", status=403)
