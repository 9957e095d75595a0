"""Making bookings for others in the admin UI: the box office."""

import pytest
from sqlalchemy import select, update
from tests.unit.pages import error_at

from turnout.attendees.models import Attendee
from turnout.audit.models import AuditEntry
from turnout.bookings.models import Booking
from turnout.events.models import Event


@pytest.fixture
def organizer(make):
    return make.organizer(username="harbour")


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", organizer=organizer, price="12.50", capacity=10)


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def office(browser, organizer):
    return browser.as_(organizer)


@pytest.fixture
def stranger(browser):
    return browser.as_role("organizer")


def entries(session):
    query = select(AuditEntry.action, AuditEntry.username).where(AuditEntry.subject == "bookings")
    return [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))]


@pytest.fixture
def sale(office, event):
    def sale(**values):
        form = office.get(f"/admin/bookings/new?event_id={event.id}").forms["form"]
        for name, value in (
            {"first_name": "Grace", "last_name": "Lima", "email": "grace@example.com"} | values
        ).items():
            form[name].force_value(str(value)) if name.endswith("_id") else form.set(name, value)
        return form

    return sale


def test_somebody_new_buys_at_the_box_office(sale, session, taken, event, organizer):
    page = sale(quantity="2").submit(status=303).follow()
    page.mustcontain("Grace Lima", "grace@example.com", "confirmed", "€25.00", "harbour")
    row = session.scalars(select(Booking)).one()
    assert (row.user_id, row.status, taken(event)) == (organizer.id, "confirmed", 2)
    assert entries(session) == [("create", "harbour")]


def test_from_the_page_of_an_event(office, event):
    page = office.get(f"/admin/events/{event.id}").click("Book for somebody")
    assert page.forms["form"]["event_id"].value == str(event.id)


def test_places_are_held(sale, session):
    sale(hold=True).submit(status=303).follow().mustcontain("pending")
    assert session.scalars(select(Booking)).one().expires_at is not None


def test_somebody_known_buys(staff, event, make, session):
    grace = make.attendee(first_name="Grace", last_name="Lima")
    form = staff.get("/admin/bookings/new").forms["form"]
    form["event_id"] = str(event.id)
    form["attendee_id"] = str(grace.id)
    form.submit(status=303).follow().mustcontain("Grace Lima")
    assert session.scalars(select(Booking.attendee_id)).one() == grace.id


def test_a_guest_of_before_is_known_by_their_address(sale, session, make, organizer, stranger):
    sale().submit(status=303)
    again = make.event(organizer=organizer)
    sale(event_id=again.id, first_name="G.", email="GRACE@example.com").submit(status=303)
    assert len(session.scalars(select(Attendee)).all()) == 1
    theirs = make.event(organizer=stranger.user)
    form = stranger.get(f"/admin/bookings/new?event_id={theirs.id}").forms["form"]
    form["first_name"], form["last_name"], form["email"] = "Grace", "Lima", "grace@example.com"
    form.submit(status=409).mustcontain("There is an attendee with this email address already.")


def test_one_of_several_kinds_is_chosen(office, sale, event, make, session):
    vip = make.ticket_type(event, name="VIP", price=40, capacity=1)
    page = sale().submit(status=400)
    assert error_at(page, "Ticket type") == "Ticket type has to be chosen: this event has several"
    form = page.forms["form"]
    assert [text for _, _, text in form["ticket_type_id"].options] == [
        "",
        "General admission: €12.50, 10 left",
        "VIP: €40.00, 1 left",
    ]
    form["ticket_type_id"] = str(vip.id)
    form.submit(status=303).follow().mustcontain("€40.00")
    other = sale(ticket_type_id=vip.id, email="x@example.com").submit(status=409)
    other.mustcontain("No place is left")
    assert len(session.scalars(select(Attendee)).all()) == 1, "who was refused was registered"


def test_nobody_is_found_by_trying_numbers(sale, api, make, organizer, rows):
    elsewhere, known = make.event(bookings_per_attendee=None), make.user()
    api.as_(make.user()).post("/bookings", {"event_id": elsewhere.id}, status=201)
    theirs = make.event(organizer=organizer)
    booked = api.as_(known).post("/bookings", {"event_id": theirs.id}, status=201).json
    unknown = [make.attendee(), make.attendee(user=make.user())]
    before = rows()
    for attendee_id in [booked["attendee_id"] - 1, *(one.id for one in unknown)]:
        page = sale(attendee_id=attendee_id).submit(status=400)
        assert error_at(page, "Attendee") == "Attendee there is no such attendee"
    assert rows() == before
    sale(attendee_id=booked["attendee_id"]).submit(status=303)


def test_what_is_sold_for_others_events_is_not_told(stranger, office, staff, event):
    event.status = "draft"
    for client, kinds in ((stranger, 0), (office, 1), (staff, 1)):
        form = client.get(f"/admin/bookings/new?event_id={event.id}").forms["form"]
        assert len([value for value, *_ in form["ticket_type_id"].options if value]) == kinds


@pytest.mark.parametrize(
    ("values", "title", "message"),
    [
        ({"event_id": ""}, "Event", "Event is required"),
        ({"event_id": "999999"}, "Event", "Event is none for which you sell"),
        ({"event_id": "x"}, "Event", "Event must be a whole number"),
        ({"ticket_type_id": "999999"}, "Ticket type", "Ticket type the event has no such ticket type"),
        ({"quantity": "0"}, "Quantity", "Quantity must be at least 1"),
        ({"quantity": "11"}, "Quantity", "Quantity must be at most 10 in one booking for this event"),
        ({"attendee_id": "999999"}, "Attendee", "Attendee there is no such attendee"),
        ({"last_name": ""}, "Last name", "Last name must not be empty"),
        ({"email": ""}, "Email", "Email must not be empty"),
        ({"email": "grace"}, "Email", "Email must be an email address such as ada@example.com"),
        (
            {"first_name": "", "last_name": "", "email": ""},
            "Attendee",
            "Attendee has to be chosen, unless you fill in who is new",
        ),
    ],
)
def test_a_bad_sale_is_said_at_its_field(sale, rows, values, title, message):
    before = rows()
    page = sale(**values).submit(status=400)
    assert error_at(page, title) == message
    assert rows() == before


def test_nobody_sells_for_somebody_elses_event(stranger, event, rows):
    before = rows()
    given = {"event_id": str(event.id), "quantity": "1", "attendee_id": "1"}
    page = stranger.post("/admin/bookings/new", given, status=400)
    assert error_at(page, "Event") == "Event is none for which you sell"
    stranger.post("/admin/bookings/new", given | {"csrf_token": ""}, status=400)
    assert rows() == before


def test_refusals_of_the_event_are_said(sale, session, event, rows):
    session.execute(update(Event).where(Event.id == event.id).values(status="postponed"))
    before = rows()
    sale().submit(status=409).mustcontain("The event is postponed.")
    assert rows() == before
