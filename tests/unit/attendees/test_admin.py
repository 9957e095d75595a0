"""Attendees in the admin UI."""

from datetime import date

import pytest
from sqlalchemy import select
from tests.unit.pages import buttons, error_at, rows_of

from turnout.attendees.models import Attendee
from turnout.audit.models import AuditEntry


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def grace(make):
    return make.attendee(first_name="Grace", last_name="Lima", email="grace@example.com")


def entries(session):
    query = select(AuditEntry.action, AuditEntry.label, AuditEntry.before, AuditEntry.after).order_by(AuditEntry.id)
    return [tuple(row) for row in session.execute(query)]


def filled(form, **values):
    for name, value in values.items():
        form[name] = value
    return form


def test_staff_find_them(staff, grace, make, statements):
    ada = make.user(username="ada")
    make.attendee(first_name="Ada", last_name="Moreira", email="ada@example.com", user=ada)
    page = staff.get("/admin/attendees")
    assert rows_of(page) == ["Grace Lima", "Ada Moreira"]
    page.mustcontain("grace@example.com", f'<a href="/admin/users/{ada.id}">ada</a>')
    assert rows_of(staff.get("/admin/attendees?ordering=-id")) == ["Ada Moreira", "Grace Lima"]
    assert rows_of(staff.get("/admin/attendees?search=lim")) == ["Grace Lima"]
    assert rows_of(staff.get("/admin/attendees?email=ADA@example.com")) == ["Ada Moreira"]
    staff.get("/admin/attendees?email=ada").mustcontain("must be an email address")

    def cost():
        with statements() as sent:
            staff.get("/admin/attendees?page_size=100")
        return len(sent)

    before = cost()
    for _ in range(30):
        make.attendee(user=make.user())
    assert cost() == before


def test_organizers_find_nobody_but_themselves(browser, grace, make):
    organizer = browser.as_role("organizer")
    own = make.attendee(first_name="Own", last_name="Self", user=organizer.user)
    page = organizer.get("/admin/attendees")
    assert rows_of(page) == ["Own Self"]
    assert "New attendee" not in page.text
    organizer.get(f"/admin/attendees/{own.id}")
    assert organizer.get("/admin/attendees/choices?search=gra").json == []
    for path in ("", "/edit", "/delete"):
        organizer.get(f"/admin/attendees/{grace.id}{path}", status=404)
    for path in ("/edit", "/delete"):
        organizer.post(f"/admin/attendees/{grace.id}{path}", {"confirmation": "Grace Lima"}, status=404)
    organizer.get("/admin/attendees/new", status=403)
    browser.as_role("user").get("/admin/attendees", status=403)


def test_organizers_read_who_has_booked_an_event_of_theirs(browser, api, make, statements):
    office, stranger = browser.as_role("organizer"), browser.as_role("organizer")
    ada = make.user(first_name="Ada", last_name="Moreira")
    guest = make.attendee(first_name="Grace", last_name="Lima", date_of_birth=date(1990, 5, 1))
    event = make.event(organizer=office.user, bookings_per_attendee=None)
    for wanted in ({}, {"attendee_id": guest.id}, {"attendee_id": guest.id}):
        api.as_(ada).post("/bookings", {"event_id": event.id} | wanted, status=201)
    api.as_(make.user()).post("/bookings", {"event_id": make.event(organizer=stranger.user).id}, status=201)

    assert sorted(rows_of(office.get("/admin/attendees"))) == ["Ada Moreira", "Grace Lima"]
    assert [one["text"] for one in office.get("/admin/attendees/choices?search=gra").json] == ["Grace Lima"]
    path = f"/admin/attendees/{guest.id}"
    page = office.get(path)
    page.mustcontain(guest.email, event.title, no="1990")
    office.get("/admin/attendees/export.csv").mustcontain(guest.email, no="1990")
    assert buttons(page) == set()
    for more in ("/edit", "/delete"):
        office.get(path + more, status=403)
        office.post(path + more, {"confirmation": "Grace Lima", "first_name": "G."}, status=403)
    stranger.get(path, status=404)
    api.as_(office.user).get(f"/attendees/{guest.id}", status=404)
    assert api.as_(office.user).get("/attendees").json["results"] == []

    def cost():
        with statements() as sent:
            office.get("/admin/attendees?page_size=100")
        return len(sent)

    before = cost()
    for _ in range(5):
        api.as_(make.user()).post("/bookings", {"event_id": event.id}, status=201)
    assert cost() == before


def test_one_is_made(staff, session):
    form = staff.get("/admin/attendees/new").forms["form"]
    filled(form, first_name="Grace", last_name="Lima", email="grace@example.com", date_of_birth="1990-05-01")
    page = form.submit(status=303).follow()
    page.mustcontain("Grace Lima", "1 May 1990")
    assert session.scalars(select(Attendee.user_id)).one() is None
    assert [entry[:2] for entry in entries(session)] == [("create", "Grace Lima")]
    form.submit(status=409).mustcontain("There is an attendee with this email address already.")


@pytest.mark.parametrize(
    ("name", "title", "value", "message"),
    [
        ("first_name", "First name", "", "First name is required"),
        ("last_name", "Last name", "x" * 101, "Last name must have at most 100 characters"),
        ("email", "Email", "grace", "Email must be an email address such as ada@example.com"),
        ("date_of_birth", "Date of birth", "1899-12-31", "Date of birth must not be before 1900"),
        ("date_of_birth", "Date of birth", "soon", 'Date of birth must be a date such as "2027-05-01"'),
    ],
)
def test_what_is_bad_is_said_at_its_field(staff, grace, session, name, title, value, message):
    form = staff.get("/admin/attendees/new").forms["form"]
    filled(form, **({"first_name": "A", "last_name": "B", "email": "a@example.com"} | {name: value}))
    assert error_at(form.submit(status=400), title) == message
    form = staff.get(f"/admin/attendees/{grace.id}/edit").forms["form"]
    assert error_at(filled(form, **{name: value}).submit(status=400), title) == message
    assert entries(session) == []


def test_one_is_changed_unless_somebody_else_was_quicker(staff, api, grace, session):
    form = staff.get(f"/admin/attendees/{grace.id}/edit").forms["form"]
    form["phone"] = "+351 555 0100"
    form.submit(status=303).follow().mustcontain("+351 555 0100")
    assert entries(session) == [("update", "Grace Lima", {"phone": ""}, {"phone": "+351 555 0100"})]
    form["phone"] = "another"
    page = form.submit(status=412)
    page.mustcontain("Saved by somebody else: +351 555 0100")
    assert page.forms["form"]["phone"].value == "another"
    staff.post(f"/admin/attendees/{grace.id}/edit", {"csrf_token": ""}, status=400)


def test_one_without_bookings_is_deleted(staff, grace, make, api, session):
    page = staff.get(f"/admin/attendees/{grace.id}")
    assert buttons(page) == {"Delete", "Edit"}
    page = page.click("Delete")
    page.mustcontain("are deleted", "The audit log keeps what it has noted of them for 730 days.")
    filled(page.forms["form"], confirmation="grace").submit(status=400).mustcontain("type exactly: Grace Lima")
    filled(page.forms["form"], confirmation="Grace Lima").submit(status=303).follow()
    assert session.scalars(select(Attendee)).all() == []
    assert [entry[0] for entry in entries(session)] == ["delete"]
    ada, event = make.user(), make.event()
    api.as_(ada).post("/bookings", {"event_id": event.id}, status=201)
    booked = session.scalars(select(Attendee)).one()
    page = staff.get(f"/admin/attendees/{booked.id}/delete")
    page.mustcontain("Their account stays")
    label = f"{booked.first_name} {booked.last_name}"
    filled(page.forms["form"], confirmation=label).submit(status=409).mustcontain(
        "There are bookings for this attendee."
    )
