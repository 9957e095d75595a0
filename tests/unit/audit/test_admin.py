"""The audit log in the admin UI, and the history on the pages of things."""

import pytest

from turnout.security.actors import SYSTEM, Actor


@pytest.fixture
def boss(make):
    return make.staff(username="boss")


@pytest.fixture
def staff(browser, boss):
    return browser.as_(boss)


@pytest.fixture
def note(log, boss):
    """Return what writes an entry, as the boss did something."""

    def note(action, subject="events", subject_id=12, label="Fado night", **states):
        log.record(
            action,
            actor=Actor.of(boss.id, is_staff=True),
            subject=subject,
            subject_id=subject_id,
            label=label,
            **states,
        )

    return note


def test_what_was_done_is_listed_and_filtered(staff, note, boss, clock):
    note("publish")
    clock.move(days=1)
    note("cancel", "bookings", 3, "ABC123")
    for query, found in {
        "": ["cancel", "publish"],
        "?subject=events": ["publish"],
        "?subject_id=3": ["cancel"],
        f"?user={boss.id}": ["cancel", "publish"],
        "?user=999999": [],
        "?action=publish": ["publish"],
        "?date_from=2027-03-02T00:00": ["cancel"],
        "?date_to=2027-03-02T00:00": ["publish"],
        "?date_to=yesterday": ["cancel", "publish"],
    }.items():
        page = staff.get(f"/admin/audit{query}")
        assert [one for one in ("cancel", "publish") if f">{one}</a>" in page.text] == found, query


def test_an_entry_shows_before_beside_after(staff, note, entries):
    note("update", before={"title": "Fado", "price": "10.00"}, after={"title": "<Fado>", "price": "10.00"})
    page = staff.get("/admin/audit").click("update")
    page.mustcontain(
        "update: Fado night", "Before and after", "Fado", "&lt;Fado&gt;", "boss", "POST /admin/events/12/cancel"
    )
    assert "10.00" not in page.text
    assert "Edit" not in page.text
    staff.get("/admin/audit/999999", status=404)


def test_what_the_installation_did_itself(staff, log):
    log.record("purge", actor=SYSTEM, subject="jobs")
    page = staff.get("/admin/audit")
    page.mustcontain("Turnout itself")
    page.click("purge").mustcontain("Nothing more was noted.")


def test_it_is_for_staff(browser, note, entries):
    note("publish")
    [entry] = entries()
    for path in ("/admin/audit", f"/admin/audit/{entry.id}"):
        browser.as_role("organizer").get(path, status=403)
        browser.get(path, status=302)


def test_the_page_of_a_thing_shows_its_history(staff, browser, make, note):
    organizer = make.organizer()
    venue = make.venue(created_by_id=organizer.id, name="Town Hall")
    page = f"/admin/venues/{venue.id}"
    staff.get(page).mustcontain("History", "Nothing is noted yet.")
    form = staff.get(f"{page}/edit").forms["form"]
    form["city"] = "Porto"
    form.submit(status=303).follow().mustcontain("History", "boss", "city", no="Nothing is noted yet.")
    browser.as_(organizer).get(page).mustcontain("Town Hall", no="History")
    for _ in range(11):
        note("update", "venues", venue.id, "Town Hall")
    shown = staff.get(page)
    shown.mustcontain("All 12")
    shown.click("All 12").mustcontain("12 entries")


def test_statements_do_not_grow(staff, note, statements):
    def sent():
        with statements() as seen:
            staff.get("/admin/audit")
        return len(seen)

    note("publish")
    few = sent()
    for number in range(20):
        note("publish", subject_id=number)
    assert sent() == few
