"""Ticket types in the admin UI."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from turnout.audit.models import AuditEntry
from turnout.ticket_types.models import TicketType

LIST = "/admin/ticket-types"


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def mine(browser):
    return browser.as_role("organizer")


@pytest.fixture
def event(make, mine):
    return make.event(organizer=mine.user, title="Gala", timezone="America/New_York", ticket_types=[
        {"name": "Stalls", "price": 20, "capacity": 60, "taken": 12}, {"name": "Balcony", "price": "12.50"},
    ])  # fmt: skip


@pytest.fixture
def kind(event, session):
    """The stalls."""
    return session.scalars(select(TicketType).where(TicketType.event_id == event.id, TicketType.name == "Stalls")).one()


def names(page):
    return [link.text for link in page.html.select("#results td a.fw-medium")]


def test_staff_see_all_and_organizers_those_of_their_events(staff, mine, make, event):
    other = make.event(title="Theirs")
    assert names(staff.get(LIST)) == ["General admission", "Balcony", "Stalls"]
    assert names(mine.get(LIST)) == ["Balcony", "Stalls"]
    assert names(staff.get(f"{LIST}?event={other.id}")) == ["General admission"]
    assert names(mine.get(f"{LIST}?event={other.id}")) == []
    mine.get(LIST).mustcontain("Gala", "12 of 60", "€12.50", "as the event")


def test_as_many_statements_for_30_as_for_1(mine, make, event, statements):
    seen = []
    for many in (1, 28):
        for _ in range(many):
            make.event(organizer=mine.user)
        with statements() as sent:
            mine.get(f"{LIST}?page_size=50")
        seen.append(len(sent))
    assert seen[0] == seen[1]


def test_one_is_changed_in_the_zone_of_its_event(mine, kind, session):
    form = mine.get(f"{LIST}/{kind.id}/edit").forms["form"]
    form["price"], form["sale_starts_at"] = "22.50", "2027-07-01T10:00"
    form.submit(status=303).follow().mustcontain("Stalls: Gala", "was saved", "€22.50", "Thu 1 Jul 2027,", "10:00 EDT")
    assert kind.price == Decimal("22.5")
    assert kind.sale_starts_at == datetime(2027, 7, 1, 14, tzinfo=UTC)
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.source == "admin"))
    assert (entry.action, entry.subject, entry.subject_id) == ("update", "ticket-types", kind.id)


@pytest.mark.parametrize(
    ("field", "value", "status", "message"),
    [
        ("name", "", 400, "is required"),
        ("name", "Balcony", 409, "named"),
        ("price", "free", 400, "must be an amount"),
        ("price", "1.005", 400, "is finer than"),
        ("capacity", "11", 409, "12 places are taken"),
        ("capacity", "none", 400, "must be a whole number"),
        ("min_per_booking", "0", 400, "must be at least 1"),
    ],
)
def test_what_is_wrong_is_said(mine, kind, field, value, status, message):
    form = mine.get(f"{LIST}/{kind.id}/edit").forms["form"]
    form[field] = value
    form.submit(status=status).mustcontain(message)
    assert (kind.name, kind.price) == ("Stalls", 20)


def test_a_stale_form_changes_nothing(mine, kind, api, session):
    form = mine.get(f"{LIST}/{kind.id}/edit").forms["form"]
    api.as_role("staff").patch(f"/events/{kind.event_id}/ticket-types/{kind.id}", {"description": "Theirs"})
    form["description"] = "Mine"
    page = form.submit(status=412)
    page.mustcontain("Saved by somebody else: Theirs")
    assert page.forms["form"]["description"].value == "Mine"
    assert kind.description == "Theirs"


def test_deleting(mine, kind, event, session):
    page = mine.get(f"{LIST}/{kind.id}/delete")
    form = page.forms["form"]
    form["confirmation"] = "Stalls"
    form.submit(status=400)
    form["confirmation"] = "Stalls: Gala"
    form.submit(status=303)
    left = session.scalars(select(TicketType).where(TicketType.event_id == event.id)).all()
    assert [one.name for one in left] == ["Balcony"]
    only = left[0]
    mine.confirm(f"{LIST}/{only.id}/delete", status=409).mustcontain("only ticket type")


def test_one_that_was_sold_is_not_deleted(mine, kind, event, api, make):
    api.as_(make.user()).post("/bookings", {"event_id": event.id, "ticket_type_id": kind.id}, status=201)
    mine.confirm(f"{LIST}/{kind.id}/delete", status=409).mustcontain("were sold")


def test_somebody_elses_is_not_there(mine, make, session, browser, kind):
    other = make.event()
    theirs = session.scalars(select(TicketType).where(TicketType.event_id == other.id)).one()
    for path in ("", "/edit", "/delete"):
        mine.get(f"{LIST}/{theirs.id}{path}", status=404)
        browser.as_role("user").get(f"{LIST}/{kind.id}{path}", status=403)
    mine.post(f"{LIST}/{theirs.id}/edit", {"name": "Mine"}, status=404)
    mine.post(f"{LIST}/{theirs.id}/delete", {"confirmation": "x"}, status=404)
    mine.post(f"{LIST}/{kind.id}/edit", {"name": "x", "csrf_token": ""}, status=400)
    assert (theirs.name, kind.name) == ("General admission", "Stalls")
