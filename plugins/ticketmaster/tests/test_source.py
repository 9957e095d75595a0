"""The source over real HTTP: what is found, page by page, while things go wrong."""

import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from turnout.testing.fakes import Answer
from turnout_external_events.sources import (
    CANCELLED,
    BadAnswer,
    Criteria,
    KeyRefused,
    Malformed,
    NotThere,
    Pace,
    QuotaSpent,
    Refused,
    Unavailable,
)
from turnout_external_events.testing.asking import walk

from turnout_ticketmaster.fake import BUSY, ERROR, GARBLED, LANTERN_PARADE, LOST
from turnout_ticketmaster.fake.programme import ODD

BEGIN = datetime(2027, 3, 1, tzinfo=UTC)


def ids(events):
    return [event.external_id for event in events]


class TestSearch:
    def test_the_whole_programme(self, source, ticketmaster):
        events, refused, pages = walk(source, size=70)
        assert sorted(ids(events)) == sorted(set(ticketmaster.ids) - {"TMtest"})
        assert (len(refused), pages) == (0, 5)
        dated = [event.starts_at for event in events if event.starts_at]
        assert dated == sorted(dated)
        assert len(ODD) * 3 < len(ticketmaster.ids)

    def test_a_page(self, source):
        first, second = (source.search(Criteria(), page, 100, Pace.QUICK) for page in (1, 2))
        assert len(first.events) == len(second.events) == 100
        assert first.total == second.total == 309
        assert not set(ids(first.events)) & set(ids(second.events))

    def test_nothing_is_found(self, source):
        found = source.search(Criteria(query="no such thing"), 1, 20, Pace.STEADY)
        assert (found.events, found.total, found.has_more, found.refused) == ((), 0, False, ())

    def test_what_is_asked(self, source, ticketmaster):
        criteria = Criteria(
            " jazz ",
            "Sacramento",
            datetime(2027, 3, 1, 12, tzinfo=UTC) + timedelta(microseconds=5),
            datetime(2027, 4, 1, 12, 30, 59, 999_999, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo")),
            "Music",
        )
        source.search(criteria, 3, 20, Pace.STEADY)
        (call,) = ticketmaster.calls
        assert call.path == "/discovery/v2/events.json"
        assert call.query == {
            "apikey": "fake-key",
            "keyword": "jazz",
            "city": "Sacramento",
            "classificationName": "Music",
            "startDateTime": "2027-03-01T12:00:00Z",
            "endDateTime": "2027-04-01T12:30:59Z",
            "includeTBA": "yes",
            "includeTBD": "yes",
            "includeTest": "no",
            "page": "2",
            "size": "20",
            "sort": "date,asc",
        }

    def test_words_city_and_category_narrow_it(self, source):
        parades, _, _ = walk(source, Criteria(query="lantern PARADE"))
        assert ids(parades) == [LANTERN_PARADE]
        assert {event.venue.city for event in walk(source, Criteria(location="Sacramento"))[0] if event.venue} == {
            "Sacramento"
        }
        for category in ("Jazz", "Music"):
            found = walk(source, Criteria(category=category))[0]
            assert found
            assert all(category in event.categories for event in found if event.categories)

    def test_both_ends_of_the_dates_are_included(self, source):
        (parade,), _, _ = walk(source, Criteria(query="Lantern Parade"))
        at, second = parade.starts_at, timedelta(seconds=1)
        for first, last, is_found in (
            (at, at, True),
            (at - second, at - second, False),
            (at + second, at + second, False),
        ):
            found = walk(source, Criteria(query="Lantern Parade", date_from=first, date_to=last))[0]
            assert bool(found) is is_found

    def test_slices_are_the_whole(self, source, ticketmaster):
        week = timedelta(days=7)
        second = timedelta(seconds=1)
        found = []
        for number in range(53):
            first = BEGIN + number * week
            found += ids(walk(source, Criteria(date_from=first, date_to=first + week - second))[0])
        assert sorted(found) == sorted(set(ticketmaster.ids) - {"TMtest"})

    def test_the_concert_that_others_have_too(self, source):
        parade = source.fetch(LANTERN_PARADE, Pace.STEADY)
        assert (parade.title, parade.venue.name, parade.venue.city) == (
            "Lantern Parade",
            "Memorial Auditorium",
            "Sacramento",
        )
        # Thirty days on, at eight in the evening: by then it is summer time.
        assert parade.starts_at == datetime(2027, 4, 1, 3, tzinfo=UTC)

    def test_the_nights_on_which_the_clocks_change(self, source):
        found = {event.external_id: event.starts_at for event in walk(source, Criteria(query="clocks"))[0]}
        assert found == {
            "TMclockUS1afterhours": datetime(2027, 3, 14, 9, 30, tzinfo=UTC),
            "TMclockUS1morning": datetime(2027, 3, 14, 18, 0, tzinfo=UTC),
            "TMclockDE1afterhours": datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
            "TMclockDE1morning": datetime(2027, 3, 28, 9, 0, tzinfo=UTC),
            "TMclockDE2afterhours": datetime(2027, 10, 30, 23, 30, tzinfo=UTC),
            "TMclockDE2morning": datetime(2027, 10, 31, 10, 0, tzinfo=UTC),
            "TMclockUS2afterhours": datetime(2027, 11, 7, 8, 30, tzinfo=UTC),
            "TMclockUS2morning": datetime(2027, 11, 7, 19, 0, tzinfo=UTC),
        }


class TestDepth:
    @pytest.mark.parametrize(
        ("size", "pages", "reached"), [(200, 5, 1000), (150, 7, 1050), (100, 10, 1000), (190, 6, 1140)]
    )
    def test_pages_end_where_ticketmaster_ends_them(self, make_fake, make_source, size, pages, reached):
        fake = make_fake(many=1500)
        events, _, walked = walk(make_source(fake), size=size)
        assert (walked, len(events)) == (pages, reached)
        assert all(call.query["page"] != str(pages) for call in fake.calls)

    def test_past_it_nothing_is_asked(self, make_fake, make_source):
        fake = make_fake(many=1500)
        source = make_source(fake)
        assert source.search(Criteria(), 5, 200, Pace.STEADY).total == 1509
        for page, size in ((6, 200), (11, 100), (1001, 1)):
            with pytest.raises(Refused, match="1,000"):
                source.search(Criteria(), page, size, Pace.STEADY)
        assert len(fake.calls) == 1

    @pytest.mark.parametrize(("count", "pages"), [(800, 4), (801, 5), (1000, 5), (1001, 5)])
    def test_the_last_page(self, make_fake, make_source, count, pages):
        fake = make_fake(many=count - 9)
        events, _, walked = walk(make_source(fake))
        assert (walked, len(events)) == (pages, min(count, 1000))


class TestTrouble:
    @pytest.mark.parametrize("kind", [BUSY, ERROR, LOST])
    def test_in_the_middle_of_a_walk(self, source, ticketmaster, kind):
        ticketmaster.faults.every, ticketmaster.faults.kinds = 2, (kind,)
        assert len(walk(source, size=50)[0]) == 309

    def test_too_many_calls_in_a_second_in_the_middle_of_a_walk(self, make_fake, make_source):
        now = [1_800_000_000.0]

        def passes():
            now[0] += 0.2
            return now[0]

        fake = make_fake(now=passes)
        fake.limits.per_second = 3
        events, _, pages = walk(make_source(fake), size=50)
        assert len(events) == 309
        assert len(fake.calls) > pages

    def test_the_days_calls_are_made_in_the_middle_of_a_walk(self, make_fake, make_source):
        fake = make_fake()
        fake.limits.per_day = 3
        source = make_source(fake)
        for _ in range(2):
            with pytest.raises(QuotaSpent) as raised:
                walk(source, size=50)
            assert 0 < raised.value.seconds <= 86_400
        assert len(fake.calls) == 3  # the third answer said that it was the last
        with pytest.raises(QuotaSpent):
            make_source(fake).search(Criteria(), 1, 20, Pace.STEADY)
        assert len(fake.calls) == 4

    def test_a_quota_that_is_spent_is_so_until_ticketmaster_says(self, source, ticketmaster, monkeypatch):
        fault = '{"fault": {"faultstring": "Quota", "detail": {"errorcode": "policies.ratelimit.QuotaViolation"}}}'
        monkeypatch.setattr(ticketmaster, "answer", lambda _call: Answer(429, fault.encode()))
        with pytest.raises(QuotaSpent) as raised:
            source.search(Criteria(), 1, 20, Pace.STEADY)
        assert raised.value.seconds == 3600
        assert len(ticketmaster.calls) == 1

    def test_when_there_are_more_calls_is_said_in_milliseconds(self, source, ticketmaster, monkeypatch):
        reset = int((time.time() + 900) * 1000)
        headers = {"Rate-Limit-Available": "0", "Rate-Limit-Reset": str(reset)}
        monkeypatch.setattr(ticketmaster, "answer", lambda _call: Answer(200, b"{}", headers))
        source.search(Criteria(), 1, 20, Pace.STEADY)
        with pytest.raises(QuotaSpent) as raised:
            source.search(Criteria(), 2, 20, Pace.STEADY)
        assert 840 < raised.value.seconds <= 900

    def test_our_own_share_is_kept(self, make_source, ticketmaster):
        source = make_source(ticketmaster, ticketmaster__per_day=2)
        with pytest.raises(QuotaSpent, match="a day is to have"):
            walk(source, size=50)
        assert len(ticketmaster.calls) == 2

    def test_a_key_that_is_revoked(self, source, ticketmaster):
        source.search(Criteria(), 1, 20, Pace.STEADY)
        ticketmaster.revoke_key()
        for _ in range(3):
            with pytest.raises(KeyRefused, match=r"ticketmaster\.api_key") as raised:
                source.search(Criteria(), 2, 20, Pace.STEADY)
            assert "fake-key" not in str(raised.value)
        assert len(ticketmaster.calls) == 2

    @pytest.mark.parametrize("key", ["", "  "])
    def test_without_a_key_nothing_is_asked(self, make_source, ticketmaster, key):
        source = make_source(ticketmaster, ticketmaster__api_key=key)
        assert re.match(r"ticketmaster\.api_key is not set", source.check())
        for ask in (
            lambda: source.search(Criteria(), 1, 20, Pace.QUICK),
            lambda: source.fetch(LANTERN_PARADE, Pace.QUICK),
        ):
            with pytest.raises(KeyRefused, match="not set"):
                ask()
        assert not ticketmaster.calls

    def test_with_a_key_nothing_is_missing(self, make_source, ticketmaster):
        source = make_source(ticketmaster, ticketmaster__api_key=" fake-key ")
        assert source.check() is None
        assert source.search(Criteria(), 1, 20, Pace.QUICK).events

    def test_a_redirect(self, source, ticketmaster, monkeypatch):
        monkeypatch.setattr(
            ticketmaster, "answer", lambda _call: Answer.see("https://elsewhere.example.com/?apikey=fake-key")
        )
        with pytest.raises(Refused, match="redirect") as raised:
            source.search(Criteria(), 1, 20, Pace.STEADY)
        assert "fake-key" not in str(raised.value)

    def test_garbled(self, source, ticketmaster):
        ticketmaster.faults.every, ticketmaster.faults.kinds = 1, (GARBLED,)
        with pytest.raises(BadAnswer):
            source.search(Criteria(), 1, 20, Pace.STEADY)

    def test_out_of_order(self, source, ticketmaster):
        ticketmaster.faults.every, ticketmaster.faults.kinds = 1, (ERROR,)
        with pytest.raises(Unavailable, match="500"):
            source.search(Criteria(), 1, 20, Pace.STEADY)
        assert len(ticketmaster.calls) == 5

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (400, '{"errors": [{"code": "DIS1035", "detail": "deep", "status": "400"}]}', Refused),
            (400, '{"errors": [{"code": "DIS1015", "detail": "format", "status": "400"}]}', Refused),
            (400, '{"errors": []}', Refused),
            (400, '{"errors": {"code": 5}}', Refused),
            (400, "<html>Bad request", Refused),
            (401, "[]", KeyRefused),
            (401, '{"fault": {"faultstring": "Invalid ApiKey fake-key"}}', KeyRefused),
            (403, "null", KeyRefused),
            (404, "5", NotThere),
            (404, '{"fault": "none"}', NotThere),
        ],
    )
    def test_what_errors_mean(self, make_source, echo, status, body, error):
        echo.said = Answer(status, body.encode())
        echo.calls.clear()
        with pytest.raises(error):
            make_source(echo).search(Criteria(), 1, 20, Pace.STEADY)
        assert len(echo.calls) == 1

    def test_too_deep_is_told_in_words(self, source, ticketmaster, monkeypatch):
        monkeypatch.setattr(ticketmaster, "answer", lambda _call: Answer.json({"errors": [{"code": "DIS1035"}]}, 400))
        with pytest.raises(Refused, match="1,000"):
            source.search(Criteria(), 1, 20, Pace.STEADY)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Rate-Limit-Available": "0"},
            {"Rate-Limit-Available": "none", "Rate-Limit-Reset": "1"},
            {"Rate-Limit-Available": "0", "Rate-Limit-Reset": "soon"},
            {"Rate-Limit-Available": "0", "Rate-Limit-Reset": "9" * 4000},
            {"Rate-Limit-Reset": "1"},
        ],
        ids=lambda headers: str(headers)[:70],
    )
    def test_odd_limits_limit_nothing(self, make_source, echo, headers):
        echo.said = Answer(200, b"{}", headers)
        source = make_source(echo)
        for page in (1, 2):
            assert source.search(Criteria(), page, 20, Pace.STEADY).events == ()

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"_embedded": None},
            {"_embedded": []},
            {"_embedded": {"events": None}},
            {"_embedded": {"events": {"id": "x"}}},
            {"page": 5},
            {"page": {"totalElements": "many"}},
            {"page": {"totalElements": -1}},
            {"page": {"totalElements": True}},
        ],
        ids=str,
    )
    def test_an_odd_page_has_nothing(self, make_source, echo, document):
        echo.said = Answer.json(document)
        found = make_source(echo).search(Criteria(), 1, 20, Pace.STEADY)
        assert (found.events, found.total, found.has_more, found.refused) == ((), 0, False, ())

    def test_an_odd_event_spoils_no_other(self, source, ticketmaster):
        odd = [
            None,
            {"id": "x"},
            {"name": "Nameless"},
            {"id": "TMf000003", "name": "Odd", "dates": {"start": {"localDate": "?"}}},
        ]
        for event_id, document in zip(ticketmaster.ids[:4], odd, strict=True):
            ticketmaster.mangle(event_id, document)
        found = source.search(Criteria(), 1, 20, Pace.STEADY)
        assert len(found.events) == 16
        assert [(refusal.external_id, refusal.title) for refusal in found.refused] == [
            ("", ""), ("x", ""), ("", "Nameless"), ("TMf000003", "Odd"),
        ]  # fmt: skip


class TestFetch:
    def test_each_is_what_the_search_found(self, source):
        for event in walk(source, Criteria(query="lantern"))[0] + walk(source, size=20)[0][:20]:
            assert source.fetch(event.external_id, Pace.STEADY) == event

    def test_what_has_changed(self, source, ticketmaster):
        before = source.fetch(LANTERN_PARADE, Pace.STEADY)
        ticketmaster.change(LANTERN_PARADE, name="Lantern Parade II", dates={"status": {"code": "rescheduled"}})
        ticketmaster.move(LANTERN_PARADE, before.starts_at + timedelta(days=1))
        after = source.fetch(LANTERN_PARADE, Pace.STEADY)
        assert (after.title, after.status) == ("Lantern Parade II", "rescheduled")
        assert after.starts_at == before.starts_at + timedelta(days=1)

    def test_what_is_cancelled(self, source, ticketmaster):
        ticketmaster.cancel(LANTERN_PARADE)
        assert source.fetch(LANTERN_PARADE, Pace.STEADY).status == CANCELLED

    def test_what_has_vanished(self, source, ticketmaster):
        source.fetch(LANTERN_PARADE, Pace.STEADY)
        ticketmaster.remove(LANTERN_PARADE)
        with pytest.raises(NotThere):
            source.fetch(LANTERN_PARADE, Pace.STEADY)
        assert not source.search(Criteria(query="lantern"), 1, 20, Pace.STEADY).events

    @pytest.mark.parametrize(
        "external_id", ["", "..", "a/b", "a?apikey=1", "a.json", "x" * 65, "é", "a b", "a\n", "%2e%2e"]
    )
    def test_what_is_no_id_is_not_asked_for(self, make_source, echo, external_id):
        echo.calls.clear()
        with pytest.raises(NotThere):
            make_source(echo).fetch(external_id, Pace.STEADY)
        assert not echo.calls

    @pytest.mark.parametrize("document", [{}, {"id": LANTERN_PARADE}, {"id": "another", "name": "Another"}], ids=str)
    def test_what_cannot_be_read(self, source, ticketmaster, document):
        ticketmaster.mangle(LANTERN_PARADE, document)
        with pytest.raises(Malformed):
            source.fetch(LANTERN_PARADE, Pace.STEADY)

    @pytest.mark.parametrize("document", [None, [], "event"], ids=str)
    def test_what_is_no_event_at_all(self, source, ticketmaster, document):
        ticketmaster.mangle(LANTERN_PARADE, document)
        with pytest.raises(BadAnswer):
            source.fetch(LANTERN_PARADE, Pace.STEADY)

    def test_a_test_is_no_event(self, source):
        with pytest.raises(Malformed, match="test"):
            source.fetch("TMtest", Pace.STEADY)
