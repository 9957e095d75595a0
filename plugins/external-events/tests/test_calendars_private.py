"""What a calendar calls private is imported by nobody: here it would be seen by all."""

from datetime import UTC, datetime, timedelta

import pytest

from turnout_external_events.files import calendars
from turnout_external_events.files.calendars import PRIVATE, PRIVATE_TITLE

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DOCTOR = "UID:1\nSUMMARY:Doctor\nDTSTART:20270410T200000Z"
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=3"


def calendar(*events):
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n"


def read(*events):
    """Return when the events of a calendar begin, and its refusals."""
    horizon = (NOW - timedelta(days=1), NOW + timedelta(days=366))
    found, refused = calendars.read(calendar(*events).encode(), scope="file", horizon=horizon)
    return [f"{event.starts_at:%m-%d}" for event in found], refused


@pytest.mark.parametrize("said", ["PRIVATE", "private ", "CONFIDENTIAL", "X-FOR-THE-BOARD"])
def test_private_entries_are_refused_without_their_titles(said):
    found, [refusal] = read(f"{DOCTOR}\nCLASS:{said}")
    assert (found, refusal.reason, refusal.title) == ([], PRIVATE, PRIVATE_TITLE)


@pytest.mark.parametrize("said", ["CLASS:PUBLIC", "CLASS:public", "CLASS:", "CLASS;X-A=B:PUBLIC"])
def test_public_entries_are_read(said):
    assert read(f"{DOCTOR}\n{said}") == (["04-10"], ())


def test_a_private_series_is_refused_as_one():
    other = "UID:1\nSUMMARY:Doctor\nRECURRENCE-ID:20270417T200000Z\nDTSTART:20270417T210000Z\nCLASS:PUBLIC"
    found, [refusal] = read(f"{DOCTOR}\n{WEEKLY}\nCLASS:PRIVATE", other)
    assert (found, refusal.reason, refusal.title) == ([], PRIVATE, PRIVATE_TITLE)


def test_a_private_time_of_a_public_series_is_refused_alone():
    whole, _ = calendars.read(
        calendar(f"{DOCTOR}\n{WEEKLY}").encode(), scope="file", horizon=(NOW, NOW + timedelta(days=99))
    )
    other = "UID:1\nSUMMARY:Doctor\nRECURRENCE-ID:20270417T200000Z\nDTSTART:20270417T210000Z\nCLASS:PRIVATE"
    found, [refusal] = read(f"{DOCTOR}\n{WEEKLY}", other)
    assert (found, refusal.reason) == (["04-10", "04-24"], PRIVATE)
    assert refusal.external_id == whole[1].external_id  # so that only this one is in trouble


@pytest.mark.parametrize("more", ["", f"\n{WEEKLY}"])
def test_private_entries_of_long_ago_are_not_worth_a_word(more):
    assert read(DOCTOR.replace("2027", "2017") + more + "\nCLASS:PRIVATE") == ([], ())


def test_nobody_reads_the_title_of_a_private_entry_that_is_broken():
    _, [refusal] = read("UID:1\nSUMMARY:Doctor\nDTSTART:soon\nCLASS:PRIVATE")
    assert "Doctor" not in (refusal.title, refusal.reason)


def test_an_upload_refuses_them(ines, outbox):
    party = DOCTOR.replace("UID:1", "UID:2").replace("Doctor", "Party")
    file = calendar(f"{DOCTOR}\nCLASS:PRIVATE", party)
    headers = {"Content-Type": "text/calendar"}
    shown = ines.post("/external-events/uploads", file.encode(), status=201, headers=headers).json
    assert (shown["count"], shown["refusals"]) == (1, [{"title": PRIVATE_TITLE, "reason": PRIVATE}])

    run = ines.post(f"/external-events/uploads/{shown['id']}/import", {}, status=202).json
    outbox.run()

    assert [event["title"] for event in ines.get("/events").json["results"]] == ["Party"]
    reports = ines.get(f"/external-events/runs/{run['id']}/reports").json["results"]
    assert [(report["title"], report["reason"]) for report in reports] == [(PRIVATE_TITLE, PRIVATE)]
