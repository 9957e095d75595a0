"""Walking through everything that a search finds: nothing twice, nothing missed, however deep a source is."""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from turnout_external_events.services.walking import MOST_CUTS, Walk
from turnout_external_events.sources import Criteria, ExternalEvent, Found

NOW = datetime(2027, 3, 1, tzinfo=UTC)


class Programme:
    """What a source has, and shows no deeper than it does."""

    def __init__(self, minutes, deepest):
        self.moments = sorted(NOW + timedelta(minutes=minute) for minute in minutes)
        self.deepest = deepest
        self.asked = 0

    def page(self, criteria, page, size):
        self.asked += 1
        assert self.deepest is None or (page - 1) * size < self.deepest, "asked for what is too deep"
        first = 0 if criteria.date_from is None else bisect_left(self.moments, criteria.date_from)
        last = len(self.moments) if criteria.date_to is None else bisect_right(self.moments, criteria.date_to)
        begin = first + (page - 1) * size
        end = min(last, begin + size, first + (self.deepest or last))
        events = tuple(ExternalEvent(str(number), "An event") for number in range(begin, max(begin, end)))
        return Found(events, last - first, begin + size < last)


def walked(programme, size, criteria=None):
    criteria = criteria or Criteria(date_from=NOW)
    walk, seen = Walk.over(criteria), []
    while not walk.is_over:
        found = programme.page(walk.asked(criteria), walk.page, size)
        walk, counts = walk.after(found, size, programme.deepest, NOW)
        walk = Walk.of_json(walk.to_json())  # as if it had stopped here
        seen += [event.external_id for event in found.events] if counts else []
        assert programme.asked < 4000
    return walk, seen


@settings(max_examples=100, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 500_000), max_size=120, unique=True),
    deepest=st.sampled_from([10, 20, 30]),
    size=st.sampled_from([5, 10]),
)
def test_everything_is_seen_once(minutes, deepest, size):
    walk, seen = walked(Programme(minutes, deepest), size)

    assert sorted(seen, key=int) == [str(number) for number in range(len(minutes))]
    assert walk.lost == 0
    assert (walk.total or 0) == len(minutes)


def test_a_source_without_an_end_is_not_sliced():
    programme = Programme(range(1000), None)

    _, seen = walked(programme, 100)

    assert (len(seen), programme.asked) == (1000, 10)


def test_what_one_moment_has_too_much_of_is_counted_as_lost():
    walk, seen = walked(Programme([60] * 50, 20), 10)

    assert len(seen) == 20
    assert walk.lost == 30


def test_a_search_with_both_ends_keeps_to_them():
    programme = Programme(range(0, 3000, 10), 20)
    criteria = Criteria(date_from=NOW + timedelta(minutes=500), date_to=NOW + timedelta(minutes=2000))

    _, seen = walked(programme, 10, criteria)

    assert sorted(map(int, seen)) == list(range(50, 201))


def test_the_total_is_that_of_the_whole_search():
    programme = Programme(range(0, 3000, 10), 20)
    walk = Walk.over(Criteria(date_from=NOW))

    walk, counts = walk.after(programme.page(walk.asked(Criteria()), 1, 10), 10, 20, NOW)

    assert (counts, walk.total, len(walk.slices)) == (False, 300, 2)


class Liar(Programme):
    """Says of each slice, however short, that there is more than it shows."""

    def page(self, criteria, page, size):
        return replace(super().page(criteria, page, size), total=2**31 - 1, has_more=True)


def test_who_always_says_that_there_is_more_is_not_asked_for_each_minute_of_years():
    programme = Liar([60], 20)

    walk, seen = walked(programme, 10)

    assert seen == ["0"]
    assert walk.cuts == MOST_CUTS
    assert walk.lost > 0
