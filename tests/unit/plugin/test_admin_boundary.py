"""What plugins add to the admin UI: for an event while they are on for it, and without harm to the rest of a page."""

import pytest
from sqlalchemy import select, text

from turnout.audit.models import AuditEntry
from turnout.plugin import NotFound
from turnout.plugin.hooks import PluginRan

BROKEN = "This could not be shown. The log says why."


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def page(event):
    return f"/admin/events/{event.id}"


def test_a_panel_and_an_action_stand_on_the_page_of_an_event(staff, page, probe, event, session):
    staff.get(page).mustcontain("a probe", "Probe it")
    staff.post(f"/admin/probe/{event.id}/probe-it", status=303).follow().mustcontain("It was probed.")
    assert session.get(probe.Row, event.id).number == 7
    [entry] = session.scalars(select(AuditEntry)).all()
    assert (entry.action, entry.subject, entry.subject_id) == ("probe-it", "events", event.id)


def test_where_the_plugin_is_off_neither_is_there(staff, page, event, switch, probe, session):
    switch(probe=False)
    staff.get(page).mustcontain(event.title, no=["a probe", "Probe it"])
    for method in (staff.get, staff.post):
        method(f"/admin/probe/{event.id}/probe-it", status=404).mustcontain("switched off")
    assert session.get(probe.Row, event.id) is None
    assert [name for name, *_ in probe.calls] == []
    staff.get("/admin").mustcontain("all probes")
    switch(probe=True)
    staff.get(page).mustcontain("a probe", "Probe it")


def fail(*_given):
    raise RuntimeError("it does not work")


def spoil(_event_id, session):
    session.execute(text("SELECT nothing FROM nowhere"))


def no_block(*_given):
    return {"Number": 1}


@pytest.mark.parametrize("trouble", [fail, spoil, no_block])
def test_a_panel_that_fails_takes_nothing_down(staff, page, event, probe, trouble):
    probe.doing["panel"] = trouble
    shown = staff.get(page)
    shown.mustcontain(BROKEN, event.title, no="a probe")
    probe.doing["dashboard"] = fail
    staff.get("/admin").mustcontain(BROKEN, "What needs attention")


def test_what_a_panel_that_fails_wrote_is_undone(staff, page, event, probe, session):
    def write_and_fail(event_id, session):
        session.add(probe.Row(event_id=event_id, number=5))
        session.flush()
        raise RuntimeError

    probe.doing["panel"] = write_and_fail
    staff.get(page).mustcontain(BROKEN)
    assert session.get(probe.Row, event.id) is None


def test_what_a_panel_wrote_that_cannot_be_kept_is_its_own_trouble(staff, page, event, probe, session):
    probe.doing["panel"] = lambda event_id, session: session.add(probe.Row(event_id=event_id, number=-1))
    staff.get(page).mustcontain(BROKEN, event.title)
    assert session.get(probe.Row, event.id) is None


def test_a_panel_that_is_refused_is_not_shown(staff, page, event, probe):
    def refuse(*_given):
        raise NotFound

    probe.doing["panel"] = refuse
    staff.get(page).mustcontain(event.title, no=["a probe", BROKEN])


def test_what_another_transaction_caused_is_tried_again(staff, page, event, probe, application):
    """It is nobody's fault, and the whole request is."""
    calls = []

    def lose_once(*_given):
        calls.append(1)
        if len(calls) == 1:
            from transaction.interfaces import TransientError

            raise TransientError

    probe.doing["panel"] = lose_once
    staff.get(page).mustcontain("a probe", no=BROKEN)
    assert len(calls) == 2


def test_a_panel_is_measured_and_blamed(staff, page, probe, application, monkeypatch):
    seen = []
    notify = application.registry.notify
    monkeypatch.setattr(application.registry, "notify", lambda event: (seen.append(event), notify(event)))
    probe.doing["panel"] = fail
    staff.get(page)
    assert ("probe", "panel") in [(one.plugin, one.part) for one in seen if isinstance(one, PluginRan)]


@pytest.fixture
def kept(probe, monkeypatch):
    monkeypatch.setattr(probe.ProbeSettings, "kept", {"number": 1, "word": "one"})
    monkeypatch.setattr(probe.ProbeSettings, "version", 1)
    return probe.ProbeSettings


def test_a_page_of_settings(staff, kept, probe, session):
    staff.get("/admin").click("Probe settings", href="/admin/probe-settings")
    shown = staff.get("/admin/probe-settings")
    shown.mustcontain("What the probe is like.")
    form = shown.forms["form"]
    assert (form["number"].value, form["word"].value) == ("1", "one")
    form["number"], form["word"] = "2", "two"
    saved = form.submit(status=303)
    assert saved.location.endswith("/admin/probe-settings")
    saved.follow().mustcontain("was saved")
    assert kept.kept == {"number": 2, "word": "two"}
    assert probe.calls[-1][:3] == ("set", None, {"number": 2, "word": "two"})
    [entry] = session.scalars(select(AuditEntry)).all()
    assert (entry.action, entry.subject, entry.subject_id, entry.label) == (
        "update", "probe-settings", None, "Probe settings",
    )  # fmt: skip
    assert (entry.before, entry.after) == ({"number": 1, "word": "one"}, {"number": 2, "word": "two"})


@pytest.mark.parametrize("wrong", ["", "x", "1001", "13"])
def test_settings_that_are_wrong_are_not_kept(staff, kept, wrong):
    form = staff.get("/admin/probe-settings").forms["form"]
    form["number"] = wrong
    page = form.submit(status=400)
    assert page.forms["form"]["number"].value == wrong
    page.mustcontain(f'id="{page.forms["form"]["number"].id}-error"')
    assert kept.kept == {"number": 1, "word": "one"}


def test_settings_that_somebody_else_saved_first(staff, kept):
    form = staff.get("/admin/probe-settings").forms["form"]
    other = staff.get("/admin/probe-settings").forms["form"]
    other["word"] = "theirs"
    other.submit(status=303)
    form["word"] = "mine"
    page = form.submit(status=412)
    page.mustcontain("theirs")
    assert page.forms["form"]["word"].value == "mine"
    assert kept.kept["word"] == "theirs"
    page.forms["form"].submit(status=303)
    assert kept.kept["word"] == "mine"


def test_settings_are_for_those_who_may(browser, kept):
    organizer = browser.as_role("organizer")
    organizer.get("/admin").mustcontain("Dashboard", no="Probe settings")
    organizer.get("/admin/probe-settings", status=403)
    organizer.post("/admin/probe-settings", {"number": "5"}, status=403)
    browser.as_role("staff").post("/admin/probe-settings", {"number": "5", "csrf_token": ""}, status=400)
    assert kept.kept["number"] == 1


def test_a_section_that_lacks_something_is_refused_at_the_start(shelf, refused):
    for number, (section, words) in enumerate(
        (
            ("single = True", "it needs get and update"),
            ("def find(self, *given, **more): ...", "names no permission for read"),
            ("permissions = {'create': 'x:y'}\n    def create(self, *given, **more): ...", "has no form for create"),
            ("name = 'Not a name'", "lower-case letters"),
        )
    ):
        source = (
            f"class Its(AdminSection):\n    name, title, singular = 'its-{number}', 'Its', 'its'\n    {section}\n"
            "def includeme(config):\n    config.add_admin_section(Its)\n"
        )
        assert words in str(refused(shelf.add(f"faulty{number}", source)))


def test_two_sections_of_one_name_are_refused(shelf, refused):
    source = (
        "class Its(AdminSection):\n    name, title, singular = 'jobs', 'Its', 'its'\n"
        "def includeme(config):\n    config.add_admin_section(Its)\n"
    )
    error = refused(shelf.add("claims", source))
    assert "admin section jobs" in str(error)
