"""Buttons: at once, after a form, after a typed confirmation, and for many things."""

from urllib.parse import quote

import pytest
from tests.unit.admin.test_lists import put

from turnout.audit.models import AuditEntry
from turnout.versions import Versioned


def actions_of(session):
    return [
        (entry.action, entry.subject_id, entry.label) for entry in session.query(AuditEntry).order_by(AuditEntry.id)
    ]


def test_an_action_that_asks_nothing_is_done_at_once(staff, things, session):
    put(things, staff.user.id, "Lamp", is_open=False)
    page = staff.get("/admin/things/1")
    form = next(form for form in page.forms.values() if form.action.endswith("/admin/things/1/open"))
    page = form.submit(status=303).follow()
    assert things[1]["is_open"] is True
    assert "It is open now." in page.html.find(attrs={"role": "status"}).get_text()
    assert actions_of(session) == [("open", 1, "Lamp")]
    entry = session.query(AuditEntry).one()
    assert (entry.before, entry.after) == ({"is_open": False}, {"is_open": True})
    assert "It is open now." not in staff.get("/admin/things/1").text


def test_an_action_is_offered_and_done_only_where_it_is_possible(staff, things):
    put(things, staff.user.id, "Lamp", is_open=True)
    assert "/admin/things/1/open" not in staff.get("/admin/things/1").text
    page = staff.post("/admin/things/1/open", status=409)
    assert "“Open” is not possible for “Lamp” as it is now." in page.text


def test_something_destructive_says_what_it_does_and_wants_a_word(staff, things, session):
    put(things, staff.user.id, "Green  Lamp")
    page = staff.get("/admin/things/1/delete")
    assert "Green  Lamp will be gone." in page.text
    assert "Take it away." in page.text
    page = page.forms["form"].submit(status=400)
    assert "To confirm, type exactly: Green  Lamp" in page.html.find(attrs={"role": "alert"}).get_text()
    form = page.forms["form"]
    form["confirmation"] = "green lamp"
    page = form.submit(status=400)
    assert 1 in things
    form = page.forms["form"]
    form["confirmation"] = " Green Lamp "
    answer = form.submit(status=303)
    assert answer.location.endswith("/admin/things")
    assert things == {}
    assert actions_of(session) == [("delete", 1, "Green  Lamp")]


def test_nothing_is_done_without_the_word_however_it_is_sent(staff, things):
    put(things, staff.user.id, "Lamp")
    page = staff.post("/admin/things/1/delete", {}, status=200)
    assert "Lamp will be gone." in page.text
    assert 1 in things


def test_nothing_is_done_that_was_not_read(staff, things):
    put(things, staff.user.id, "Lamp")
    page = staff.post("/admin/things/1/delete", {"confirmation": "Lamp"}, status=200)
    assert "Lamp will be gone." in page.text
    staff.post("/admin/things/1/delete", {"confirmation": "Lamp", "version": "1"}, status=200)
    staff.post("/admin/things/1/delete", {"confirmation": "Lamp", "seen": "made up"}, status=412)
    staff.post("/admin/things/1/delete", {"confirmation": "Lamp"}, files=[("seen", "a.txt", b"abc")], status=412)
    staff.post("/admin/things/all/clear", {"confirmation": "clear", "word": "Lamp"}, status=200)
    assert 1 in things


@pytest.mark.parametrize(("name", "version"), [("Lamp", 2), ("Torch", 1)])
def test_what_has_changed_since_it_was_read_is_not_done(staff, things, name, version):
    put(things, staff.user.id, "Lamp")
    form = staff.get("/admin/things/1/delete").forms["form"]
    things[1] = Versioned({**things[1], "name": name}, version)
    form["confirmation"] = name
    page = form.submit(status=412)
    assert "What you read is not what would happen now." in page.html.find(attrs={"role": "alert"}).get_text()
    assert f"{name} will be gone." in page.text
    assert 1 in things
    page.forms["form"]["confirmation"] = name
    page.forms["form"].submit(status=303)
    assert things == {}


def test_what_the_service_refuses_is_said_and_not_logged(staff, things, session):
    put(things, staff.user.id, "needed")
    page = staff.confirm("/admin/things/1/delete", status=409)
    assert "It is needed." in page.html.find(attrs={"role": "alert"}).get_text()
    assert actions_of(session) == []


def test_an_action_with_a_form_says_what_is_wrong_at_the_field(staff, things, session):
    put(things, staff.user.id, "Lamp")
    form = staff.get("/admin/things/1/rename").forms["form"]
    assert form["price"].value == "2.50"  # what the thing has by the same name
    form["word"] = "bad"
    page = form.submit(status=400)
    assert "Word is a bad word" in page.html.find(attrs={"data-focus": True}).get_text()
    form = page.forms["form"]
    form["word"] = ""
    assert "Word is required" in form.submit(status=400).text
    form["word"] = "Torch"
    form.submit(status=303)
    assert things[1]["name"] == "Torch"
    assert actions_of(session) == [("rename", 1, "Torch")]
    entry = session.query(AuditEntry).one()
    assert entry.before == {"name": "Lamp"}
    assert entry.after == {"name": "Torch", "given": {"word": "Torch", "price": "2.50"}}


def test_what_an_action_makes_is_noted_with_its_id(staff, things, session):
    put(things, staff.user.id, "Lamp")
    answer = staff.post("/admin/things/1/copy", {"word": "Torch", "price": "1"}, status=303)
    assert answer.location.endswith("/admin/things/2")
    assert actions_of(session) == [("copy", 2, "Torch")]
    entry = session.query(AuditEntry).one()
    assert (entry.before, entry.after["name"], entry.after["made_from"]) == (None, "Torch", 1)


def test_an_action_of_the_whole_section(staff, things, session):
    put(things, staff.user.id, "Lamp", "Lampion", "Torch")
    assert "/admin/things/all/clear" in staff.get("/admin/things").text
    form = staff.get("/admin/things/all/clear").forms["form"]
    assert "confirmation" not in form.fields
    form["word"] = "Lamp"
    page = form.submit(status=200)
    assert "2 will be gone." in page.text
    form = page.forms["form"]
    form["confirmation"] = "clear"
    form["word"] = "Torch"
    assert "1 will be gone." in form.submit(status=412).text
    form["word"] = "Lamp"
    put(things, staff.user.id, "Lamplight")
    assert "3 will be gone." in form.submit(status=412).text
    del things[4]
    page = form.submit(status=303).follow()
    assert "2 are gone." in page.text
    assert [row["name"] for row in things.values()] == ["Torch"]
    assert actions_of(session) == [("clear", None, "Things")]
    entry = session.query(AuditEntry).one()
    assert entry.before == {"gone": ["Lamp (1)", "Lampion (2)"]}
    assert entry.after == {"given": {"word": "Lamp", "price": "1"}}


def test_a_secret_is_shown_once_and_nowhere_else(staff, things, session):
    put(things, staff.user.id, "Lamp")
    page = staff.post("/admin/things/1/new-key", status=200)
    assert page.html.find(id="secret")["value"] == "s3cr3t-key"
    assert page.headers["Cache-Control"] == "no-store"
    assert "s3cr3t-key" not in str(page.headers)
    assert "s3cr3t-key" not in staff.get("/admin/things/1").text
    assert "s3cr3t-key" not in str([(entry.before, entry.after) for entry in session.query(AuditEntry)])


def test_an_action_for_many_is_done_for_each_that_allows_it(staff, things, session):
    put(things, staff.user.id, "Axe", "Cup", is_open=False)
    put(things, staff.user.id, "Bow")
    confirm = staff.post(
        "/admin/things/some/open", [("ids", "1"), ("ids", "2"), ("ids", "3"), ("ids", "99"), ("ids", "x")], status=303
    )
    page = confirm.follow()
    assert "Open: 2 of 4 done." in page.text
    said = [alert.get_text() for alert in page.html.find_all(attrs={"role": "alert"})]
    assert ["Bow: It is not possible" in said[0], "There is no thing 99." in said[1]] == [True, True]
    assert actions_of(session) == [("open", 1, "Axe"), ("open", 2, "Cup")]


def test_many_are_deleted_only_after_the_word(staff, things, session):
    put(things, staff.user.id, "Axe", "needed", "Cup")
    ids = [("ids", "1"), ("ids", "2")]
    page = staff.post("/admin/things/some/delete", ids, status=200)
    assert "Axe will be gone." in page.text
    assert "delete 2" in page.text
    assert len(things) == 3
    form = page.forms["form"]
    form["confirmation"] = "delete 3"
    page = form.submit(status=400)
    form = page.forms["form"]
    form["confirmation"] = "delete 2"
    page = form.submit(status=303).follow()
    assert "needed: It is needed." in page.text
    assert [row["name"] for row in things.values()] == ["needed", "Cup"]
    assert actions_of(session) == [("delete", 1, "Axe")]


def test_many_are_not_deleted_unread_or_changed(staff, things):
    put(things, staff.user.id, "Axe", "Cup")
    given = [("ids", "1"), ("ids", "2"), ("confirmation", "delete 2")]
    page = staff.post("/admin/things/some/delete", given, status=200)
    things[2] = Versioned(things[2], 2)
    page.forms["form"]["confirmation"] = "delete 2"
    page = page.forms["form"].submit(status=412)
    assert "What you read is not what would happen now." in page.text
    staff.post("/admin/things/some/delete", [*given, ("seen", "")], status=412)
    assert len(things) == 2
    page.forms["form"]["confirmation"] = "delete 2"
    page.forms["form"].submit(status=303)
    assert things == {}


def test_of_many_only_what_can_be_done_is_counted_and_the_rest_told(staff, things):
    put(things, staff.user.id, *["Cup"] * 101)
    ids = [("ids", str(number)) for number in range(1, 102)]
    page = staff.post("/admin/things/some/delete", ids, status=200)
    page.mustcontain("delete 100", "Only the first 100 of the 101 are taken at once")
    del things[3]
    page = staff.post("/admin/things/some/delete", ids[:3], status=200)
    page.mustcontain("delete 2", "1 of those that you chose is left out")
    page = staff.post("/admin/things/some/delete", {"ids": "3"}, status=303).follow()
    page.mustcontain("Delete: 0 of 1 done.", "There is no thing 3.")


def test_very_many_refusals_are_said_briefly(staff, things):
    put(things, staff.user.id, *["\N{PARTY POPPER}" * 50] * 60)
    page = staff.post("/admin/things/some/open", [("ids", str(number)) for number in range(1, 61)], status=303).follow()
    assert "Open: 0 of 60 done." in page.text
    assert "And 57 more." in page.text


@pytest.mark.parametrize("sent", ["9" * 16, "9" * 9_000, "-1", "\N{SUPERSCRIPT TWO}"])
def test_ids_and_versions_that_cannot_be(staff, things, sent):
    put(things, staff.user.id, "Lamp", is_open=False)
    staff.post("/admin/things/some/open", {"ids": sent}, status=303)
    staff.post("/admin/things/1/open", {"version": sent}, status=303)
    staff.get(f"/admin/things/{quote(sent)}", status=404)


def test_nothing_chosen_is_nothing_done(staff):
    page = staff.post("/admin/things/some/delete", status=303).follow()
    assert "Choose at least one thing first." in page.text


def test_an_action_on_another_section_s_page(staff, make):
    venue = make.venue()
    page = staff.get(f"/admin/venues/{venue.id}")
    form = next(form for form in page.forms.values() if form.action.endswith(f"/{venue.id}/greet"))
    answer = form.submit(status=303)
    assert answer.location.endswith(f"/admin/venues/{venue.id}")
    assert f"Hello venue {venue.id}." in answer.follow().text


@pytest.mark.parametrize(
    "path",
    [
        "/admin/things/1/open",
        "/admin/things/1/rename",
        "/admin/things/1/delete",
        "/admin/things/all/clear",
        "/admin/things/some/delete",
    ],
)
def test_who_may_not(browser, staff, things, path):
    put(things, staff.user.id, "Lamp", is_open=False)
    sent = {"confirmation": "Lamp", "word": "Torch", "ids": "1"}
    staff.post(path, {**sent, "csrf_token": "forged"}, status=400)
    assert "/admin/sign-in" in browser.post(path, sent, status=302).location
    browser.as_role("user").post(path, sent, status=403)
    assert browser.as_role("organizer").post(path, sent, status="*").status_int in {403, 404}
    assert (things[1]["name"], things[1]["is_open"]) == ("Lamp", False)


def test_what_belongs_to_somebody_else_is_not_acted_on(browser, make):
    venue = make.venue()
    organizer = browser.as_role("organizer")
    organizer.get(f"/admin/venues/{venue.id}/delete", status=403)
    organizer.post(f"/admin/venues/{venue.id}/delete", {"confirmation": venue.name}, status=403)
    page = organizer.post("/admin/venues/some/delete", [("ids", str(venue.id))], status=303).follow()
    assert "It belongs to somebody else." in page.text
    mine = make.venue(created_by_id=organizer.user.id, name="Mine")
    page = organizer.post("/admin/venues/some/delete", [("ids", str(venue.id)), ("ids", str(mine.id))], status=200)
    page.mustcontain("Mine", "delete 1", "1 of those that you chose is left out", no=venue.name)
    page.forms["form"]["confirmation"] = "delete 1"
    page.forms["form"].submit(status=303).follow().mustcontain("Delete: 1 of 1 done.", venue.name, no="Mine")
    organizer.get(f"/admin/venues/{venue.id}")
