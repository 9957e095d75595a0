"""Background work in the admin UI."""

import pytest
from sqlalchemy import select
from tests.unit.outbox import probes

from turnout.audit.models import AuditEntry


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def die(jobs, outbox, doing, clock):
    """Return what lets a job fail for good, and its id."""

    def die(number=7):
        def fail(*_given):
            raise RuntimeError("it does not work")

        doing["thrice"] = fail
        jobs.put(probes.thrice, number)
        for _ in range(probes.ATTEMPTS):
            outbox.run()
            clock.move(hours=1)
        doing.clear()
        return max(job.id for job in outbox.dead)

    return die


def test_it_is_for_staff(browser, die):
    dead = die()
    for path in ("/admin/jobs", f"/admin/jobs/{dead}"):
        browser.as_role("organizer").get(path, status=403)
        assert browser.get(path, status=302).location.startswith("http://localhost/admin/sign-in")
    browser.as_role("organizer").post(f"/admin/jobs/{dead}/retry", status=403)


def test_a_list_by_status_queue_and_function(staff, die, jobs):
    die()
    jobs.put(probes.note_down, 1)
    for query, shown in {
        "": ("thrice", "note down"),
        "?status=dead": ("thrice",),
        "?status=waiting": ("note down",),
        "?queue=default": ("thrice", "note down"),
        "?queue=elsewhere": (),
        "?handler=thrice": ("thrice",),
        "?handler=th%25": (),
        "?status=nonsense": ("thrice", "note down"),
    }.items():
        page = staff.get(f"/admin/jobs{query}")
        assert [
            name for name in ("thrice", "note down") if f">{name} (" in page.text or f">{name}<" in page.text
        ] == list(shown), query


def test_a_page_says_why_it_failed_and_what_it_worked_on(staff, die):
    page = staff.get(f"/admin/jobs/{die()}")
    page.mustcontain("RuntimeError: it does not work", "tests.unit.outbox.probes.thrice", "number", "dead")


def test_what_failed_for_good_is_tried_again(staff, die, jobs, outbox, session):
    dead = die()
    page = staff.get(f"/admin/jobs/{dead}")
    form = next(form for form in page.forms.values() if form.action.endswith("/retry"))
    form.submit(status=303).follow().mustcontain("It is tried again", no="Try again")
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.subject == "jobs")).all()
    assert (entry.action, entry.subject_id, entry.before["status"], entry.after["status"]) == (
        "retry", dead, "dead", "waiting",
    )  # fmt: skip
    staff.post(f"/admin/jobs/{dead}/retry", status=409).mustcontain("not possible")
    outbox.run()
    assert jobs.statuses() == ["done"]
    staff.post(f"/admin/jobs/{dead}/retry", {"csrf_token": ""}, status=400)


def test_many_are_tried_again_at_once(staff, die, jobs, outbox):
    ids = [die(), die()]
    jobs.put(probes.note_down, 1)
    [waiting] = outbox.waiting
    page = staff.post("/admin/jobs/some/retry", [("ids", str(one)) for one in [*ids, waiting.id, 999_999]], status=303)
    page.follow().mustcontain("2 of 4 done", "not possible")
    outbox.run()
    assert jobs.statuses() == ["done", "done", "done"]


def test_the_dashboard_tells_of_it(staff, die, browser):
    staff.get("/admin").mustcontain("What needs attention", no="failed for good")
    die()
    staff.get("/admin").mustcontain("A piece of background work has failed for good.", "/admin/jobs?status=dead")
    browser.as_role("organizer").get("/admin").mustcontain("Dashboard", no="What needs attention")


def test_statements_do_not_grow(staff, jobs, statements):
    def sent():
        with statements() as seen:
            staff.get("/admin/jobs")
        return len(seen)

    jobs.put(probes.note_down, 0)
    few = sent()
    for number in range(20):
        jobs.put(probes.note_down, number)
    assert sent() == few
