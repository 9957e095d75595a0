"""Imports in the admin UI: how far they are, what failed, and that they are stopped and go on."""

import pytest
from sqlalchemy import select, update
from turnout.audit.models import AuditEntry

from turnout_external_events.models import Report, Run

FIND, RUNS = "/admin/find-elsewhere", "/admin/imports"


@pytest.fixture
def desk(browser, organizer):
    return browser.as_(organizer)


@pytest.fixture
def begin(desk, almanac, external):
    """Return what begins to import events of the almanac, or all that a search finds there, and gives the run's path and id."""

    def begin(*external_ids, query=None):
        almanac.put(*(external(each) for each in external_ids))
        if query is None:
            answer = desk.post(f"{FIND}/import", [("chosen", f"almanac:{each}") for each in external_ids], status=303)
        else:
            answer = desk.post(f"{FIND}/import-all?query={query}", {"provider": "almanac"}, status=303)
        run_id = int(answer.location.rpartition("/")[2])
        return f"{RUNS}/{run_id}", run_id

    return begin


def press(page, name, status=303):
    form = next(form for form in page.forms.values() if form.action.endswith(f"/{name}"))
    return form.submit(status=status)


def test_a_run_is_shown_and_reads_itself_again_while_it_goes_on(desk, begin, outbox):
    path, _ = begin("1", "2")
    page = desk.get(path)
    page.mustcontain("2 chosen events", "running", "0 of 2", "Stop", no="Go on")
    assert page.html.select_one("#thing")["hx-get"] == path
    assert page.html.select_one("progress")["max"] == "2"
    outbox.run()
    done = desk.get(path, headers={"HX-Request": "true"})
    done.mustcontain("done", "2 of 2", "They are among the imported events.", no=["Stop", "Go on"])
    assert done.html.select_one("#thing").get("hx-get") is None
    assert done.headers["HX-Refresh"] == "true"
    desk.get(RUNS).mustcontain("2 chosen events", "Almanac", "done")


def test_a_run_is_stopped_and_goes_on(desk, begin, outbox, session):
    path, run_id = begin("1", "2")
    stopped = press(desk.get(path), "stop").follow()
    stopped.mustcontain("It has stopped.", "stopped", "Go on")
    outbox.run()
    assert session.get(Run, run_id, populate_existing=True).seen == 0
    press(stopped, "go-on").follow().mustcontain("It goes on.", "running")
    outbox.run()
    desk.get(path).mustcontain("done", "2 of 2")
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "imports").order_by(AuditEntry.id))
    assert list(actions) == ["create", "stop", "go-on"]
    desk.post(f"{path}/stop", status=409).mustcontain("not possible")


def test_what_failed_is_named_with_why(desk, begin, almanac, outbox, session):
    path, run_id = begin("1", "2", "3")
    almanac.remove("2")
    outbox.run()
    desk.get(path).mustcontain("What could not be imported", "Almanac has no such event", "3 of 3")
    reports = desk.get("/admin/not-imported")
    reports.mustcontain("Almanac has no such event", "3 chosen events")
    assert reports.html.select_one(f"#results tbody a[href='{path}']") is not None
    desk.get(f"/admin/not-imported?run={run_id + 1}").mustcontain("Nothing matches")
    csv = desk.get(f"/admin/not-imported/export.csv?run={run_id}").text
    assert "Almanac has no such event" in csv


def test_of_many_failures_a_page_shows_some_and_leads_to_all(desk, begin, outbox, session, clock):
    path, run_id = begin("1")
    outbox.run()
    more = [Report(run_id=run_id, external_id=str(n), title=f"Odd {n:02}", code="malformed", reason="It is odd.", created_at=clock.now()) for n in range(60)]  # fmt: skip
    session.add_all(more)
    session.execute(update(Run).where(Run.id == run_id).values(refused=60))
    session.flush()
    page = desk.get(path)
    page.mustcontain("All 60")
    page.click("All 60").mustcontain("60 events", "Odd 59")


def test_one_that_failed_says_why_and_how_it_goes_on(desk, begin, almanac, outbox):
    path, _ = begin(query="fado")
    almanac.key = "another"
    outbox.run()
    page = desk.get(path)
    page.mustcontain("failed", "Almanac does not take the key.", "When that is mended", "Go on")


def test_one_that_waits_says_why_and_that_it_goes_on_by_itself(desk, begin, almanac, outbox):
    path, _ = begin(query="fado")
    almanac.quota = 0
    outbox.run()
    page = desk.get(path)
    page.mustcontain("waiting", "Almanac answers no more today.", "by itself", "Stop")


def test_others_runs_are_nobodys(browser, begin, desk, outbox, almanac):
    path, _ = begin("1", "2")
    almanac.remove("2")
    outbox.run()
    other = browser.as_role("organizer")
    for address in (path, f"{path}/stop"):
        other.get(address, status=404)
    other.post(f"{path}/go-on", status=404)
    other.get(RUNS).mustcontain("Nothing was imported yet")
    other.get("/admin/not-imported").mustcontain(no="Almanac has no such event")
    browser.as_role("staff").get(path).mustcontain("2 chosen events")
    browser.as_role("user").get(RUNS, status=403)


def test_more_runs_take_no_more_statements(desk, begin, statements):
    def counted():
        with statements() as sent:
            desk.get(RUNS)
        return len(sent)

    begin("1")
    desk.get(RUNS)
    few = counted()
    for number in range(2, 8):
        begin(str(number))
    assert counted() == few
