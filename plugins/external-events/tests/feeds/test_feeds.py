"""Calendars at addresses: fetched over HTTP, whole, and shown page by page."""

from datetime import timedelta

import pytest
from cachetools import TTLCache
from turnout.testing.clocks import ManualClock
from turnout.testing.fakes import Answer

from turnout_external_events.sources import BadAnswer, Criteria, NotThere, Pace, Refused, Unavailable, feeds
from turnout_external_events.sources.feeds import FeedSource

SETTINGS = {
    "external_events.feed_days": 366,
    "external_events.allow_private": True,
    "external_events.quick_seconds": 1,
    "external_events.timeout_seconds": 2,
}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def search(server, clock):
    """Return what searches the server's calendar, or what is at another path."""

    def search(path="/calendar.ics", page=1, size=10, pace=Pace.QUICK, url=None, settings=SETTINGS, **criteria):
        source = FeedSource(settings, clock)
        return source.search(Criteria(query=url or server.url + path, **criteria), page, size, pace)

    return search


def titles(found):
    return [event.title for event in found.events]


@pytest.fixture
def several(server, clock):
    """Five events, one a week, the last first."""
    for number in (5, 4, 3, 2, 1):
        server.add(number, clock.now() + timedelta(weeks=number))


def test_pages_of_one_calendar_that_is_fetched_once(server, search, several):
    first, second, third = (search(page=page, size=2) for page in (1, 2, 3))
    assert titles(first) + titles(second) + titles(third) == [f"Event {number}" for number in (1, 2, 3, 4, 5)]
    assert [(found.total, found.has_more) for found in (first, second, third)] == [(5, True), (5, True), (5, False)]
    assert len(server.calls) == 1
    assert server.calls[0].headers["accept"].startswith("text/calendar")
    assert titles(search(page=4, size=2)) == []


def test_what_is_asked_a_minute_later_is_fetched_anew(server, search, several, clock, monkeypatch):
    seconds = 0
    kept = feeds._read
    monkeypatch.setattr(feeds, "_read", TTLCache(kept.maxsize, kept.ttl, timer=lambda: seconds))
    search()
    server.add(6, clock.now() + timedelta(weeks=6))
    seconds = 59
    assert len(search().events) == 5
    seconds = 61
    assert len(search().events) == 6


def test_few_calendars_are_remembered(server, search, several):
    for number in range(20):
        search(f"/{number}.ics")
    assert len(feeds._read) <= 8


def test_only_what_begins_when_it_is_looked_for(search, several, clock):
    weeks = [clock.now() + timedelta(weeks=number) for number in range(6)]
    assert titles(search(date_from=weeks[2], date_to=weeks[4])) == ["Event 2", "Event 3", "Event 4"]
    assert titles(search(date_from=weeks[4] + timedelta(seconds=1))) == ["Event 5"]
    assert titles(search(date_to=weeks[1] - timedelta(seconds=1))) == []


def test_a_whole_day_is_there_all_day_long(server, search, clock):
    server.events.append("UID:1\r\nSUMMARY:Market\r\nDTSTART;VALUE=DATE:20270310")
    noon = clock.now() + timedelta(days=9)
    assert titles(search(date_from=noon)) == ["Market"]
    assert titles(search(date_from=noon + timedelta(hours=12, seconds=1))) == []


def test_words_of_place_and_kind(server, search, clock):
    server.add(1, clock.now(), "LOCATION:Lantern Hall\\, Lisbon\nCATEGORIES:Music,Fado")
    assert titles(search(location="lisbon", category="fado")) == ["Event 1"]
    assert titles(search(location="Porto")) == titles(search(category="Sports")) == []


def test_what_cannot_be_read_is_said_once(server, search, several):
    server.events.append("UID:odd\r\nSUMMARY:Odd\r\nDTSTART:soon")
    assert [refusal.title for refusal in search(size=2).refused] == ["Odd"]
    assert search(page=2, size=2).refused == ()


def test_ids_are_of_the_address(server, search, several):
    ids = [{event.external_id for event in search(path).events} for path in ("/a.ics", "/b.ics", "/a.ics")]
    assert ids[0] == ids[2]
    assert not ids[0] & ids[1]


def test_the_horizon_moves_with_time(server, search, several, clock):
    clock.move(days=16)
    assert titles(search()) == ["Event 3", "Event 4", "Event 5"]
    clock.move(days=-16)
    server.add(6, clock.now() + timedelta(days=367))
    assert "Event 6" not in titles(search("/new.ics"))
    longer = SETTINGS | {"external_events.feed_days": 400}
    assert "Event 6" in titles(search("/new.ics", settings=longer))


@pytest.mark.parametrize("url", ["", "fado", "ftp://example.com/a.ics", "file:///etc/passwd", "javascript://x"])
def test_what_is_no_address(search, url, server):
    with pytest.raises(Refused, match="begins with https"):
        search(url=url or " ")
    assert not server.calls


@pytest.mark.parametrize("scheme", ["WEBCAL", "https", "webcal"])
def test_webcal_is_https(scheme, monkeypatch, clock):
    assert feeds._address(f"{scheme}://example.com/a.ics") == "https://example.com/a.ics"


def test_private_addresses_only_where_they_are_allowed(search, server, several):
    public = SETTINGS | {"external_events.allow_private": False}
    search()  # nor is what was read where they are allowed shown where they are not
    with pytest.raises(Refused, match="https"):
        search(url="http://127.0.0.1/calendar.ics", settings=public)
    with pytest.raises(Refused, match="private or reserved"):
        search(url="https://127.0.0.1:8443/calendar.ics", settings=public)
    with pytest.raises(Refused, match="the ports 443 and 8443 only"):
        search(settings=public)
    assert len(server.calls) == 1


@pytest.mark.parametrize("port", ["0", "1", "22", "25", "80", "6379", "8080"])
def test_only_ports_of_the_web(search, port):
    public = SETTINGS | {"external_events.allow_private": False}
    with pytest.raises(Refused, match="the ports 443 and 8443 only"):
        search(url=f"https://example.com:{port}/a.ics", settings=public)


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_what_is_no_port(search, port):
    for private in (True, False):
        with pytest.raises(Refused):
            search(
                url=f"https://example.com:{port}/a.ics", settings=SETTINGS | {"external_events.allow_private": private}
            )


def test_whatever_is_wrong_at_the_server_is_said_alike(search, server):
    """Nobody learns by asking which ports are open at somebody else's server, and what answers there."""
    server.faults.delay = 5
    said = set()
    for url in ("http://127.0.0.1:1/a.ics", server.url.replace("http:", "https:") + "/a.ics", server.url + "/a.ics"):
        with pytest.raises(Unavailable) as caught:
            search(url=url)
        said.add(str(caught.value))
    assert said == {"The server of the calendar could not be reached, or did not answer as it should."}


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (Answer(200, b"<html>"), BadAnswer, "no iCalendar file"),
        (Answer(200, b"x" * 5_000_001), Refused, "too large"),
        (Answer(302, b"", {"Location": "https://example.com/b.ics"}), Refused, "https://example.com/b.ics"),
        (Answer(401), Refused, "status 401"),
        (Answer(404), Refused, "status 404"),
        (Answer(429), Unavailable, "status 429"),
        (Answer(503), Unavailable, "status 503"),
    ],
    ids=["page", "large", "redirect", "401", "404", "429", "503"],
)
def test_what_servers_say_otherwise(server, search, answer, error, reason):
    server.answers["/calendar.ics"] = answer
    with pytest.raises(error, match=reason):
        search()


def test_errors_are_not_remembered(server, search, several):
    server.answers["/calendar.ics"] = Answer(503)
    with pytest.raises(Unavailable):
        search()
    server.answers.clear()
    assert len(search().events) == 5


def test_there_is_no_fetch(clock):
    source = FeedSource(SETTINGS, clock)
    with pytest.raises(NotThere):
        source.fetch("1", Pace.QUICK)
    assert source.check() is None
    assert source.by_address


def test_who_wants_what_is_new_is_told_what_is_new(server, search, several, clock):
    search()
    server.add(6, clock.now() + timedelta(weeks=6))
    assert len(search().events) == 5
    assert len(search(pace=Pace.FRESH).events) == 6
    search(pace=Pace.FRESH, page=2)
    assert len(server.calls) == 2


def test_what_is_read_as_a_whole_says_so(server, search, several, clock):
    covers = clock.now() - timedelta(days=1), clock.now() + timedelta(days=366)
    assert search().covers == search(size=1, page=2).covers == covers


def test_a_remark_about_times_leaves_a_calendar_whole(server, search, several):
    server.events.append("UID:odd\r\nSUMMARY:Market\r\nDTSTART:20270310T100000")
    found = search()
    assert ("Market" in titles(found), len(found.refused), found.covers is None) == (True, 1, False)


@pytest.mark.parametrize(
    "odd", ["SUMMARY:Nobody's\r\nDTSTART:soon", None], ids=["nobody knows which entry it is", "nothing is left"]
)
def test_what_may_not_be_whole_does_not_say_so(server, search, several, odd):
    server.events = [] if odd is None else [*server.events, odd]
    assert search().covers is None
