"""Tables: the migrations make what the models say, both ways; the ledger is only added to; money's rows outlive the rest."""

import pytest
from sqlalchemy import delete, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from turnout import migrate
from turnout.db import make_engine
from turnout.events.models import Event

from turnout_payments.models import Entry, Payment

TABLES = {
    "payments_ledger",
    "payments_notices",
    "payments_payments",
    "payments_plays",
    "payments_refund_runs",
    "payments_refunds",
    "payments_takings",
}


def own_tables(engine):
    return {name for name in inspect(engine).get_table_names() if name.startswith("payments_")}


def test_down_and_up_again(application, fresh_database):
    (_, line) = migrate.lines_of(application.registry.plugins.enabled.values())
    engine = make_engine(fresh_database)
    try:
        assert migrate.differences(engine, line) == []
        assert own_tables(engine) == TABLES
        migrate.downgrade(engine, "base", line)
        assert own_tables(engine) == set()
        migrate.upgrade(engine, line=line)
        assert migrate.differences(engine, line) == []
    finally:
        engine.dispose()


@pytest.mark.parametrize("what", ["update", "delete", "all"])
def test_the_ledger_is_neither_changed_nor_deleted(paid, session, what, lines):
    statement = {
        "update": update(Entry).where(Entry.payment_id == paid.id).values(amount=1),
        "delete": delete(Entry).where(Entry.payment_id == paid.id),
        "all": delete(Entry),
    }[what]
    with pytest.raises(DBAPIError, match="only added to"), session.begin_nested():
        session.execute(statement)
    assert lines(paid) == [("charge", 2100)]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_the_ledger_is_not_emptied(paid, session):
    with pytest.raises(DBAPIError, match="only added to"), session.begin_nested():
        session.execute(text("TRUNCATE payments_ledger CASCADE"))


@pytest.mark.parametrize(
    "values",
    [
        {"status": "odd"},
        {"amount": 0},
        {"refunded": 1},
        {"refunding": -1},
        {"disputed": -1},
    ],
)
def test_what_the_database_refuses_of_a_payment(booking, begin, session, values):
    payment = begin(booking)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(Payment).where(Payment.id == payment.id).values(values))


@pytest.mark.parametrize(
    ("kind", "amount"), [("charge", -1), ("charge", 0), ("refund", 1), ("dispute", 1), ("gift", 1)]
)
def test_what_the_database_refuses_of_a_line(paid, session, clock, kind, amount):
    line = Entry(payment_id=paid.id, provider="bank", kind=kind, amount=amount, currency="EUR", created_at=clock.now())
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(line)


def test_money_outlives_the_buyer(paid, staff, ada, session, lines, booking):
    staff.post("/users/bulk-delete", {"prefix": ada.user.username})

    session.refresh(paid)
    assert (paid.user_id, paid.booking_id, paid.booking_code) == (None, None, booking["code"])
    assert lines(paid) == [("charge", 2100)]
    assert staff.get(f"/payments/{paid.id}").json["buyer"] is None


def test_money_outlives_the_event(paid, api, staff, ada, organizer, event, session, lines, outbox, agree):
    staff.post("/users/bulk-delete", {"prefix": ada.user.username})
    event_id = event.id
    staff.delete(f"/events/{event_id}")
    assert session.scalar(select(func.count(Event.id))) == 0

    session.refresh(paid)
    assert paid.event_id is None
    staff.post(f"/payments/{paid.id}/refunds", {"reason": "Gone"})
    outbox.run()
    # What goes back counts for the event that it came for.
    assert session.scalars(select(Entry.event_id)).all() == [event_id, event_id]
    shown = api.as_(organizer).get("/payments/ledger").json["results"]
    assert [(line["amount"], line["event"]) for line in shown] == [("-21.00", None), ("21.00", None)]
    assert api.as_role("organizer").get("/payments/ledger").json["count"] == 0
    (takings,) = takings_of(session)
    assert takings["net"] == "0.00"
    agree()


def takings_of(session):
    from turnout.bookings.services import BookingCatalog
    from turnout.plugin import SYSTEM

    from turnout_payments.services import PaymentCatalog

    return PaymentCatalog(session, BookingCatalog(session, None)).takings(actor=SYSTEM)
