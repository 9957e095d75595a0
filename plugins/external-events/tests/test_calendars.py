"""iCalendar files: what calendars of all sorts say, and what nobody should be able to do with one."""

from datetime import UTC, date, datetime, timedelta

import pytest

from turnout_external_events.files import calendars
from turnout_external_events.sources import CANCELLED, SCHEDULED, ExternalEvent, Malformed, Refusal

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HORIZON = (NOW - timedelta(days=1), NOW + timedelta(days=366))
CONCERT = "UID:1\nSUMMARY:Fado\nDTSTART;TZID=Europe/Lisbon:20270410T210000\nDTEND;TZID=Europe/Lisbon:20270410T233000"
OURS = """BEGIN:VTIMEZONE
TZID:Our time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events, head="", end="\r\n"):
    """Return a file with these events, each by its lines."""
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{inside}END:VCALENDAR\n".replace("\n", end).encode()


def read(*events, head="", horizon=HORIZON, scope="file", timezone=None):
    """Return the events and refusals of a calendar with these events."""
    return calendars.read(calendar(*events, head=head), scope=scope, horizon=horizon, timezone=timezone)


def one(*events, **options):
    """Return the only event."""
    found, refused = read(*events, **options)
    assert refused == ()
    [event] = found
    return event


def starts(*events, **options):
    """Return when events begin, in UTC."""
    found, refused = read(*events, **options)
    assert refused == ()
    return [f"{event.starts_at:%m-%d %H:%M}" for event in found]


def reason(*events, **options):
    """Return why the only event is refused."""
    found, refused = read(*events, **options)
    assert found == ()
    [refusal] = refused
    return refusal.reason


def test_everything_that_an_event_says():
    event = one(
        CONCERT
        + "\nDESCRIPTION:Doors\\, bar\\; food:\\nall night\nLOCATION:Lantern Hall\\, Lisbon\nURL:https://example.com/fado"
        + "\nCATEGORIES:Music,Fado\\, live\nCATEGORIES:Night\nATTACH:https://example.com/plan.pdf"
        + "\nATTACH;FMTTYPE=image/png:https://example.com/picture\nX-ALT-DESC;FMTTYPE=text/html:<p>No</p>\nGEO:1;2"
    )
    assert event == ExternalEvent(
        external_id=event.external_id,
        title="Fado",
        starts_at=datetime(2027, 4, 10, 20, tzinfo=UTC),
        ends_at=datetime(2027, 4, 10, 22, 30, tzinfo=UTC),
        timezone="Europe/Lisbon",
        description="Doors, bar; food:\nall night",
        location="Lantern Hall, Lisbon",
        categories=("Music", "Fado, live", "Night"),
        url="https://example.com/fado",
        image_url="https://example.com/picture",
    )


@pytest.mark.parametrize(
    ("lines", "image"),
    [
        ("ATTACH:https://example.com/a.JPEG?w=9", "https://example.com/a.JPEG?w=9"),
        ("ATTACH:https://example.com/a.pdf", None),
        ("ATTACH;FMTTYPE=application/pdf:https://example.com/a.png", None),
        ("ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=image/png:aGVsbG8=", None),
        ("ATTACH:file:///etc/a.png", None),
        ("IMAGE;VALUE=URI;DISPLAY=BADGE:https://example.com/badge", "https://example.com/badge"),
        ("IMAGE;VALUE=URI:data:image/png;base64,AAAA", None),
    ],
)
def test_a_picture_is_one_on_the_web(lines, image):
    assert one(f"{CONCERT}\n{lines}").image_url == image


@pytest.mark.parametrize("url", ["ftp://example.com/", "javascript:alert(1)", "mailto:ines@example.com", "fado"])
def test_other_addresses_are_none(url):
    assert one(f"{CONCERT}\nURL:{url}").url is None


def test_folded_lines_and_every_sort_of_line_end():
    text = CONCERT + "\nDESCRIPTION:It is a lo\n ng\n\t story"
    for end in ("\r\n", "\n", "\r"):
        [event], _ = calendars.read(calendar(text, end=end), scope="file", horizon=HORIZON)
        assert event.description == "It is a long story"


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-be", "utf-16-le", "utf-8", "utf-8-sig"])
def test_every_encoding(encoding):
    content = calendar(CONCERT.replace("Fado", "Übermut à la Inês")).decode().encode(encoding)
    [event], _ = calendars.read(content, scope="file", horizon=HORIZON)
    assert event.title == "Übermut à la Inês"


class TestTimes:
    @pytest.mark.parametrize(
        ("tzid", "zone", "starts_at"),
        [
            ("/citadel.example.com/20270101_1/Europe/Berlin", "Europe/Berlin", 18),
            ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires", 23),
            ("Europe/Berlin", "Europe/Berlin", 18),
            ("W. Europe Standard Time", "Europe/Berlin", 18),
            ('"Europe/Berlin"', "Europe/Berlin", 18),
        ],
    )
    def test_zones_by_their_names(self, tzid, zone, starts_at):
        event = one(f"UID:1\nSUMMARY:Fado\nDTSTART;TZID={tzid}:20270410T200000")
        assert (event.timezone, event.starts_at) == (zone, datetime(2027, 4, 10, starts_at, tzinfo=UTC))

    def test_a_zone_that_only_the_file_knows(self):
        summer = "UID:1\nSUMMARY:Summer\nDTSTART;TZID=Our time:20270410T200000\nDURATION:PT1H"
        winter = "UID:2\nSUMMARY:Winter\nDTSTART;TZID=Our time:20270310T200000"
        found, refused = read(winter, summer, head=OURS)
        assert [(event.timezone, event.starts_at.hour) for event in found] == [(None, 19), (None, 18)]
        assert found[1].ends_at.hour == 19
        assert refused == ()

    def test_what_another_file_said_of_a_zone_is_forgotten(self):
        """One file must not decide how the next is read."""
        event = "UID:1\nSUMMARY:Fado\nDTSTART;TZID=Our time:20270410T200000"
        assert one(event, head=OURS).starts_at.hour == 18
        assert one(event, head=OURS.replace("+0200", "+0500")).starts_at.hour == 15
        assert reason(event) == "Its time zone 'Our time' is not known, and the file does not describe it."
        windows = OURS.replace("Our time", "Tokyo Standard Time")
        assert one(event.replace("Our time", "Tokyo Standard Time"), head=windows).timezone == "Asia/Tokyo"

    def test_a_zone_called_by_where_it_is(self):
        head = OURS.replace("TZID:Our time", "TZID:Our time\nX-LIC-LOCATION:Europe/Madrid")
        assert one("UID:1\nSUMMARY:Fado\nDTSTART;TZID=Our time:20270410T200000", head=head).timezone == "Europe/Madrid"

    def test_utc_is_the_calendars_zone_if_it_has_one(self):
        event = "UID:1\nSUMMARY:Fado\nDTSTART:20270410T200000Z"
        assert (one(event).timezone, one(event).starts_at.hour) == (None, 20)
        named = one(event, head="X-WR-TIMEZONE:Europe/Lisbon\n")
        assert (named.timezone, named.starts_at.hour) == ("Europe/Lisbon", 20)

    def test_a_time_in_no_zone(self):
        event = "UID:1\nSUMMARY:Fado\nDTSTART:20270410T200000\nDTEND:20270410T220000"
        assert one(event, head="X-WR-TIMEZONE:Asia/Tokyo\n").starts_at == datetime(2027, 4, 10, 11, tzinfo=UTC)
        assert one(event, timezone="Asia/Tokyo").ends_at == datetime(2027, 4, 10, 13, tzinfo=UTC)
        [found], refused = read(event)
        assert (found.starts_at, found.starts_on, found.ends_at) == (None, date(2027, 4, 10), None)
        assert refused == (Refusal("The time of 1 event is in no time zone: only its day is known.", is_remark=True),)
        several = "The times of 2 events are in no time zone: only their days are known."
        assert read(event, event.replace("UID:1", "UID:2"))[1] == (Refusal(several, is_remark=True),)

    def test_a_whole_day(self):
        event = one(
            "UID:1\nSUMMARY:Fado\nDTSTART;VALUE=DATE:20270410\nDTEND;VALUE=DATE:20270411", timezone="Asia/Tokyo"
        )
        assert (event.starts_on, event.starts_at, event.ends_at) == (date(2027, 4, 10), None, None)

    @pytest.mark.parametrize("end", ["DTEND;VALUE=DATE:20270413", "DURATION:P3D"])
    def test_several_days_have_a_last_one(self, end):
        """Of whole days, the end that calendars have is the day after."""
        for head, zone in (("", None), ("X-WR-TIMEZONE:Asia/Tokyo\n", "Asia/Tokyo")):
            event = one(f"UID:1\nSUMMARY:Fado\nDTSTART;VALUE=DATE:20270410\n{end}", head=head)
            assert (event.starts_on, event.ends_on) == (date(2027, 4, 10), date(2027, 4, 12))
            assert (event.ends_at, event.timezone) == (None, zone)

    @pytest.mark.parametrize(
        ("end", "ends_on"),
        [
            ("DTEND:20270411T020000", None),
            ("DTEND:20270412T000000", date(2027, 4, 11)),
            ("DTEND:20270412T230000", date(2027, 4, 12)),
            ("DTEND:20270412T230000Z", None),
            ("DTEND;VALUE=DATE:20270412", None),
            ("DURATION:P2D", date(2027, 4, 12)),
        ],
    )
    def test_so_have_times_in_no_zone(self, end, ends_on):
        [event], _ = read(f"UID:1\nSUMMARY:Fado\nDTSTART:20270410T200000\n{end}")
        assert (event.starts_on, event.ends_on, event.ends_at) == (date(2027, 4, 10), ends_on, None)

    @pytest.mark.parametrize(
        ("duration", "ends_at"),
        [("P1D", datetime(2027, 3, 28, 20, tzinfo=UTC)), ("PT5H", datetime(2027, 3, 28, 2, tzinfo=UTC))],
    )
    def test_a_day_is_shorter_when_the_clocks_go_forward_and_hours_are_not(self, duration, ends_at):
        event = one(f"UID:1\nSUMMARY:Fado\nDTSTART;TZID=Europe/Lisbon:20270327T210000\nDURATION:{duration}")
        assert event.ends_at == ends_at

    def test_it_does_not_end_before_it_begins(self):
        assert reason(
            CONCERT.replace("DTEND;TZID=Europe/Lisbon:20270410T23", "DTEND;TZID=Europe/Lisbon:20270410T20")
        ) == ("It ends before it begins.")

    def test_who_ends_as_it_begins_has_not_said_when_it_ends(self):
        assert one(CONCERT.replace("T233000", "T210000")).ends_at is None

    @pytest.mark.parametrize(
        ("begin", "is_there"),
        [
            ("20270228T115900Z", False),
            ("20270228T120000Z", True),
            ("20280301T115900Z", True),
            ("20280301T120000Z", False),
        ],
    )
    def test_only_what_is_within_the_horizon(self, begin, is_there):
        found, refused = read(f"UID:1\nSUMMARY:Fado\nDTSTART:{begin}")
        assert (len(found), refused) == (is_there, ())

    def test_what_has_begun_is_there_until_it_ends(self):
        found, _ = read(
            "UID:1\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20270220\nDTEND;VALUE=DATE:20270310", timezone="Europe/Lisbon"
        )
        assert len(found) == 1

    def test_in_a_zone_of_the_files_own_it_recurs(self):
        series = "UID:1\nSUMMARY:Jam\nDTSTART;TZID=Our time:20270322T200000\nRRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;TZID=Our time:20270329T200000"
        assert starts(series, head=OURS) == ["03-22 19:00", "04-05 18:00"]


class TestOdd:
    """One that is odd spoils no other."""

    @pytest.mark.parametrize(
        ("odd", "reason_is"),
        [
            ("DTSTART:20270410T200000Z", "It has no title (SUMMARY)."),
            ("SUMMARY:Odd", "It does not say when it begins (DTSTART)."),
            ("SUMMARY:Odd\nDTSTART:20270410T200000Z\nDTEND:soon", "Its DTEND cannot be read."),
            ("SUMMARY:Odd\nDTSTART:20270410T200000Z\nDTSTART:20270411T200000Z", "Its DTSTART is there more than once, or is no date."),
            ("SUMMARY:Odd\nDTSTART:20270431T200000Z", "Its DTSTART cannot be read."),
            ("SUMMARY:Odd\nDTSTART:200000", "Its DTSTART is there more than once, or is no date."),
            ("SUMMARY:Odd\nDTSTART:tomorrow", "Its DTSTART cannot be read."),
            ("SUMMARY:Odd\nDTSTART;TZID=Nowhere/Here:20270410T200000", "Its time zone 'Nowhere/Here' is not known, and the file does not describe it."),
            ("SUMMARY:Odd\nDTSTART:20270410T200000Z\nRDATE:never", "Its RDATE cannot be read."),
            ("SUMMARY:Odd\nDTSTART:20270410T200000Z\nDESCRIPTION:" + "x" * 100_001, "It is too long: an event may have 200,000 characters, and a line 100,000."),
        ],
    )  # fmt: skip
    def test_it_alone_is_refused(self, odd, reason_is):
        found, refused = read(f"UID:odd\n{odd}", CONCERT)
        assert [event.title for event in found] == ["Fado"]
        assert [each.reason for each in refused] == [reason_is]

    def test_it_is_named(self):
        _, [refusal] = read("UID:odd\nSUMMARY:Odd\nDTSTART:soon")
        assert refusal.title == "Odd"

    @pytest.mark.parametrize(
        "odd",
        [
            'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="a:b',
            "ATTENDEE;CN=Ada:mailto:ada",
            "no colon",
            "GEO:here",
            ":",
            "É:1",
        ],
    )
    def test_what_is_not_read_can_be_as_it_likes(self, odd):
        assert one(f"{CONCERT}\n{odd}").title == "Fado"

    def test_alarms_are_nothing_of_the_event(self):
        alarm = "BEGIN:VALARM\nSUMMARY:Wake up\nDESCRIPTION:Now\nEND:VALARM"
        assert one(f"{CONCERT}\n{alarm}\nLOCATION:Here").location == "Here"
        assert one(f"{CONCERT}\n{alarm}").description == ""

    def test_without_an_end(self):
        content = calendar(CONCERT).replace(b"END:VEVENT\r\n", b"", 1)
        assert [each.reason for each in calendars.read(content, scope="x", horizon=HORIZON)[1]] == ["It has no end."]
        content = calendar(CONCERT, CONCERT.replace("UID:1", "UID:2")).replace(b"END:VEVENT\r\n", b"", 1)
        found, refused = calendars.read(content, scope="x", horizon=HORIZON)
        assert (len(found), [each.reason for each in refused]) == (1, ["It has no end: another begins within it."])
        content = calendar(CONCERT).partition(b"END:VEVENT")[0]
        assert calendars.read(content, scope="x", horizon=HORIZON)[1][0].reason == "The file ends in the middle of it."

    def test_others_with_its_uid(self):
        other = CONCERT.replace("20270410", "20270411")
        found, refused = read(CONCERT, other)
        assert [event.starts_at.day for event in found] == [10]
        assert [each.reason for each in refused] == ["Another event of the calendar has the same UID."]

    def test_of_versions_the_last(self):
        assert (
            one(f"{CONCERT}\nSEQUENCE:1", f"{CONCERT.replace('20270410', '20270411')}\nSEQUENCE:2").starts_at.day == 11
        )

    @pytest.mark.parametrize(
        "content",
        [b"", b"\x00\x01\x02", b"<html></html>", b"BEGIN:VCARD\r\nEND:VCARD", b"PK\x03\x04abc", "Fado €".encode()],
    )
    def test_what_is_no_calendar(self, content):
        with pytest.raises(Malformed):
            calendars.read(content, scope="x", horizon=HORIZON)

    def test_another_calendar_than_ours(self):
        with pytest.raises(Malformed, match="Gregorian"):
            read(CONCERT, head="CALSCALE:HEBREW\n")

    @pytest.mark.parametrize(
        ("line", "head", "status"),
        [
            ("STATUS:CANCELLED", "", CANCELLED),
            ("STATUS:CONFIRMED", "METHOD:CANCEL\n", CANCELLED),
            ("STATUS:CONFIRMED", "METHOD:PUBLISH\n", SCHEDULED),
            ("STATUS:TENTATIVE", "", SCHEDULED),
            ("STATUS:cancelled", "", CANCELLED),
        ],
    )
    def test_status(self, line, head, status):
        assert one(f"{CONCERT}\n{line}", head=head).status == status


def test_they_are_sorted_by_time():
    days = [f"UID:{day}\nSUMMARY:{day}\nDTSTART:202704{day}T200000Z" for day in (12, 10, 13)]
    found, _ = read(*days, "UID:1\nSUMMARY:11\nDTSTART;VALUE=DATE:20270411")
    assert [event.title for event in found] == ["10", "11", "12", "13"]


class TestIds:
    def test_they_stay(self):
        again = one(CONCERT.replace("Fado", "Fado and more").replace("T210000", "T200000"))
        assert one(CONCERT).external_id == again.external_id
        assert len(again.external_id) == 32

    def test_they_stay_when_it_is_moved_to_another_day(self):
        assert one(CONCERT).external_id == one(CONCERT.replace("20270410", "20270503")).external_id

    def test_nothing_is_there_twice(self):
        unnamed = CONCERT.removeprefix("UID:1\n")
        found, refused = read(unnamed, unnamed)
        assert (len(found), [each.reason for each in refused]) == (1, ["It is in the calendar twice."])

    def test_they_are_of_the_file(self):
        assert one(CONCERT, scope="a").external_id != one(CONCERT, scope="b").external_id

    def test_without_a_uid_they_are_of_what_and_when(self):
        first, other = CONCERT.removeprefix("UID:1\n"), CONCERT.removeprefix("UID:1\n").replace("20270410", "20270411")
        found, refused = read(first, other)
        assert (len({event.external_id for event in found}), refused) == (2, ())
        assert one(first).external_id == found[0].external_id
