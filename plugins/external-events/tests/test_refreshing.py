"""Staying fresh though a source, or one event of it, is in trouble."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from turnout.events.models import Event
from turnout.testing.fakes import Answer

from turnout_external_events.models import Origin
from turnout_external_events.services.refreshing import IN_A_ROW
from turnout_external_events.sources.calling import standing
from turnout_external_events.sources.readiness import FOR_STAFF
from turnout_external_events.testing.almanac import KEY


@pytest.fixture
def known(bring, almanac, external):
    """Return what imports so many events, an hour apart, and renames them at the source."""

    def known(number):
        begin = external().starts_at
        said = [external(str(each), starts_at=begin + timedelta(hours=each)) for each in range(number)]
        events = [bring(event) for event in said]
        almanac.put(*(external(event.external_id, title="New", starts_at=event.starts_at) for event in said))
        almanac.calls.clear()
        return events

    return known


@pytest.fixture
def spoil(almanac, impatient, monkeypatch):
    """Return what lets the almanac break whenever it is asked for one of some events."""
    answer = almanac.answer

    def spoil(*external_ids):
        paths = {f"/events/{each}" for each in external_ids}
        monkeypatch.setattr(
            almanac, "answer", lambda call: Answer.json({}, 500) if call.path in paths else answer(call)
        )

    return spoil


def titles(session):
    return session.scalars(select(Event.title).order_by(Event.id)).all()


def asked(almanac):
    return sorted({call.path.removeprefix("/events/") for call in almanac.calls})


def test_one_event_that_cannot_be_asked_for_holds_up_no_other(known, spoil, later, session, clock):
    known(3)
    spoil("0")

    later()

    assert titles(session) == ["Fado night 0", "New", "New"]
    troubles = session.execute(select(Origin.trouble, Origin.refresh_at).order_by(Origin.id)).all()
    assert ["out of order" in trouble for trouble, _ in troubles] == [True, False, False]
    assert all(refresh_at > clock.now() for _, refresh_at in troubles)
    spoil()
    later()
    assert titles(session) == ["New"] * 3
    assert set(session.scalars(select(Origin.trouble))) == {""}


def test_a_source_that_says_nothing_of_several_is_left_alone(known, spoil, later, almanac):
    known(5)
    spoil(*map(str, range(5)))

    later()

    assert asked(almanac) == [str(each) for each in range(IN_A_ROW)]


def test_not_in_a_row_is_not_the_source(known, spoil, later, session):
    known(7)
    spoil("0", "1", "3", "4", "6")

    later()

    assert [number for number, title in enumerate(titles(session)) if title == "New"] == [2, 5]


def test_a_quota_that_is_spent_is_nobody_s_trouble(known, later, almanac, session):
    known(3)
    almanac.quota = 1

    later()

    assert asked(almanac) == ["0", "1"]
    assert titles(session) == ["New", "Fado night 1", "Fado night 2"]
    assert set(session.scalars(select(Origin.trouble))) == {""}


def test_whoever_asks_for_what_is_new_does_not_wait_long(known, almanac, ines):
    (event,) = known(1)
    almanac.faults.every, almanac.faults.kinds = 1, ("silent",)

    begun = time.monotonic()
    ines.post(f"/events/{event['id']}/origin/refresh", status=502)

    assert time.monotonic() - begun < 4


def test_who_asks_is_told_that_there_is_no_answer(known, spoil, ines):
    (event,) = known(1)
    spoil("0")

    refused = ines.post(f"/events/{event['id']}/origin/refresh", status=502).json

    assert refused["code"] == "source_failed"
    assert "out of order" in refused["detail"]
    assert ines.get(f"/events/{event['id']}/origin").json["trouble"] == ""


class TestKeys:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        """Let a key that was refused be tried again at once: the fake's clock stands still."""
        monkeypatch.setattr(standing, "KEY_SECONDS", 0)

    def test_a_key_that_is_refused_is_no_event_s_trouble(self, known, later, almanac, session, clock):
        known(5)
        almanac.key = "another"
        with capture_logs() as logs:
            later()
        assert len(almanac.calls) == 1
        assert set(session.scalars(select(Origin.trouble))) == {""}
        assert all(refresh_at <= clock.now() for refresh_at in session.scalars(select(Origin.refresh_at)))
        assert [log["log_level"] for log in logs if "not refreshed" in log["event"]] == ["warning"]

        almanac.key = KEY
        later(minutes=5)

        assert titles(session) == ["New"] * 5

    def test_what_was_told_before_is_taken(self, known, later, almanac, session, monkeypatch):
        known(3)
        answer = almanac.answer
        monkeypatch.setattr(
            almanac, "answer", lambda call: Answer.json({}, 401) if call.path == "/events/1" else answer(call)
        )

        later()

        assert titles(session) == ["New", "Fado night 1", "Fado night 2"]
        assert set(session.scalars(select(Origin.trouble))) == {""}

    def test_who_asks_is_told_and_staff_why(self, known, almanac, ines, api, session):
        (event,) = known(1)
        almanac.key = "another"
        path = f"/events/{event['id']}/origin/refresh"

        refused = ines.post(path, status=409).json

        assert (refused["code"], refused["detail"]) == ("source_not_set_up", FOR_STAFF)
        assert api.as_role("staff").post(path, status=409).json["detail"] == "Almanac does not take the key."
        assert set(session.scalars(select(Origin.trouble))) == {""}
