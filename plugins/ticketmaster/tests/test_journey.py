"""A festival, from Ticketmaster to an event here."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from turnout.testing.clocks import ManualClock

from turnout_ticketmaster.fake import FakeTicketmaster


@pytest.fixture(scope="module")
def fake():
    with FakeTicketmaster(today=ManualClock().now().date()) as fake:
        yield fake


@pytest.fixture(scope="module")
def settings(fake):
    return fake.settings()


def test_what_takes_several_days_is_not_over_after_the_first(api, fake):
    festival = next(each for each in map(fake.document, fake.ids) if each["dates"]["spanMultipleDays"])
    days = {name: datetime.fromisoformat(festival["dates"][name]["localDate"]) for name in ("start", "end")}
    assert days["end"] - days["start"] == timedelta(days=2)

    event = api.as_role("organizer").post(f"/external-events/ticketmaster/{festival['id']}/import", {}, status=201).json

    assert event["starts_at"] == festival["dates"]["start"]["dateTime"]
    zone = ZoneInfo(event["timezone"])
    assert event["timezone"] == festival["dates"]["timezone"]
    over = datetime.combine(days["end"].date() + timedelta(days=1), time(), zone)
    assert datetime.fromisoformat(event["ends_at"]) == over
