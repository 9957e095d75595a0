"""Making and changing things by forms."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from turnout.audit.models import AuditEntry


def filled(form, **values):
    for name, value in values.items():
        form[name] = value
    return form


def make_thing(staff, **values):
    form = staff.get("/admin/things/new").forms["form"]
    return filled(form, **{"name": "Lamp", "number": "7"} | values).submit()


def error_at(page, title):
    """Return what is said at the field with this title, where it is tied to its control."""
    label = next(label for label in page.html.find_all("label") if label.get_text(strip=True) == title)
    control = page.html.find(id=label["for"])
    assert control["aria-invalid"] == "true"
    message = page.html.find(id=f"{label['for']}-error")
    assert message["role"] == "alert"
    assert message["id"] in control["aria-describedby"].split()
    return message.get_text(strip=True)


def test_what_is_typed_becomes_what_the_service_gets(staff, things):
    answer = make_thing(
        staff, comment="Line\nand line", count="4", level="", price="12.50", currency="JPY", starts_at="2027-07-01T19:30",
        day="2027-05-01", kind="very_odd", is_open=False, country="PT", timezone="Europe/Lisbon", email="ada@example.com",
        link_url="https://example.com/x", labels="one\n\n two ",
    )  # fmt: skip
    assert (answer.status_int, answer.location.endswith("/admin/things/1")) == (303, True)
    assert things[1] == {
        "id": 1, "owner_id": staff.user.id, "name": "Lamp", "secret_password": "", "comment": "Line\nand line", "count": 4,
        "level": None, "price": Decimal("12.50"), "currency": "JPY",
        "starts_at": datetime(2027, 7, 1, 18, 30, tzinfo=UTC), "day": date(2027, 5, 1), "kind": "very_odd",
        "is_open": False, "country": "PT", "timezone": "Europe/Lisbon", "email": "ada@example.com",
        "link_url": "https://example.com/x", "labels": ["one", "two"], "parts": [], "place": {"street": "", "number": 7},
        "venue_id": None,
    }  # fmt: skip


def test_an_empty_form_begins_with_the_defaults_of_the_schema(staff, things):
    form = staff.get("/admin/things/new").forms["form"]
    assert (form["level"].value, form["price"].value, form["is_open"].checked) == ("3", "2.50", True)
    assert (form["kind"].value, form["name"].value, form["count"].value) == ("plain", "", "")
    filled(form, name="Lamp", number="1").submit(status=303)
    assert (things[1]["level"], things[1]["count"], things[1]["labels"]) == (3, None, [])


def test_an_empty_field_of_a_member_that_may_be_left_out_leaves_it_out(staff, things):
    make_thing(staff)
    assert things[1]["currency"] == "EUR"  # the section's own, because the form said nothing


def test_a_thing_is_shown_in_the_form_to_change_it(staff, things):
    make_thing(staff, starts_at="2027-07-01T19:30", timezone="Europe/Lisbon", day="2027-05-01", labels="one\ntwo")
    page = staff.get("/admin/things/1/edit")
    form = page.forms["form"]
    assert (form["starts_at"].value, form["day"].value) == ("2027-07-01T19:30", "2027-05-01")
    assert (form["labels"].value, form["number"].value, form["version"].value) == ("one\ntwo", "7", "1")
    assert "Europe/Lisbon" in page.html.find(attrs={"data-zone": True}).get_text()
    form["name"] = "Torch"
    assert form.submit(status=303).location.endswith("/admin/things/1")
    assert (things[1]["name"], things[1].version) == ("Torch", 2)
    assert things[1]["starts_at"] == datetime(2027, 7, 1, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "title", "value", "message"),
    [
        ("name", "Name", "", "Name is required"),
        ("name", "Name", "x" * 51, "Name must have at most 50 characters"),
        ("name", "Name", "a\x00b", "Name must not contain a NUL character"),
        ("count", "Count", "0", "Count must be at least 1"),
        ("count", "Count", "many", "Count must be a whole number"),
        ("price", "Price", "cheap", 'Price must be an amount such as "150.00"'),
        ("price", "Price", "-1", "Price must be at least 0"),
        ("starts_at", "Starts at", "soon", "Starts at must be a date and a time"),
        ("starts_at", "Starts at", "0001-01-01T00:00", "Starts at must be between the years 1970 and 2200"),
        ("starts_at", "Starts at", "9999-12-31T23:59", "Starts at must be between the years 1970 and 2200"),
        ("day", "Day", "2027-02-30", 'Day must be a date such as "2027-05-01"'),
        ("email", "Email", "ada", "Email must be an email address such as ada@example.com"),
        ("link_url", "Link url", "ftp://x", "Link url must be a web address that starts with http:// or https://"),
        ("labels", "Labels", "a\nb\nc\nd", "Labels must have at most 3 entries"),
        ("number", "Number", "", "Number is required"),
        ("number", "Number", "100", "Number must be at most 99"),
    ],
)
def test_what_is_wrong_stands_at_its_field(staff, things, name, title, value, message):
    given = {"name": "Lamp", "comment": "Stays", "number": "7", name: value}
    nested = [("__start__", "place:mapping"), ("number", given.pop("number")), ("__end__", "place:mapping")]
    page = staff.post("/admin/things/new", [*given.items(), *nested], status=400)
    assert error_at(page, title) == message
    assert page.forms["form"]["comment"].value == "Stays"
    assert message in page.html.find(attrs={"data-focus": True}).get_text()
    assert things == {}


@pytest.mark.parametrize("name", ["kind", "country", "timezone", "currency"])
def test_a_word_that_is_not_among_those_offered_is_refused(staff, things, name):
    nested = [("__start__", "place:mapping"), ("number", "7"), ("__end__", "place:mapping")]
    page = staff.post("/admin/things/new", [("name", "Lamp"), (name, "nonsense"), *nested], status=400)
    assert "must be" in page.html.find(attrs={"data-focus": True}).get_text()
    assert things == {}


def test_a_time_that_the_clocks_skip_is_refused(staff):
    page = make_thing_refused(staff, starts_at="2027-03-28T01:30", timezone="Europe/Lisbon")
    assert error_at(page, "Starts at") == "Starts at does not exist in Europe/Lisbon: clocks go forward then"


@pytest.mark.parametrize(
    "stored",
    [
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2027, 5, 1, 9, 0, 0, 7, UTC),
    ],
)
def test_a_moment_that_is_not_touched_stays_as_it_is(staff, things, stored):
    make_thing(staff, starts_at="2027-05-01T10:00", timezone="Europe/Lisbon")
    things[1]["starts_at"] = stored
    form = staff.get("/admin/things/1/edit").forms["form"]
    refused = filled(form, name="").submit(status=400).forms["form"]
    filled(refused, name="Torch").submit(status=303)
    assert (things[1]["name"], things[1]["starts_at"]) == ("Torch", stored)
    filled(staff.get("/admin/things/1/edit").forms["form"], starts_at="2027-10-31T02:30").submit(status=303)
    assert things[1]["starts_at"] == datetime(2027, 10, 31, 2, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_the_first_where_it_is_typed_or_the_zone_is_another(staff, things):
    make_thing(staff, starts_at="2027-10-31T01:30", timezone="Europe/Lisbon")
    assert things[1]["starts_at"] == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    things[1]["starts_at"] = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    filled(staff.get("/admin/things/1/edit").forms["form"], timezone="Europe/Madrid").submit(status=303)
    assert things[1]["starts_at"] == datetime(2027, 10, 30, 23, 30, tzinfo=UTC)


def make_thing_refused(staff, **values):
    form = staff.get("/admin/things/new").forms["form"]
    return filled(form, **{"name": "Lamp", "number": "7"} | values).submit(status=400)


def test_what_a_service_refuses_stands_at_the_fields_that_it_names(staff, things):
    page = staff.get("/admin/things/new").forms["form"].submit("add", value="parts")
    form = filled(page.forms["form"], number="7")
    form.set("name", "taken", 0)
    form.set("name", "Bulb", 1)
    page = form.submit(status=400)
    assert error_at(page, "Name") == "Name is taken"
    problems = page.html.find(attrs={"data-focus": True}).get_text(" ", strip=True)
    assert "Name is odd" in problems
    assert "elsewhere: is wrong" in problems
    assert things == {}


def test_what_a_service_refuses_as_a_whole_stands_above_the_form(staff, things):
    form = filled(staff.get("/admin/things/new").forms["form"], name="full", number="7", comment="Stays")
    page = form.submit(status=409)
    assert "The shelf is full." in page.html.find(attrs={"data-focus": True}).get_text()
    assert page.forms["form"]["comment"].value == "Stays"
    assert things == {}


def test_who_saves_after_somebody_else_sees_what_they_wrote_and_loses_nothing(staff, things):
    make_thing(staff, comment="Old", count="1")
    mine = staff.get("/admin/things/1/edit").forms["form"]
    filled(staff.get("/admin/things/1/edit").forms["form"], comment="Theirs", count="2").submit(status=303)
    page = filled(mine, comment="Mine").submit(status=412)
    assert "Somebody else saved this" in page.html.find(attrs={"data-focus": True}).get_text()
    assert "Saved by somebody else: Theirs" in page.text
    assert "Saved by somebody else: 2" in page.text
    assert page.text.count("Saved by somebody else:") == 2
    assert (things[1]["comment"], page.forms["form"]["comment"].value) == ("Theirs", "Mine")
    page.forms["form"].submit(status=303)
    assert things[1]["comment"] == "Mine"


@pytest.mark.parametrize("version", ["", "x", "²", "-1", "9" * 400])
def test_a_version_that_nobody_gave_is_no_version(staff, things, version):
    make_thing(staff)
    form = staff.get("/admin/things/1/edit").forms["form"]
    form["version"] = version
    form.submit(status=412)
    assert things[1].version == 1


def test_entries_are_added_and_taken_away_without_javascript(staff, things):
    page = staff.get("/admin/things/new").forms["form"].submit("add", value="parts")
    page = page.forms["form"].submit("add", value="parts")
    form = filled(page.forms["form"], number="7")
    form.set("name", "Lamp", 0)
    form.set("name", "Bulb", 1)
    form.set("name", "Shade", 2)
    form.set("price", "3.20", 2)
    page = form.submit("remove", value="parts:0")
    form = page.forms["form"]
    assert (form.fields["name"][0].value, form.fields["name"][1].value, form.fields["price"][1].value) == (
        "Lamp",
        "Shade",
        "3.20",
    )
    form.submit(status=303)
    assert things[1]["parts"] == [{"name": "Shade", "price": Decimal("3.20"), "words": []}]


def test_entries_that_are_wrong_say_so_each(staff, things):
    page = staff.get("/admin/things/new").forms["form"].submit("add", value="parts")
    page = page.forms["form"].submit("add", value="parts")
    form = filled(page.forms["form"], number="7")
    form.set("name", "Lamp", 0)
    form.set("name", "Bulb", 1)
    form.set("name", "", 2)
    form.set("price", "dear", 1)
    page = form.submit(status=400)
    said = page.html.find(attrs={"data-focus": True}).get_text(" ", strip=True)
    assert 'Price must be an amount such as "150.00"' in said
    assert "Name is required" in said
    assert (page.forms["form"].fields["price"][1].value, page.forms["form"].fields["name"][1].value) == ("dear", "Bulb")
    assert things == {}


def test_a_picker_offers_and_keeps_what_was_chosen(staff, make, things):
    halls = [make.venue(name=f"Hall {number:02}") for number in range(60)]
    page = staff.get("/admin/things/new")
    assert len(page.html.find("select", attrs={"name": "venue_id"}).find_all("option")) == 51
    form = page.forms["form"]
    form["venue_id"].force_value(str(halls[59].id))
    filled(form, name="Lamp", number="7").submit(status=303)
    assert things[1]["venue_id"] == halls[59].id
    chosen = (
        staff.get("/admin/things/1/edit").html.find("select", attrs={"name": "venue_id"}).find("option", selected=True)
    )
    assert chosen.get_text() == "Hall 59"


def test_secrets_are_never_shown_again(staff):
    make_thing(staff, secret_password="hidden words")
    assert staff.get("/admin/things/1/edit").forms["form"]["secret_password"].value == ""
    page = make_thing_refused(staff, secret_password="hidden words", count="0")
    assert "hidden words" not in page.text


def test_what_is_made_and_changed_is_in_the_audit_log(staff, session):
    make_thing(staff, comment="Old")
    filled(staff.get("/admin/things/1/edit").forms["form"], comment="New").submit()
    made, changed = session.query(AuditEntry).filter_by(subject="things").order_by(AuditEntry.id)
    assert (made.action, made.user_id, made.label, made.source) == ("create", staff.user.id, "Lamp", "admin")
    assert (changed.action, changed.before, changed.after) == ("update", {"comment": "Old"}, {"comment": "New"})


@pytest.mark.parametrize(
    "sent",
    [
        [("__start__", "parts:sequence")],
        [("__start__", "parts:mapping"), ("a", "b"), ("__end__", "parts:mapping")],
        [("parts", "text")],
        [("place", "text")],
        [("name", "a"), ("name", "b")],
        [("__start__", "name:mapping"), ("__end__", "name:mapping")],
        [("__start__", "name:sequence"), ("x", "y"), ("__end__", "name:sequence")],
        [("__start__", "labels:sequence"), ("x", "y"), ("__end__", "labels:sequence")],
        [("__start__", "starts_at:mapping"), ("x", "y"), ("__end__", "starts_at:mapping")],
        [("__start__", "is_open:sequence"), ("x", "y"), ("__end__", "is_open:sequence")],
        [("__start__", "kind:mapping"), ("x", "y"), ("__end__", "kind:mapping")],
        [("__start__", "parts:sequence"), ("x", "y"), ("__end__", "parts:sequence")],
        [("__end__", "parts:sequence")],
        [("__start__", "nonsense")],
        [("timezone", "Nowhere/Land"), ("starts_at", "2027-01-01T10:00")],
        [("timezone", "../../etc/passwd"), ("starts_at", "2027-01-01T10:00")],
        [("currency", "nonsense")],
        [("add", "nothing")],
        [("add", "parts"), ("parts", "text")],
        [("remove", "parts:9")],
        [("remove", "parts:²")],
        [("add", ""), ("__start__", "parts:sequence")],
    ],
)
def test_nothing_that_is_sent_breaks_the_form(staff, things, sent):
    page = staff.post("/admin/things/new", sent, status="*")
    assert page.status_int in {200, 400}
    assert things == {}


def test_a_file_where_text_belongs_is_no_text(staff, things):
    staff.post("/admin/things/new", [("comment", "x")], files=[("name", "a.txt", b"bytes")], status=400)
    assert things == {}


def test_who_may_make_and_change(browser, staff, things):
    make_thing(staff)
    for path in ("/admin/things/new", "/admin/things/1/edit"):
        assert "/admin/sign-in" in browser.get(path, status=302).location
        browser.as_role("user").get(path, status=403)
        browser.post(path, {"name": "x"}, status=302)
    browser.as_role("organizer").get("/admin/things/1/edit", status=404)
    browser.as_role("organizer").post("/admin/things/1/edit", {"name": "x"}, status=404)
    staff.post("/admin/things/new", {"name": "x", "csrf_token": "forged"}, status=400)
    staff.post("/admin/things/1/edit", {"name": "x", "csrf_token": ""}, status=400)
    staff.get("/admin/things/2/edit", status=404)
    assert [thing["name"] for thing in things.values()] == ["Lamp"]


def test_a_section_that_is_not_one_s_own_to_change_says_so(browser, make, session):
    venue = make.venue()
    organizer = browser.as_role("organizer")
    assert "/edit" not in organizer.get(f"/admin/venues/{venue.id}").text
    form = organizer.get(f"/admin/venues/{venue.id}/edit", status="*")
    assert form.status_int == 403
