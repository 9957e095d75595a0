"""Bookings in the admin UI."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.unit.pages import buttons, error_at, panel, rows_of

from turnout.attendees.models import Attendee
from turnout.audit.models import AuditEntry
from turnout.bookings.models import Booking
from turnout.messages.models import Message


@pytest.fixture
def organizer(make):
    return make.organizer(username="harbour")


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", organizer=organizer, price="12.50", capacity=10)


@pytest.fixture
def ada(make):
    return make.user(username="ada", first_name="Ada", last_name="Moreira", email="ada@example.com")


@pytest.fixture
def booking(book, ada, event):
    return book(ada, event, quantity=2)


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def office(browser, organizer):
    return browser.as_(organizer)


@pytest.fixture
def stranger(browser):
    return browser.as_role("organizer")


def page_of(booking, path=""):
    return f"/admin/bookings/{booking['id']}{path}"


def entries(session):
    query = select(AuditEntry.action, AuditEntry.username).where(AuditEntry.subject == "bookings")
    return [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))]


def test_a_booking_is_found_with_what_it_is_about(staff, booking, event):
    page = staff.get("/admin/bookings")
    page.mustcontain(booking["code"], "Fado night", "Ada Moreira", "€25.00", "confirmed", f"/admin/events/{event.id}")
    page = page.click(booking["code"])
    page.mustcontain("ada@example.com", "€25.00", f"/api/v1/bookings/{booking['id']}/tickets.pdf")
    assert panel(page, "Tickets").count("General admission") == 2
    assert buttons(page) == {"Tickets (PDF)", "Cancel", "Send the tickets again", "Edit"}
    staff.get(f"/api/v1/bookings/{booking['id']}/tickets.pdf")


def test_organizers_see_those_of_their_own_events(booking, office, stranger, make, book, browser, organizer):
    other = make.event(title="Elsewhere")
    elsewhere = book(organizer, other)
    assert rows_of(office.get("/admin/bookings")) == [booking["code"]]
    office.get(page_of(booking)).click("Ada Moreira").mustcontain(booking["code"])
    assert rows_of(stranger.get("/admin/bookings")) == []
    for path in ("", "/edit", "/cancel", "/confirm", "/resend"):
        stranger.get(page_of(booking, path), status=404)
        office.get(page_of(elsewhere, path), status=404)  # theirs as a guest, and not theirs to look after
    for path in ("/edit", "/cancel", "/confirm", "/resend"):
        stranger.post(page_of(booking, path), {"confirmation": booking["code"], "quantity": "1"}, status=404)
    browser.as_role("user").get("/admin/bookings", status=403)
    browser.get("/admin/bookings", status=302)


FILTERS = [
    ("", ["cancelled", "held", "ada"]),
    ("ordering=booking_date", ["ada", "held", "cancelled"]),
    ("event={event}", ["held", "ada"]),
    ("status=pending", ["held"]),
    ("status=cancelled", ["cancelled"]),
    ("user={ben}", ["cancelled", "held"]),
    ("attendee={attendee}", ["cancelled", "held"]),
    ("date_from={noon}", ["cancelled", "held"]),
    ("date_to={noon}", ["ada"]),
    ("date_from={noon}&date_to={later}&ordering=booking_date", ["held"]),
    ("search={code}", ["ada"]),
    ("search=mor", ["ada"]),
    ("search=ada", ["cancelled", "held", "ada"]),
    ("search=ada mor", ["ada"]),
    ("search=OTHER@", ["cancelled", "held"]),
    ("search=nobody", []),
    ("search=%25", []),
]


def test_filters(api, staff, book, hold, make, event, booking, clock, session):
    ben = make.user(username="ben", first_name="Ben", last_name="Adam", email="other@example.com")
    held, cancelled = hold(ben, event), book(ben, make.event(title="Another"))
    api.as_(ben).post(f"/bookings/{cancelled['id']}/cancel")
    noon = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    names = {}
    for hour, (name, one) in enumerate((("ada", booking), ("held", held), ("cancelled", cancelled)), -1):
        made = noon + timedelta(hours=hour, minutes=30)
        session.execute(update(Booking).where(Booking.id == one["id"]).values(created_at=made))
        names[one["code"]] = name
    given = {
        "event": event.id,
        "ben": ben.id,
        "attendee": held["attendee_id"],
        "code": booking["code"].lower(),
        "noon": f"{noon:%Y-%m-%dT%H:%M}",
        "later": f"{noon + timedelta(hours=1):%Y-%m-%dT%H:%M}",
    }
    for query, found in FILTERS:
        page = staff.get("/admin/bookings?" + query.format(**given))
        assert [names[code] for code in rows_of(page)] == found, query


def test_a_list_costs_the_same_however_long(staff, make, book, event, statements):
    def cost():
        with statements() as sent:
            staff.get("/admin/bookings?page_size=100&search=ada")
        return len(sent)

    event.bookings_per_attendee = None
    book(make.user(), event)
    staff.get("/admin/bookings")
    first = cost()
    for _ in range(5):
        book(make.user(), event)
    assert cost() == first


def test_one_is_cancelled_when_its_code_is_typed(staff, booking, show, session, taken, event):
    page = staff.get(page_of(booking)).click("Cancel")
    page.mustcontain("2 places at “Fado night” can be booked", "€25.00 is to be refunded", "ada@example.com) is told")
    form = page.forms["form"]
    form["confirmation"] = "yes"
    form.submit(status=400).mustcontain(f"type exactly: {booking['code']}")
    assert (show(booking)["status"], taken(event)) == ("confirmed", 2)
    staff.post(page_of(booking, "/cancel"), {"confirmation": booking["code"], "csrf_token": ""}, status=400)
    form["confirmation"] = booking["code"]
    page = form.submit(status=303).follow()
    assert (show(booking)["status"], taken(event)) == ("cancelled", 0)
    assert buttons(page) == set()
    assert entries(session) == [("cancel", staff.user.username)]
    staff.get(page_of(booking, "/cancel"), status=409)
    staff.get(page_of(booking, "/edit"))
    edit = {"quantity": "1", "version": "2"}
    staff.post(page_of(booking, "/edit"), edit, status=409).mustcontain("it cannot be changed")


def test_one_that_somebody_else_changed_is_not_cancelled(staff, api, booking, ada, show):
    form = staff.get(page_of(booking, "/cancel")).forms["form"]
    api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": 3})
    form["confirmation"] = booking["code"]
    form.submit(status=412)
    assert show(booking)["status"] == "confirmed"


def test_one_with_somebody_inside_is_not_cancelled(staff, api, booking, event, show):
    secret = booking["tickets"][0]["secret"]
    api.as_(staff.user).post(f"/events/{event.id}/check-ins", {"secret": secret})
    page = staff.get(page_of(booking, "/cancel"))
    page.mustcontain("undo the check-in at the door first", no=["can be booked by others", "refunded"])
    page.forms["form"]["confirmation"] = booking["code"]
    page = page.forms["form"].submit(status=409)
    page.mustcontain("Undo the check-in first")
    assert show(booking)["status"] == "confirmed"


def test_a_hold_is_confirmed(office, hold, ada, event, show, session, clock):
    held = hold(ada, event)
    page = office.get(page_of(held))
    assert buttons(page) == {"Confirm", "Cancel", "Edit"}
    page.mustcontain("pending")
    confirm = next(form for form in page.forms.values() if form.action.endswith("/confirm"))
    confirm.submit(status=303)
    assert show(held)["status"] == "confirmed"
    assert entries(session) == [("confirm", "harbour")]
    late = hold(ada, event, status=409)  # one booking for each attendee
    assert late["code"] == "duplicate_booking"


def test_a_hold_that_has_expired_is_not_confirmed(office, hold, ada, event, show, clock):
    held = hold(ada, event)
    clock.move(minutes=16)
    office.post(page_of(held, "/confirm"), {"version": "1"}, status=409).mustcontain("book again")
    assert show(held)["status"] == "pending"


def test_the_tickets_are_sent_again(office, booking, outbox, session):
    outbox.run()
    page = office.get(page_of(booking))
    resend = next(form for form in page.forms.values() if form.action.endswith("/resend"))
    resend.submit(status=303).follow().mustcontain("on its way again")
    resend.submit(status=303).follow().mustcontain("Nothing is sent")  # twice in a minute
    assert (
        session.scalars(select(Message.kind).where(Message.booking_id == booking["id"])).all()
        == ["booking_confirmed"] * 2
    )
    assert ("resend", "harbour") in entries(session)


def test_quantity_and_holders_are_changed(office, booking, show, session, taken, event):
    form = office.get(page_of(booking)).click("Edit").forms["form"]
    assert [field.value for field in form.fields["name"]] == ["", ""]
    form["quantity"] = "3"
    form.set("name", "Ada Moreira", 0)
    form.set("email", "ada@example.com", 0)
    page = form.submit(status=303).follow()
    page.mustcontain("Ada Moreira &lt;ada@example.com&gt;", "€37.50")
    assert [ticket["name"] for ticket in show(booking)["tickets"]] == ["Ada Moreira", "", ""]
    assert taken(event) == 3
    form = office.get(page_of(booking, "/edit")).forms["form"]
    form["quantity"] = "1"
    form.submit(status=303)
    form = office.get(page_of(booking, "/edit")).forms["form"]
    assert [field.value for field in form.fields["name"]] == ["Ada Moreira"]
    assert entries(session) == [("update", "harbour")] * 2


@pytest.mark.parametrize(
    ("quantity", "status", "message"),
    [
        ("", 400, "Quantity is required"),
        ("0", 400, "Quantity must be at least 1"),
        ("many", 400, "Quantity must be a whole number"),
        ("11", 400, "Quantity must be at most 10 in one booking"),
    ],
)
def test_a_bad_quantity_is_said_at_its_field(office, booking, show, quantity, status, message):
    form = office.get(page_of(booking, "/edit")).forms["form"]
    form["quantity"] = quantity
    form.set("name", "Kept", 0)
    page = form.submit(status=status)
    assert error_at(page, "Quantity") == message
    assert page.forms["form"].fields["name"][0].value == "Kept"
    assert show(booking)["quantity"] == 2


def test_bad_holders(office, booking, show):
    form = office.get(page_of(booking, "/edit")).forms["form"]
    form.set("email", "no address", 1)
    page = form.submit(status=400)
    page.mustcontain("must be an email address")
    form = office.get(page_of(booking, "/edit")).forms["form"]
    form.set("id", "999999", 0)
    form.submit(status=400).mustcontain("the booking has no valid ticket 999999")
    form.set("id", "", 0)
    form.submit(status=400)
    assert [ticket["name"] for ticket in show(booking)["tickets"]] == ["", ""]


def test_what_somebody_else_saved_first_is_shown(office, api, booking, ada, show):
    form = office.get(page_of(booking, "/edit")).forms["form"]
    api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": 4})
    form["quantity"] = "1"
    page = form.submit(status=412)
    page.mustcontain("Saved by somebody else: 4")
    assert page.forms["form"]["quantity"].value == "1"
    assert show(booking)["quantity"] == 4


def test_pages_of_other_things_show_their_bookings(staff, office, booking, event, ada, session):
    on_event = panel(office.get(f"/admin/events/{event.id}"), "Bookings")
    assert "Confirmed 1 for 2 places" in on_event
    assert "Takings, confirmed €25.00" in on_event
    assert booking["code"] in on_event
    assert booking["code"] in panel(staff.get(f"/admin/users/{ada.id}"), "Bookings")
    attendee = session.scalars(select(Attendee.id)).one()
    assert booking["code"] in panel(staff.get(f"/admin/attendees/{attendee}"), "Bookings")


def test_the_dashboard_counts_ones_own(staff, office, stranger, book, make, booking, event, clock, session):
    long_ago = book(make.user(), event)
    session.execute(
        update(Booking).where(Booking.id == long_ago["id"]).values(created_at=clock.now() - timedelta(days=31))
    )
    book(make.user(), make.event(title="Elsewhere", currency="JPY", price=2000))
    everything = panel(staff.get("/admin"), "Bookings and takings")
    assert "Bookings, last 30 days 2" in everything
    assert "€25.00" in everything
    assert "¥2,000" in everything
    own = panel(office.get("/admin"), "Bookings and takings")
    assert "Bookings, last 30 days 1" in own
    assert "¥" not in own
    assert "Fado night" in panel(office.get("/admin"), "Places sold by event")
    assert "Elsewhere" not in office.get("/admin").text
    assert "Nobody has booked" in panel(stranger.get("/admin"), "Bookings and takings")
    assert "Fado" not in stranger.get("/admin").text


def test_days_are_the_installations_own(staff, application, clock, booking, session):
    """Late in the evening of a day in Lisbon is that day, wherever the server is."""
    settings = application.registry.settings
    before = settings["admin.timezone"]
    made = clock.now().replace(hour=23, minute=30) - timedelta(days=2)
    session.execute(update(Booking).values(created_at=made))
    try:
        for zone, day in (("UTC", made), ("Pacific/Auckland", made + timedelta(days=1))):
            settings["admin.timezone"] = zone
            chart = panel(staff.get("/admin"), "Bookings and takings")
            assert f"{day:%-d %b} 1" in chart, chart
    finally:
        settings["admin.timezone"] = before
