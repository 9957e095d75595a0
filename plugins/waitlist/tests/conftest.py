"""The application with waiting lists, and a small event that is full."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select
from turnout.pools.models import Pool
from turnout.pools.services import PoolService

from turnout_waitlist.models import WaitlistEntry

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def plugins():
    return "waitlist"


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado")


@pytest.fixture
def own(api, organizer):
    """The organizer of the event, signed in."""
    return api.as_(organizer)


@pytest.fixture
def staff(api, make):
    return api.as_(make.staff())


@pytest.fixture
def event(make, organizer):
    """An event with three places, at which everybody may book as often as they like."""
    return make.event(
        title="Fado night", organizer=organizer, capacity=3, bookings_per_attendee=None, max_tickets_per_booking=5
    )


@pytest.fixture
def book(api, make, event):
    """Return what books places for somebody new, or a client that is signed in, and returns the booking's id."""

    def book(quantity=1, client=None, at=None, **wanted):
        client = client or api.as_(make.user())
        return client.post("/bookings", {"event_id": (at or event).id, "quantity": quantity} | wanted, status=201).json[
            "id"
        ]

    return book


@pytest.fixture
def full(book):
    """Let the event be full; return the bookings of its three places, one each."""
    return [book() for _ in range(3)]


@pytest.fixture
def cancel(staff):
    def cancel(*booking_ids):
        for booking_id in booking_ids:
            staff.post(f"/bookings/{booking_id}/cancel")

    return cancel


@pytest.fixture
def join(api, make, event):
    """Return what lets somebody new, or who is signed in, join the list, and returns the client."""

    def join(quantity=1, client=None, at=None, **wanted):
        client = client or api.as_(make.user(first_name="Ada", last_name="Lovelace"))
        path = f"/events/{(at or event).id}/waitlist"
        client.post(path, {"quantity": quantity} | wanted, status=201)
        return client

    return join


@pytest.fixture
def mine(event):
    """Return what reads somebody's entry."""

    def mine(client, at=None):
        return client.get(f"/events/{(at or event).id}/waitlist/mine").json

    return mine


@pytest.fixture
def statuses(event, mine):
    """Return what reads the status of some people's entries."""

    def statuses(*clients, at=None):
        return [mine(client, at)["status"] for client in clients]

    return statuses


@pytest.fixture
def accept(event):
    def accept(client, status=200, at=None):
        return client.post(f"/events/{(at or event).id}/waitlist/mine/accept", status=status).json

    return accept


@pytest.fixture
def entry(session, event):
    """Return what reads somebody's latest entry as the database has it."""

    def entry(client, at=None):
        query = select(WaitlistEntry).where(
            WaitlistEntry.user_id == client.user.id, WaitlistEntry.event_id == (at or event).id
        )
        return session.scalars(query.order_by(WaitlistEntry.id.desc())).first()

    return entry


@pytest.fixture
def taken(session, event):
    def taken(of=None):
        session.expire_all()
        return session.get(Pool, (of or event).pool_id).taken

    return taken


@pytest.fixture(autouse=True)
def counters_equal_rows(request):
    """After each test that has an application of its own transaction, no counter says anything else than the rows."""
    if "session" not in request.fixturenames:
        yield
        return
    session, application = map(request.getfixturevalue, ("session", "application"))
    yield
    session.expire_all()
    assert PoolService(session, application.registry.claim_sources).check() == []


@pytest.fixture
def day_passes(clock, outbox):
    """Return what lets time pass, and periodic tasks run."""

    def pass_(**time):
        clock.move(**time)
        outbox.run()
        clock.move(seconds=61)
        outbox.run()

    return pass_


@pytest.fixture
def hours_before(clock):
    """Return what goes to so many hours before an event's start."""
    return lambda event, hours: clock.set(event.starts_at - timedelta(hours=hours))


@pytest.fixture
def mails(application, tmp_path, monkeypatch):
    """Return what reads, and takes away, all mails as (to, subject, text)."""
    folder = tmp_path / "mail"
    monkeypatch.setattr(application.registry.message_channels["email"].transport, "folder", folder)

    def take():
        found = []
        for path in sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            found.append(
                (
                    mail["To"].addresses[0].addr_spec,
                    mail["Subject"],
                    mail.get_body(("plain",)).get_content().replace("\r", ""),
                )
            )
            path.unlink()
        return found

    return take


@pytest.fixture
def told(mails, outbox):
    """Return what works off the outbox, and gives what the mails about waiting lists say: (to, subject, text)."""

    def told():
        outbox.run()
        assert not outbox.dead
        return [mail for mail in mails() if not mail[1].startswith(("Your booking", "Cancelled"))]

    return told
