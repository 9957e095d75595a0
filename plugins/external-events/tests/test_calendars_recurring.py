"""What recurs in iCalendar files: when, how far, and what stays the same when it is moved."""

from datetime import UTC, date, datetime, timedelta

import pytest

from turnout_external_events.files import calendars
from turnout_external_events.sources import CANCELLED, SCHEDULED

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HORIZON = (NOW - timedelta(days=1), NOW + timedelta(days=366))
WEEKLY = "UID:1\nSUMMARY:Jam\nDTSTART;TZID=Europe/Berlin:20270315T200000\nDTEND;TZID=Europe/Berlin:20270315T220000"


def read(*events, horizon=HORIZON):
    """Return the events and refusals of a calendar with these events, each by its lines."""
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return calendars.read(f"BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n".encode(), scope="file", horizon=horizon)


def starts(*events):
    """Return when events begin, in UTC."""
    found, refused = read(*events)
    assert refused == ()
    return [f"{event.starts_at:%m-%d %H:%M}" for event in found]


def reason(*events):
    """Return why the only event is refused."""
    found, [refusal] = read(*events)
    assert found == ()
    return refusal.reason


def test_the_clocks_of_the_place_go_on():
    assert starts(f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=3") == ["03-15 19:00", "03-22 19:00", "03-29 18:00"]


def test_each_time_ends():
    found, _ = read(f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=3")
    assert {event.ends_at - event.starts_at for event in found} == {timedelta(hours=2)}
    assert {event.timezone for event in found} == {"Europe/Berlin"}


def test_dates_are_added_and_left_out():
    text = (
        f"{WEEKLY}\nRRULE:FREQ=WEEKLY;UNTIL=20270329T180000Z\nEXDATE;TZID=Europe/Berlin:20270322T200000"
        "\nRDATE;TZID=Europe/Berlin:20270401T193000,20270402T193000"
    )
    assert starts(text) == ["03-15 19:00", "03-29 18:00", "04-01 17:30", "04-02 17:30"]


def test_one_time_is_otherwise():
    moved = (
        "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20270322T200000\nSUMMARY:Late jam"
        "\nDTSTART;TZID=Europe/Berlin:20270323T220000\nSTATUS:CONFIRMED"
    )
    off = "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20270329T200000\nSUMMARY:Jam\nDTSTART;TZID=Europe/Berlin:20270329T200000\nSTATUS:CANCELLED"
    series = f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=4"
    plain, _ = read(series)
    found, refused = read(series, moved, off)
    assert [(event.title, f"{event.starts_at:%m-%d %H:%M}", event.status) for event in found] == [
        ("Jam", "03-15 19:00", SCHEDULED),
        ("Late jam", "03-23 21:00", SCHEDULED),
        ("Jam", "03-29 18:00", CANCELLED),
        ("Jam", "04-05 18:00", SCHEDULED),
    ]
    assert refused == ()
    assert [event.external_id for event in found] == [event.external_id for event in plain]


def test_this_and_all_that_follow_are_otherwise():
    series = f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=4"
    later = (
        "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270322T200000\nSUMMARY:Late jam"
        "\nDTSTART;TZID=Europe/Berlin:20270322T213000"
    )
    plain, _ = read(series)
    found, refused = read(series, later)
    assert [f"{event.starts_at:%m-%d %H:%M}" for event in found] == [
        "03-15 19:00", "03-22 20:30", "03-29 19:30", "04-05 19:30",
    ]  # fmt: skip
    assert refused == ()
    assert [event.external_id for event in found] == [event.external_id for event in plain]


def test_one_time_without_the_others():
    invited = "UID:1\nRECURRENCE-ID:20270322T190000Z\nSUMMARY:Jam\nDTSTART:20270322T190000Z"
    series, _ = read(f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=2")
    [found], _ = read(invited)
    assert found.external_id == series[1].external_id


def test_whole_days_recur():
    found, refused = read("UID:1\nSUMMARY:Market\nDTSTART;VALUE=DATE:20270306\nRRULE:FREQ=WEEKLY;BYDAY=SA;COUNT=2")
    assert [event.starts_on for event in found] == [date(2027, 3, 6), date(2027, 3, 13)]
    assert refused == ()
    assert len({event.external_id for event in found}) == 2


def test_only_the_times_to_come():
    old = WEEKLY.replace("2027", "2019")
    found, refused = read(f"{old}\nRRULE:FREQ=YEARLY")
    assert [f"{event.starts_at:%F}" for event in found] == ["2027-03-15"]
    assert refused == ()


def test_of_many_times_the_first():
    horizon = (NOW, NOW + timedelta(days=1000))
    found, refused = read(f"{WEEKLY}\nRRULE:FREQ=DAILY", horizon=horizon)
    assert (len(found), len({event.external_id for event in found})) == (366, 366)
    assert f"{found[-1].starts_at:%F}" == "2028-03-14"
    assert [each.reason for each in refused] == ["It recurs more than 366 times; the later ones were not read."]


def test_of_many_events_some():
    series = [
        f"UID:{number}\nSUMMARY:Jam\nDTSTART:20270301T{number % 24:02}0000Z\nRRULE:FREQ=DAILY" for number in range(20)
    ]
    found, refused = read(*series)
    assert len(found) == 5000
    assert refused[-1].reason == "There are more than 5,000 events; the others were not read."


@pytest.mark.parametrize(
    ("rule", "reason_is"),
    [
        ("FREQ=DAILY;BYHOUR=9,12;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55,58", "more than 24 times a day"),
        ("FREQ=DAILY;INTERVAL=-1", "interval of less than one"),
        ("FREQ=DAILY;INTERVAL=0", "interval of less than one"),
        ("FREQ=DAILY\nRRULE:FREQ=WEEKLY", "more than one rule"),
        ("FREQ=HOURLY", "more often than daily"),
        ("FREQ=MINUTELY;INTERVAL=90", "more often than daily"),
        ("FREQ=SECONDLY", "more often than daily"),
        ("FREQ=SOMETIMES", "RRULE"),
        ("FREQ=YEARLY;BYEASTER=1", "not understood: BYEASTER"),
        ("FREQ=YEARLY;RSCALE=HEBREW", "not understood: RSCALE"),
        ("FREQ=YEARLY;BYDAY=" + ",".join(["MO"] * 400), "it is too long"),
        ("WHATEVER", "more often than daily"),
    ],
)
def test_rules_that_are_not_followed(rule, reason_is):
    assert reason_is in reason(f"{WEEKLY}\nRRULE:{rule}")


def test_what_lasts_for_ever_each_time_is_not_followed():
    ever = "UID:1\nSUMMARY:Jam\nDTSTART:20270301T200000Z\nDTEND:20280601T200000Z\nRRULE:FREQ=MONTHLY;COUNT=2"
    assert reason(ever) == "It recurs, and lasts longer than a year each time."


def test_what_began_long_ago_is_not_followed():
    assert "for too long" in reason("UID:1\nSUMMARY:Jam\nDTSTART:00010101T200000Z\nRRULE:FREQ=DAILY")


def test_rules_of_what_is_left_out_are_not_followed():
    assert "EXRULE" in reason(f"{WEEKLY}\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY")


def ids(*events):
    """Return the ids of events by the day on which they begin."""
    found, refused = read(*events)
    assert refused == ()
    assert len({event.external_id for event in found}) == len(found)
    return {f"{event.starts_at or event.starts_on:%m-%d}": event.external_id for event in found}


class TestIds:
    SERIES = f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=4"

    def test_an_event_that_begins_to_recur_or_ends_that_is_the_first_of_its_times(self):
        assert ids(WEEKLY)["03-15"] == ids(self.SERIES)["03-15"]

    @pytest.mark.parametrize("change", ["T203000", "T210000", "T070000"])
    def test_they_stay_when_the_series_is_moved_within_its_days(self, change):
        later = self.SERIES.replace("T220000", "T235900").replace("T200000", change)
        assert ids(later) == ids(self.SERIES)
        assert starts(later) != starts(self.SERIES)

    def test_they_stay_when_only_the_days_are_known(self):
        days = "UID:1\nSUMMARY:Jam\nDTSTART;VALUE=DATE:20270315\nRRULE:FREQ=WEEKLY;COUNT=4"
        assert ids(days) == ids(self.SERIES)

    def test_they_stay_when_times_are_left_out_or_added(self):
        left_out = f"{self.SERIES}\nEXDATE;TZID=Europe/Berlin:20270315T200000,20270329T200000"
        before, after = ids(self.SERIES), ids(f"{left_out}\nRDATE;TZID=Europe/Berlin:20270318T200000")
        assert {day: after[day] for day in ("03-22", "04-05")} == {day: before[day] for day in ("03-22", "04-05")}
        assert sorted(after) == ["03-18", "03-22", "04-05"]
        assert after["03-18"] not in before.values()

    def test_the_first_time_may_be_moved(self):
        moved = (
            "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20270315T200000\nSUMMARY:Jam"
            "\nDTSTART;TZID=Europe/Berlin:20270316T200000"
        )
        assert ids(self.SERIES, moved)["03-16"] == ids(self.SERIES)["03-15"]

    def test_its_days_are_those_of_the_place(self):
        """What is late in the evening is on another day in UTC; so may the RECURRENCE-ID be written."""
        late = "UID:1\nSUMMARY:Jam\nDTSTART;TZID=America/New_York:20270315T213000\nRRULE:FREQ=WEEKLY;COUNT=2"
        named = "UID:1\nRECURRENCE-ID:20270323T013000Z\nSUMMARY:Jam\nDTSTART:20270324T013000Z"
        assert ids(late, named)["03-24"] == ids(late)["03-23"]
        earlier = late.replace("T213000", "T183000")
        assert ids(earlier) == {"03-15": ids(late)["03-16"], "03-22": ids(late)["03-23"]}

    def test_a_day_may_have_several_times(self):
        twice = f"{WEEKLY}\nRRULE:FREQ=WEEKLY;COUNT=4;BYHOUR=15,20;BYMINUTE=0".replace("T200000", "T150000")
        found, refused = read(twice)
        assert (len({event.external_id for event in found}), refused) == (4, ())
        # Which of a day's times are still to come changes none of their names.
        later, _ = read(twice, horizon=(datetime(2027, 3, 22, 21, 30, tzinfo=UTC), HORIZON[1]))
        assert [event.external_id for event in later] == [found[-1].external_id]
