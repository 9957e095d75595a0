"""The application with payments, a bank that speaks real HTTP, and somebody who books."""

from email import message_from_bytes, policy

import pytest
from sqlalchemy import func, select
from turnout.testing.applications import Application

from turnout_payments.models import Entry, Payment, Refund
from turnout_payments.testing import Bank, bank_provider

pytest_plugins = ["turnout.testing.fixtures"]
BACK = "https://shop.example.com/thanks"


@pytest.fixture(scope="session")
def plugins():
    return "payments"


@pytest.fixture(scope="session")
def settings():
    return {"payments.allow_test": "true"}


@pytest.fixture
def application(workshop, database, plugins, settings):
    """The application under test, in which payments can be made with the tests' bank, too."""
    return workshop.application(database, bank_provider, plugins, settings)


@pytest.fixture
def committing(fresh_database, tmp_path, plugins, settings):
    """The same on a database of its own that really commits."""
    chosen = {"turnout.plugins": plugins} | dict(settings)
    application = Application(fresh_database, tmp_path, bank_provider, **chosen)
    yield application
    application.close()


@pytest.fixture
def bank(application):
    with Bank() as bank:
        application.registry.bank_url = bank.url
        yield bank


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado", email="ines@example.com")


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", organizer=organizer, price="10.50", bookings_per_attendee=None)


@pytest.fixture
def ada(api, make):
    return api.as_(make.user(first_name="Ada", last_name="Lovelace", email="ada@example.com"))


@pytest.fixture
def staff(api, make):
    return api.as_(make.staff())


@pytest.fixture
def book(ada, event):
    """Return what books places as Ada, or somebody else."""

    def book(client=None, at=None, **booking):
        return (client or ada).post("/bookings", {"event_id": (at or event).id} | booking, status=201).json

    return book


@pytest.fixture
def booking(book):
    return book(quantity=2)


@pytest.fixture
def begin(ada, session, outbox, bank):
    """Return what begins to pay a booking at the bank, and gives the payment, which the bank knows."""

    def begin(booking, client=None, *, provider="bank", run=True):
        wanted = {"provider": provider, "return_url": BACK}
        made = (client or ada).post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        if run:
            outbox.run()
        return session.get(Payment, made["id"], populate_existing=True)

    return begin


@pytest.fixture
def look(clock, outbox):
    """Return what lets time pass until what is begun is looked at again, and does all that is due."""

    def look(**time):
        clock.move(**(time or {"seconds": 21}))
        return outbox.run()

    return look


@pytest.fixture
def pay(begin, bank, look):
    """Return what pays a booking, all the way."""

    def pay(booking, client=None, amount=None):
        payment = begin(booking, client)
        bank.pay(payment.ref, amount)
        look()
        return payment

    return pay


@pytest.fixture
def paid(booking, pay):
    """A payment for two places, which is there."""
    return pay(booking)


@pytest.fixture
def status_of(api, make, staff):
    """Return what reads how a booking is, and how it is paid."""

    def status_of(booking):
        shown = staff.get(f"/bookings/{booking['id']}").json
        return shown["status"], shown["extensions"]["payments"]["status"]

    return status_of


@pytest.fixture
def refunds(session):
    """Return what reads the refunds of a payment: status, amount, origin."""

    def refunds(payment):
        query = select(Refund.status, Refund.amount, Refund.origin).where(Refund.payment_id == payment.id)
        return [tuple(row) for row in session.execute(query.order_by(Refund.id))]

    return refunds


@pytest.fixture
def lines(session):
    """Return what reads the ledger's lines of a payment."""

    def lines(payment):
        query = select(Entry.kind, Entry.amount).where(Entry.payment_id == payment.id).order_by(Entry.id)
        return [tuple(row) for row in session.execute(query)]

    return lines


@pytest.fixture
def agree(session, bank):
    """Return what asserts that ledger, payments and the bank say the same, to the cent."""

    def agree():
        session.expire_all()
        assert session.scalar(select(func.coalesce(func.sum(Entry.amount), 0))) == bank.kept
        for payment in session.scalars(select(Payment)):
            entered = session.scalar(
                select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.payment_id == payment.id)
            )
            assert entered == payment.captured - payment.refunded - payment.disputed
            assert entered == (bank.accounts[payment.ref].kept if payment.ref in bank.accounts else 0)

    return agree


@pytest.fixture
def mails(application, tmp_path, monkeypatch):
    """Return what reads, and takes away, the mails with a subject: to whom, and what they say."""
    folder = tmp_path / "mail"
    monkeypatch.setattr(application.registry.message_channels["email"].transport, "folder", folder)

    def take(subject):
        found = []
        for path in sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if subject in mail["Subject"]:
                found.append((mail["To"], mail.get_body(("plain",)).get_content()))
            path.unlink()
        return found

    return take
