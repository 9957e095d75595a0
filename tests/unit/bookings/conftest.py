"""Booking in one line, and the proof after every test that the counters of taken places equal the rows."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from turnout.attendees.models import Attendee
from turnout.bookings.models import Booking, Ticket
from turnout.events.models import Event
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.ticket_types.models import TicketType


@pytest.fixture
def book(api):
    """Book over the API; return the answer's JSON."""

    def book(user, event, *, status=201, headers=None, **wanted):
        return api.as_(user).post("/bookings", {"event_id": event.id} | wanted, status=status, headers=headers).json

    return book


@pytest.fixture
def hold(api):
    """Hold places over the API; return the answer's JSON."""

    def hold(user, event, *, status=201, **wanted):
        body = {"event_id": event.id, "status": "pending"} | wanted
        return api.as_(user).post("/bookings", body, status=status).json

    return hold


@pytest.fixture
def asynchronous():
    """Give the headers with which a booking is accepted at once and decided later."""
    return {"Prefer": "respond-async"}


@pytest.fixture
def accept(api, asynchronous):
    """Ask for a booking that is decided later; return the answer's JSON. `status` may be what the booking's is to be."""

    def accept(user, event, *, status=202, headers=None, **wanted):
        if isinstance(status, str):
            status, wanted = 202, wanted | {"status": status}
        sent = asynchronous | (headers or {})
        return api.as_(user).post("/bookings", {"event_id": event.id} | wanted, status=status, headers=sent).json

    return accept


@pytest.fixture
def show(api, make):
    """Show a booking as staff see it now."""
    staff = api.as_(make.staff())
    return lambda booking: staff.get(f"/bookings/{booking['id']}").json


@pytest.fixture
def rows(session):
    """Count everything that a booking makes."""

    def rows():
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (Booking, Ticket, Attendee)]
        return [*counts, session.scalar(select(func.sum(Pool.taken)))]

    return rows


@pytest.fixture
def refused(book, rows):
    """Try to book, be refused, and have changed nothing."""

    def refused(user, event, code, *, status=409, **wanted):
        before = rows()
        answer = book(user, event, status=status, **wanted)
        assert answer["code"] == code, answer
        assert rows() == before
        return answer

    return refused


@pytest.fixture
def taken(session):
    """Read the counter of an event's places, or of a ticket type's."""
    return lambda owner: session.get(Pool, owner.pool_id, populate_existing=True).taken


@pytest.fixture
def kinds(session):
    """Return the ticket types of an event, the first made first."""

    def kinds(event):
        query = select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id)
        return session.scalars(query).all()

    return kinds


@pytest.fixture(autouse=True)
def the_books_balance(request):
    """Whatever a test did: counters equal rows, tickets equal quantities, totals equal prices."""
    session = request.getfixturevalue("session") if "session" in request.fixturenames else None
    yield
    if session is None:
        return
    session.expire_all()
    sources = request.getfixturevalue("application").registry.claim_sources
    assert PoolService(session, sources).check() == []
    for booking in session.scalars(select(Booking)):
        tickets = session.scalars(select(Ticket).where(Ticket.booking_id == booking.id)).all()
        if booking.status in {"pending", "confirmed"}:
            valid = [ticket for ticket in tickets if ticket.status == "valid"]
            assert len(valid) == booking.quantity
            assert sum((ticket.price for ticket in valid), Decimal(0)) == booking.total_amount
        else:
            assert all(ticket.status == "cancelled" for ticket in tickets)
        types = session.scalars(
            select(TicketType.event_id).where(TicketType.id.in_({t.ticket_type_id for t in tickets}))
        )
        assert set(types) == ({booking.event_id} if tickets else set())
        assert tickets or booking.status in {"processing", "failed", "cancelled"}
        assert session.get(Event, booking.event_id).currency == booking.currency
