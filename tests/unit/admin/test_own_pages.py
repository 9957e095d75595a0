"""Pages that sections draw themselves, pages that go on by themselves, and actions that ask somebody outside first."""

import pytest
from sqlalchemy import select

from turnout.admin.actions import action
from turnout.admin.sections import AdminSection
from turnout.audit.models import AuditEntry
from turnout.errors import StartError
from turnout.plugin.assembly import assemble
from turnout.testing.applications import SETTINGS


@pytest.fixture
def weather(application):
    application.registry.weather.update(changes=False, answer="sunny", happened=[])
    return application.registry.weather


def test_a_page_of_its_own_is_in_the_menu_and_reads_what_is_asked_for(staff):
    staff.get("/admin").mustcontain('href="/admin/maps"')
    page = staff.get("/admin/maps?place=Lisbon")
    page.mustcontain("Maps", "Place: Lisbon")
    assert page.html.select_one('#menu a[aria-current="page"]')["href"] == "/admin/maps"
    assert page.headers["Cache-Control"] == "no-store"
    staff.get(f"/admin/maps?place={'x' * 21}").mustcontain("Place: None")


def test_a_form_of_it_is_sent_written_down_and_answered(staff, session):
    form = staff.get("/admin/maps").forms["form"]
    form["place"] = "Porto"
    form.submit(status=303).follow().mustcontain("You have looked.", "Map 7")
    [entry] = session.scalars(select(AuditEntry)).all()
    assert (entry.action, entry.subject, entry.after) == ("look", "maps", {"place": "Porto"})
    staff.post("/admin/maps", {"csrf_token": "", "place": "Porto"}, status=400)


def test_each_method_has_a_permission_of_its_own(browser):
    organizer = browser.as_role("organizer")
    organizer.get("/admin/maps").mustcontain("Place")
    organizer.post("/admin/maps", {"place": "Porto"}, status=403)
    browser.as_role("user").get("/admin/maps", status=403)
    assert browser.get("/admin/maps", status=302).location.startswith("http://localhost/admin/sign-in")
    organizer.get("/admin/maps/8/more", status=404).mustcontain("There is no such map.")
    organizer.get("/admin/maps/x/more", status=404)


def test_a_thing_that_goes_on_reads_its_page_again_until_it_is_done(staff, weather):
    page = staff.get("/admin/weather/1")
    assert page.html.select_one("#thing").get("hx-get") is None
    assert page.html.select_one("noscript meta") is None
    weather["changes"] = True
    page = staff.get("/admin/weather/1")
    assert page.html.select_one("#thing")["hx-get"] == "/admin/weather/1"
    assert page.html.select_one("noscript meta")["http-equiv"] == "refresh"
    again = {"HX-Request": "true"}
    assert "HX-Refresh" not in staff.get("/admin/weather/1", headers=again).headers
    weather["changes"] = False
    assert staff.get("/admin/weather/1", headers=again).headers["HX-Refresh"] == "true"


def test_whoever_is_asked_beforehand_is_asked_before_anything_is_read(staff, weather):
    button = staff.get("/admin/weather/1").forms
    form = next(form for form in button.values() if form.action.endswith("/refresh"))
    weather["happened"].clear()
    page = form.submit(status=303)
    assert weather["happened"][:2] == [f"{staff.user.id} asked about 1", "read"]
    page.follow().mustcontain("It is sunny.")


def test_a_refusal_of_theirs_is_one_of_the_action(staff, session, weather):
    weather["answer"] = None
    staff.post("/admin/weather/1/refresh", status=409).mustcontain("Nobody answers.", "Refresh")
    assert session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize("more", [{"bulk": True}, {"destructive": True}], ids=["bulk", "destructive"])
def test_an_action_that_asks_beforehand_is_done_at_once_and_with_one(tmp_path, more):
    @action("Refresh", permission="venues:read", **more)
    def refresh(self, row_id, told, *, actor, expected=None): ...

    refresh.beforehand(lambda *_given, **_named: None)
    given = SETTINGS | {"turnout.data": str(tmp_path), "database.url": f"sqlite:///{tmp_path}/nowhere.sqlite"}
    members = {"name": "odd", "title": "Odd", "singular": "odd", "permissions": {"read": "venues:read"}}
    section = type("OddSection", (AdminSection,), members | {"refresh": refresh, "find": lambda *_args: None})
    with pytest.raises(StartError, match="asks beforehand"):
        assemble(given, include=lambda config: config.add_admin_section(section))
