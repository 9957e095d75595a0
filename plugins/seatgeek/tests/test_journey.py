"""From a search to an imported event, through the application."""

from datetime import timedelta

import pytest
from turnout.testing.clocks import ManualClock

from turnout_seatgeek.fake import LANTERN_PARADE, FakeSeatGeek


@pytest.fixture(scope="module")
def fake():
    with FakeSeatGeek(today=ManualClock().now().date()) as fake:
        yield fake


@pytest.fixture(scope="module")
def settings(fake):
    return fake.settings() | {"seatgeek.per_second": "100"}


def test_what_is_found_is_imported_once(api, fake, clock):
    found = api.as_role("user").get("/external-events", provider="seatgeek", query="lantern parade").json
    (parade,) = found["results"]
    assert (parade["provider"], parade["external_id"]) == ("seatgeek", str(LANTERN_PARADE))
    assert (parade["title"], parade["imported_event_id"]) == ("Lantern Parade", None)
    assert found["failures"] == found["refused"] == []
    organizer = api.as_role("organizer")
    path = f"/external-events/seatgeek/{LANTERN_PARADE}/import"
    event = organizer.post(path, {}, status=201).json
    assert event["title"] == "Lantern Parade"
    assert event["timezone"] == "America/Los_Angeles"
    day = (clock.now() + timedelta(days=30)).date()
    utc = (day + timedelta(days=1)).isoformat()
    assert event["starts_at"] in {f"{utc}T03:00:00Z", f"{utc}T04:00:00Z"}  # summer or winter
    assert organizer.post(path, {}, status=200).json["id"] == event["id"]
    found = api.as_role("user").get("/external-events", provider="seatgeek", query="lantern parade").json
    assert found["results"][0]["imported_event_id"] == event["id"]
