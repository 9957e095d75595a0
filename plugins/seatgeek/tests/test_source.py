"""The source and a SeatGeek that answers over HTTP: what is asked, and what is found, page by page."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from turnout_external_events.sources import (
    CANCELLED,
    BadAnswer,
    Criteria,
    Malformed,
    NotThere,
    Pace,
)
from turnout_external_events.testing.asking import walk

from turnout_seatgeek.fake import LANTERN_PARADE, ODD, FakeSeatGeek

ALL = Criteria()


def asked(fake):
    """Return the last call's query, without who asked."""
    return {name: value for name, value in fake.calls[-1].query.items() if not name.startswith("client_")}


# What is asked


def test_a_search_in_seatgeeks_words(seatgeek, source):
    tokyo = timezone(timedelta(hours=9))
    criteria = Criteria(
        query=" paper comets ",
        location="Tokyo",
        date_from=datetime(2026, 9, 2, tzinfo=tokyo),
        date_to=datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=tokyo),
        category="Minor League Baseball",
    )
    source.search(criteria, 2, 50, Pace.STEADY)
    assert asked(seatgeek) == {
        "q": "paper comets",
        "venue.city": "Tokyo",
        "taxonomies.name": "minor_league_baseball",
        "datetime_utc.gte": "2026-09-01T15:00:00",
        "datetime_utc.lte": "2026-12-31T14:59:59",
        "sort": "datetime_utc.asc",
        "page": "2",
        "per_page": "50",
    }


def test_what_is_not_searched_for_is_not_asked(seatgeek, source):
    source.search(Criteria(query=" ", category=" "), 1, 10, Pace.QUICK)
    assert asked(seatgeek) == {"sort": "datetime_utc.asc", "page": "1", "per_page": "10"}
    query = seatgeek.calls[-1].query
    assert (query["client_id"], query["client_secret"]) == ("fake-client", "fake-secret")


def test_without_a_secret_none_is_sent(seatgeek, make_source):
    make_source(seatgeek__client_secret="").search(ALL, 1, 10, Pace.QUICK)
    assert "client_secret" not in seatgeek.calls[-1].query


def test_categories_as_people_call_them(seatgeek, source):
    for category, expected in (
        ("Arts & Theatre", "theater"),
        ("Music", "concert"),
        ("comedy", "comedy"),
        ("music", "concert"),
    ):
        found = source.search(Criteria(category=category), 1, 100, Pace.STEADY)
        assert asked(seatgeek)["taxonomies.name"] == expected
        assert found.events
        assert all(expected in event.categories for event in found.events)


def test_both_ends_are_included(source):
    parade = source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    exactly = Criteria(date_from=parade.starts_at, date_to=parade.starts_at)
    assert parade in source.search(exactly, 1, 100, Pace.STEADY).events
    second = timedelta(seconds=1)
    late = Criteria(date_from=parade.starts_at + second, date_to=parade.starts_at + second)
    assert source.search(late, 1, 100, Pace.STEADY).total == 0


# What is found


def test_page_by_page_everything_is_found_once(source):
    events, refused, _ = walk(source, size=37)
    assert len(events) == len({event.external_id for event in events}) == 300
    assert refused == []
    starts = [event.starts_at for event in events if event.starts_at is not None and event.timezone is not None]
    assert len(starts) > 280
    dated = [
        event.starts_at for event in events if event.starts_at and event.external_id != str(ODD["only the wall clock"])
    ]
    assert dated == sorted(dated)


def test_how_many_there_are(source):
    found = source.search(ALL, 3, 100, Pace.STEADY)
    assert (len(found.events), found.total, found.has_more) == (100, 300, False)
    assert source.search(ALL, 2, 100, Pace.STEADY).has_more
    found = source.search(ALL, 4, 100, Pace.STEADY)
    assert (found.events, found.total, found.has_more) == ((), 300, False)


def test_nothing_is_found(source):
    found = source.search(Criteria(query="no such words"), 1, 100, Pace.STEADY)
    assert (found.events, found.total, found.has_more, found.refused) == ((), 0, False, ())


def test_words_and_a_city(source):
    found = source.search(Criteria(query="lantern parade", location="sacramento"), 1, 10, Pace.QUICK)
    assert [event.external_id for event in found.events] == [str(LANTERN_PARADE)]
    (parade,) = found.events
    los_angeles = ZoneInfo("America/Los_Angeles")
    assert parade.starts_at == datetime(2026, 10, 1, 20, tzinfo=los_angeles)
    assert (parade.venue.name, parade.venue.city, parade.venue.country) == ("Memorial Auditorium", "Sacramento", "US")


def test_the_last_page_that_can_be_reached(make_source):
    with FakeSeatGeek(many=10_050) as many:
        source = make_source(**many.settings())
        assert source.search(ALL, 99, 100, Pace.STEADY).has_more
        found = source.search(ALL, 100, 100, Pace.STEADY)
        assert (len(found.events), found.total, found.has_more) == (100, 10_050, False)
        found = source.search(ALL, 101, 100, Pace.STEADY)
        assert (found.events, found.total, found.has_more) == ((), 10_050, False)
        # 10,000 is no multiple of 30: the last page is cut.
        assert source.search(ALL, 333, 30, Pace.STEADY).has_more
        found = source.search(ALL, 334, 30, Pace.STEADY)
        assert (len(found.events), found.has_more) == (10, False)


def test_an_hour_that_comes_twice_and_one_that_is_missing(source):
    twice = source.fetch(str(ODD["clocks put back"]), Pace.STEADY)
    assert twice.starts_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert twice.starts_at.astimezone(ZoneInfo(twice.timezone)).hour == 2
    forward = source.fetch(str(ODD["clocks put forward"]), Pace.STEADY)
    assert forward.starts_at == datetime(2027, 3, 14, 10, tzinfo=UTC)


def test_each_odd_event_is_found_as_it_is_fetched(source):
    found = {event.external_id: event for event in walk(source)[0]}
    for name, event_id in ODD.items():
        assert source.fetch(str(event_id), Pace.STEADY) == found[str(event_id)], name


# One event


def test_an_id_that_cannot_be_one_is_not_asked_for(seatgeek, source):
    for external_id in (
        "",
        "7 ",
        "../venues",
        "7000001/..",
        "x",
        "7" * 16,
        "-7",
        "\N{ARABIC-INDIC DIGIT SEVEN}",
        "7\n",
    ):
        with pytest.raises(NotThere):
            source.fetch(external_id, Pace.STEADY)
    assert not seatgeek.calls


def test_an_event_that_has_vanished(seatgeek, source):
    assert source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    seatgeek.remove(LANTERN_PARADE)
    with pytest.raises(NotThere, match="not any more"):
        source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    assert source.search(Criteria(query="lantern parade"), 1, 10, Pace.STEADY).total == 0


def test_what_changes_is_seen(seatgeek, source):
    seatgeek.change(LANTERN_PARADE, title="Lantern Parade II", venue={"timezone": None})
    event = source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    assert (event.title, event.timezone, event.venue.name) == ("Lantern Parade II", None, "Memorial Auditorium")
    seatgeek.cancel(LANTERN_PARADE)
    assert source.fetch(str(LANTERN_PARADE), Pace.STEADY).status == CANCELLED


def test_an_event_that_cannot_be_read(seatgeek, source):
    seatgeek.mangle(LANTERN_PARADE, {"id": LANTERN_PARADE, "title": "Lantern Parade", "datetime_utc": "soon"})
    with pytest.raises(Malformed, match="No moment: 'soon'"):
        source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    found = source.search(Criteria(query="lantern parade"), 1, 10, Pace.STEADY)
    (refusal,) = found.refused
    assert (refusal.external_id, refusal.title) == (str(LANTERN_PARADE), "Lantern Parade")
    assert (found.events, found.total) == ((), 1)


def test_another_event_than_was_asked_for(seatgeek, source):
    seatgeek.mangle(LANTERN_PARADE, seatgeek.catalog.event(LANTERN_PARADE + 1))
    with pytest.raises(BadAnswer, match="another event"):
        source.fetch(str(LANTERN_PARADE), Pace.STEADY)
