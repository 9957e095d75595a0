"""The rule by which places are shared out, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout_waitlist.services.sharing import Places, Waiting, share_out

SEAT, STANDING = 1, 2


def line(*entries):
    """Make a line of (quantity, type, how often passed over)."""
    return [
        Waiting(number, number, kind, quantity, passed, 0) for number, (quantity, kind, passed) in enumerate(entries)
    ]


def shared(entries, places, *, patience=3, came_free=True):
    shares = share_out(entries, places, patience=patience, came_free=came_free)
    saved = {number: places for number, (_, places) in shares.saved.items()}
    return [one.id for one in shares.offered], saved, shares.passed


def places(whole=None, seats=None, standing=None):
    return Places(whole, {SEAT: seats, STANDING: standing})


@pytest.mark.parametrize(
    ("entries", "free", "expected"),
    [
        ([(1, SEAT, 0), (1, SEAT, 0)], places(1), ([0], {}, set())),
        ([(3, SEAT, 0), (1, SEAT, 0)], places(2), ([1], {}, {0})),
        ([(3, SEAT, 3), (1, SEAT, 0)], places(2), ([], {0: 2}, set())),
        ([(3, SEAT, 3), (1, SEAT, 0)], places(4), ([0, 1], {}, set())),
        ([(2, SEAT, 3), (1, STANDING, 0)], places(4, seats=1), ([1], {0: 1}, set())),
        ([(2, SEAT, 3), (2, SEAT, 9)], places(1), ([], {0: 1}, set())),
        ([(9, SEAT, 0)], places(), ([0], {}, set())),
        ([(1, SEAT, 0)], places(0), ([], {}, set())),
    ],
)
def test_examples(entries, free, expected):
    assert shared(line(*entries), free) == expected


def test_nobody_is_saved_for_when_it_is_too_late():
    assert shared(line((3, SEAT, 3), (1, SEAT, 0)), places(2), patience=None) == ([1], {}, {0})


def test_what_is_left_when_patience_ends_is_saved_at_once():
    assert shared(line((4, SEAT, 2), (1, SEAT, 0)), places(3)) == ([1], {0: 2}, {0})
    assert shared(line((4, SEAT, 2)), places(3), came_free=False) == ([], {}, set())


def test_nobody_is_passed_over_where_nothing_came_free_and_nobody_went_by():
    assert shared(line((3, SEAT, 0)), places(2), came_free=False) == ([], {}, set())
    assert shared(line((3, SEAT, 0), (1, SEAT, 0)), places(2), came_free=False) == ([1], {}, {0})


COUNTS = st.one_of(st.none(), st.integers(0, 6))


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from([SEAT, STANDING]), st.integers(0, 4)), max_size=8),
    COUNTS,
    COUNTS,
    COUNTS,
)
def test_nothing_is_given_twice_and_nothing_that_is_enough_is_left(entries, whole, seats, standing):
    before, left = {SEAT: seats, STANDING: standing}, places(whole, seats, standing)
    people = line(*entries)

    offered, saved, _ = shared(people, left)

    given = {one.id: one.quantity if one.id in offered else saved.get(one.id, 0) for one in people}
    assert whole is None or sum(given.values()) + left.whole == whole
    for kind, limit in before.items():
        of_kind = sum(given[one.id] for one in people if one.ticket_type_id == kind)
        assert limit is None or of_kind + left.by_type[kind] == limit
    for one in people:
        free = left.of(one.ticket_type_id)
        assert 0 <= given[one.id] <= one.quantity
        assert one.id in offered or (free is not None and free + given[one.id] < one.quantity)
