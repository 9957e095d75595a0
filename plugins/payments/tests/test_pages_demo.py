"""The demo: its bookings are paid, but for a few."""

import pytest
from sqlalchemy import func, select
from turnout.bookings.models import CONFIRMED, PENDING, Booking
from turnout.plugin import system_request

from turnout_payments.demo import UNPAID, DemoService
from turnout_payments.models import Entry


@pytest.fixture
def booked(api, make):
    """Return what books an event, as many times as asked for."""

    def booked(event, times):
        wanted = {"event_id": event.id}
        return [api.as_(make.user()).post("/bookings", wanted, status=201).json["id"] for _ in range(times)]

    return booked


def test_all_but_the_newest_are_paid(application, booked, make, api, session):
    ids = booked(make.event(price=5), 4)
    off = make.event(price=5)
    lost = booked(off, 1)
    api.as_role("staff").post(f"/events/{off.id}/cancel")
    free = booked(make.event(), 1)
    with system_request(application.router) as request:
        request.find_service(DemoService).pay([*lost, *ids, *free])
    session.expire_all()
    statuses = dict(session.execute(select(Booking.id, Booking.status)).all())
    assert [statuses[one] for one in ids] == [CONFIRMED] * (4 - UNPAID) + [PENDING] * UNPAID
    assert [statuses[one] for one in (*lost, *free)] == [PENDING, CONFIRMED]
    assert session.scalar(select(func.sum(Entry.amount))) == 1000


def test_few_are_paid_where_there_are_few(application, booked, make, session):
    ids = booked(make.event(price=5), UNPAID)
    with system_request(application.router) as request:
        request.find_service(DemoService).pay(ids)
    assert session.scalar(select(func.count()).select_from(Entry)) == 0
