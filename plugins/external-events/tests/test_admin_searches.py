"""Saved searches in the admin UI."""

import pytest
from sqlalchemy import select

from turnout_external_events.models import Run, SavedSearch
from turnout_external_events.sources.readiness import FOR_STAFF
from turnout_external_events.testing import AlmanacSource

SEARCHES = "/admin/saved-searches"


@pytest.fixture
def desk(browser, organizer, almanac):
    return browser.as_(organizer)


@pytest.fixture
def save(desk):
    """Return what saves a search by the form, and gives the page that follows."""

    def save(name="Fado in Lisbon", *, query="fado", by_itself=True, status=303):
        form = desk.get(f"{SEARCHES}/new").forms["form"]
        form["name"], form["provider"], form["query"], form["location"] = name, "almanac", query, ""
        form["is_active"] = by_itself
        answer = form.submit(status=status)
        return answer.follow() if status == 303 else answer

    return save


def press(page, name, status=303):
    form = next(form for form in page.forms.values() if form.action.endswith(f"/{name}"))
    return form.submit(status=status)


def test_a_search_is_saved_changed_and_deleted(desk, save, session):
    page = save()
    page.mustcontain("Fado in Lisbon", "Almanac", "It has not begun yet.")
    form = page.click("Edit").forms["form"]
    assert form["query"].value == "fado"
    form["every_hours"] = "12"
    form.submit(status=303).follow().mustcontain("was saved", "12")
    search = session.scalars(select(SavedSearch)).one()
    assert (search.every_hours, search.provider, search.days_ahead) == (12, "almanac", 90)
    desk.get(SEARCHES).mustcontain("Fado in Lisbon", "Almanac", "fado", "12")
    desk.confirm(f"{SEARCHES}/{search.id}/delete")
    assert session.scalars(select(SavedSearch)).all() == []


def test_it_runs_when_it_is_told_to_and_its_page_says_what_came_of_it(save, desk, almanac, external, outbox, session):
    almanac.put(external("1"), external("2"))
    page = save(by_itself=False)
    press(page, "run-now").follow().mustcontain("It imports now what it finds.")
    outbox.run()
    run = session.scalars(select(Run)).one()
    search_id = session.scalar(select(SavedSearch.id))
    page = desk.get(f"{SEARCHES}/{search_id}")
    page.mustcontain(f"Import {run.id}", "done")
    assert page.html.select_one(f"a[href='/admin/imports/{run.id}']") is not None
    desk.get(SEARCHES).mustcontain("done, 2 new")
    back = desk.get(f"/admin/imports/{run.id}").click("See it")
    assert back.request.path == f"{SEARCHES}/{search_id}"


def test_what_nobody_wants_is_refused_at_its_field(save, desk, session):
    save(query="", status=400).mustcontain("nobody wants all there is")
    desk.post(f"{SEARCHES}/new", {"name": "A", "provider": "nowhere", "query": "fado"}, status=400).mustcontain(
        "must be one of: "
    )
    assert session.scalars(select(SavedSearch)).all() == []


def test_one_whose_source_lacks_something_says_so(save, desk, browser, monkeypatch):
    page = save()
    monkeypatch.setattr(AlmanacSource, "check", lambda _self: "almanac.key is not set")
    for visitor, said in ((desk, FOR_STAFF), (browser.as_role("staff"), "almanac.key is not set")):
        visitor.get(page.request.path).mustcontain(f"It cannot import anything now. {said}")
        visitor.get(SEARCHES).mustcontain(said)
        press(visitor.get(page.request.path), "run-now", status=409).mustcontain(said)


def test_others_searches_are_nobodys(browser, save, session):
    path = save().request.path
    other = browser.as_role("organizer")
    for address in (path, f"{path}/edit", f"{path}/delete"):
        other.get(address, status=404)
    other.post(f"{path}/run-now", status=404)
    other.get(SEARCHES).mustcontain("There are no saved searches yet", no="Fado in Lisbon")
    browser.as_role("staff").get(path).mustcontain("Fado in Lisbon")
    browser.as_role("user").get(SEARCHES, status=403)


def test_more_searches_take_no_more_statements(desk, save, statements):
    def counted():
        with statements() as sent:
            desk.get(SEARCHES)
        return len(sent)

    press(save("0"), "run-now")
    desk.get(SEARCHES)
    few = counted()
    for number in range(1, 6):
        press(save(str(number)), "run-now")
    assert counted() == few
