"""How much of an iCalendar file is read: all that is honest, and of what few characters make much work of only so much."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from turnout_external_events.files import calendars, components, zones
from turnout_external_events.files.observances import DescribedZone
from turnout_external_events.sources import Malformed

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HORIZON = (NOW - timedelta(days=1), NOW + timedelta(days=366))
FADO = "UID:1\nSUMMARY:Fado\nDTSTART:20270410T200000Z"
SEASON = "BEGIN:{name}\nDTSTART:{start}\nTZOFFSETFROM:{before}\nTZOFFSETTO:{after}\n{rule}\nEND:{name}\n"
WINTER = SEASON.format(
    name="STANDARD",
    start="19961027T030000",
    before="+0200",
    after="+0100",
    rule="RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
)
SUMMER = SEASON.format(
    name="DAYLIGHT",
    start="19810329T020000",
    before="+0100",
    after="+0200",
    rule="RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
)


def calendar(*events, head=""):
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{inside}END:VCALENDAR\n"


def described(*observances, name="Ours"):
    return f"BEGIN:VTIMEZONE\nTZID:{name}\n{''.join(observances)}END:VTIMEZONE\n"


def read(*events, head=""):
    return calendars.read(calendar(*events, head=head).encode(), scope="x", horizon=HORIZON)


def reason(*events, head=""):
    found, [refusal] = read(*events, head=head)
    assert found == ()
    return refusal.reason


def zone(*observances):
    [part] = components.parts(calendar(head=described(*observances))).timezones
    return DescribedZone(part)


def test_a_season_of_five_thousand_events_is_read():
    text = "An evening of music and words. " * 20
    events = [
        f"UID:{number}@example.com\nSEQUENCE:2\nSUMMARY:Concert {number}\nDESCRIPTION:{text}\nLOCATION:Lantern Hall\\, Lisbon\n"
        f"CATEGORIES:Music,Jazz\nDTSTART;TZID=Europe/Lisbon:2027{4 + number % 8:02}10T210000\nDURATION:PT2H"
        for number in range(5000)
    ]
    found, refused = read(*events)
    assert (len(found), refused) == (5000, ())


class TestRules:
    @pytest.mark.parametrize(
        "rule",
        [
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;BYSETPOS=2",
            "FREQ=DAILY;INTERVAL=7;BYDAY=SU",
            "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
            "FREQ=WEEKLY;BYMONTH=4;BYMONTHDAY=31;COUNT=5",
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1;UNTIL=20280101T000000Z",
        ],
    )
    def test_one_that_never_comes(self, rule):
        assert reason(f"{FADO}\nRRULE:{rule}") == "The rule by which it recurs never comes."

    @pytest.mark.parametrize(
        ("rule", "count"),
        [
            ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 2),
            ("FREQ=DAILY;BYHOUR=9,12;BYSETPOS=2;COUNT=3", 3),
            ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=4", 4),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20270701T000000Z", 3),
            ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=2", 2),
        ],
    )
    def test_one_that_comes(self, rule, count):
        found, refused = read(f"UID:1\nSUMMARY:Fado\nDTSTART:20270410T080000Z\nRRULE:{rule}")
        assert (len(found), refused) == (count, ()) or len(found) == count + 1  # the first time itself, by no rule

    def test_one_that_begins_after_the_time_that_is_read(self):
        assert reason("UID:1\nSUMMARY:a\nDTSTART:99980301T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")

    def test_a_holiday_of_long_ago(self):
        found, refused = read("UID:1\nSUMMARY:a\nDTSTART:17760704T100000Z\nRRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4")
        assert ([f"{event.starts_at:%Y-%m-%d}" for event in found], refused) == (["2027-07-04"], ())

    def test_series_leave_time_for_the_others(self, monkeypatch):
        monkeypatch.setattr(calendars, "SECONDS_FOR_SERIES", -1.0)
        found, [refusal] = read(f"{FADO.replace('UID:1', 'UID:2')}\nRRULE:FREQ=DAILY", FADO)
        assert [event.title for event in found] == ["Fado"]
        assert "too long to read" in refusal.reason


class TestSizes:
    def test_lines(self):
        with pytest.raises(Malformed, match="more than 500,000 lines"):
            read(head="\n" * 500_001)

    def test_times_that_are_listed(self):
        assert reason(FADO + "\nEXDATE:20270411T200000Z" * 1001) == "It lists more than 1,000 times."
        assert reason(FADO + "\nRDATE:" + ",".join(["20270411T200000Z"] * 1001)) == "It lists more than 1,000 times."
        assert len(read(FADO + "\nEXDATE:20270411T200000Z" * 1000)[0]) == 1

    def test_times_in_all(self):
        with pytest.raises(Malformed, match="too much of when"):
            read(*[FADO + "\nEXDATE:20270411T200000Z" * 500] * 200)
        rule = "\nRRULE:FREQ=YEARLY;BYYEARDAY=" + ",".join(map(str, range(1, 100)))
        with pytest.raises(Malformed, match="too much of when"):
            read(*[FADO + rule] * 2000)

    def test_versions_of_one_event(self):
        other = "UID:1\nSUMMARY:Fado\nRECURRENCE-ID:20270411T200000Z\nDTSTART:20270411T210000Z"
        found, refused = read(FADO + "\nRRULE:FREQ=DAILY", *[other] * 1000)
        assert (found, "1,000 events" in refused[0].reason) == ((), True)

    def test_what_is_not_needed_is_passed_over(self):
        long = "\nATTACH;VALUE=BINARY;ENCODING=BASE64:" + "QUJD" * 20_000
        many = "\nCATEGORIES:Jazz" * 50 + "\nSUMMARY:Another" * 50
        [event], refused = read(f"{FADO}{long}{many}")
        assert (event.title, event.image_url, set(event.categories), refused) == ("Fado", None, {"Jazz"}, ())
        [part] = components.parts(calendar(f"{FADO}{long}{many}")).events
        assert len(part.lines) == 3 + components.MOST_EXTRAS


class TestZones:
    def test_is_as_the_database_has_it(self):
        ours, theirs = zone(SUMMER, WINTER), ZoneInfo("Europe/Berlin")
        for begin in (datetime(2027, 3, 27, 22), datetime(2027, 10, 30, 22), datetime(2040, 7, 1)):  # noqa: DTZ001
            for minutes in range(0, 600, 10):
                wall = begin + timedelta(minutes=minutes)
                for fold in (0, 1):
                    offsets = [wall.replace(tzinfo=each, fold=fold).utcoffset() for each in (ours, theirs)]
                    assert offsets[0] == offsets[1], (wall, fold)
                shown = [wall.replace(tzinfo=UTC).astimezone(each) for each in (ours, theirs)]
                assert shown[0].replace(tzinfo=None) == shown[1].replace(tzinfo=None), wall
                assert shown[0].fold == shown[1].fold, wall

    @pytest.mark.parametrize(
        ("rule", "day"),
        [
            ("FREQ=YEARLY;BYDAY=2SU;BYMONTH=3", 14),
            ("FREQ=YEARLY;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU;BYMONTH=3", 14),
            ("FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=3", 31),
            ("FREQ=YEARLY", 29),
            ("FREQ=YEARLY;BYDAY=SU;BYMONTH=3;UNTIL=20260101T000000Z", None),
            ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", None),
        ],
    )
    def test_when_clocks_change(self, rule, day):
        ours = zone(SUMMER.replace("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", rule), WINTER)
        noons = [datetime(2027, 3, number, 12, tzinfo=ours) for number in range(1, 32)]
        assert next((noon.day for noon in noons if noon.utcoffset() == timedelta(hours=2)), None) == day

    def test_changes_that_are_listed(self):
        listed = SUMMER.replace("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "RDATE:20270320T020000,20280320T020000")
        assert datetime(2027, 3, 21, tzinfo=zone(listed, WINTER)).utcoffset() == timedelta(hours=2)
        assert datetime(2026, 6, 21, tzinfo=zone(listed, WINTER)).utcoffset() == timedelta(hours=1)

    @pytest.mark.parametrize(
        "observances",
        [
            [SUMMER] * 61,
            [SUMMER.replace("FREQ=YEARLY", "FREQ=SECONDLY")],
            [SUMMER.replace("RRULE", "RDATE:" + "20270101T000000," * 1001 + "\nRRULE")],
            [SUMMER.replace("DTSTART:1981", "DTSTART:")],
            [SUMMER.replace("TZOFFSETTO:+0200\n", "")],
            [SUMMER.replace("DTSTART:19810329T020000", "DTSTART:00010101T000000")],
            [],
        ],
    )
    def test_what_is_no_zone_is_worked_out_once(self, observances, monkeypatch):
        tried = []

        class Counted(DescribedZone):
            def __init__(self, part):
                tried.append(part)
                super().__init__(part)

        monkeypatch.setattr(zones, "DescribedZone", Counted)
        events = [f"UID:{number}\nSUMMARY:a\nDTSTART;TZID=Ours:20270410T200000" for number in range(9)]
        found, refused = read(*events, head=described(*observances))
        assert (found, {refusal.reason for refusal in refused}) == (
            (),
            {"What the file says of its time zone 'Ours' is not understood."},
        )
        assert len(tried) == 1

    def test_zones_of_the_files_own(self):
        names = [f"Ours {number}" for number in range(51)]
        head = "".join(described(SUMMER, WINTER, name=name) for name in names)
        found, [refusal] = read(*[f"SUMMARY:{name}\nDTSTART;TZID={name}:20270410T200000" for name in names], head=head)
        assert (len(found), refusal.reason) == (50, "The file describes more than 50 time zones of its own.")
