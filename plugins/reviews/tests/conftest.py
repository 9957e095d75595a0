"""The application with reviews, and people who attended."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select
from turnout.bookings.models import CANCELLED, Booking

from turnout_reviews.models import Rating

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def plugins():
    return "reviews"


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado")


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", organizer=organizer)


@pytest.fixture
def attend(api, make, clock, event):
    """Return what lets somebody book while that is possible, and gives a client that they are signed in to."""

    def attend(user=None, at=None, **booking):
        user, at = user or make.user(), at or event
        now = clock.now()
        clock.set(at.starts_at - timedelta(hours=1))
        client = api.as_(user)
        client.post("/bookings", {"event_id": at.id} | booking, status=201)
        clock.set(now)
        return client

    return attend


@pytest.fixture
def over(clock, event):
    """Let the event be over."""
    return clock.set(event.ends_at)


@pytest.fixture
def ada(attend, make, over):
    """Somebody who attended the event, which is over; signed in."""
    return attend(make.user(first_name="Ada", last_name="Lovelace"))


@pytest.fixture
def staff(api, make):
    return api.as_(make.staff())


@pytest.fixture
def review(event):
    """Return what reviews the event, or another, as somebody who is signed in."""

    def review(client, rating=5, comment="", *, at=None, status=201):
        return client.post(
            f"/events/{(at or event).id}/reviews", {"rating": rating, "comment": comment}, status=status
        ).json

    return review


@pytest.fixture
def reported(review, ada, api, make):
    """A review by Ada that somebody has reported."""
    made = review(ada, 1, "What a fraud!")
    api.as_(make.user()).post(f"/reviews/{made['id']}/report", {"reason": "It insults the band."})
    return made


@pytest.fixture
def rating(api, event):
    """Return what reads how the event is rated, from its JSON."""

    def rating(of=None):
        shown = api.get(f"/events/{(of or event).id}").json["extensions"]["reviews"]
        return shown["rating_average"], shown["rating_count"]

    return rating


@pytest.fixture
def counters(session):
    """Return what reads the counters of an event: how many reviews, and what they give together."""

    def counters(event_id):
        query = select(Rating.rating_count, Rating.rating_total).where(Rating.event_id == event_id)
        return tuple(session.execute(query).one())

    return counters


@pytest.fixture
def cancel_booking(session):
    """Return what takes somebody's booking back, whenever that is."""

    def cancel(user_id):
        session.scalars(select(Booking).where(Booking.user_id == user_id)).one().status = CANCELLED
        session.flush()

    return cancel


@pytest.fixture
def mails(application, tmp_path, monkeypatch):
    """Return what reads, and takes away, the mails with a subject."""
    folder = tmp_path / "mail"
    monkeypatch.setattr(application.registry.message_channels["email"].transport, "folder", folder)

    def take(subject):
        found = []
        for path in sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if mail["Subject"].startswith(subject):
                found.append(mail)
            path.unlink()
        return found

    return take
