"""Lists that stay fast however long they are."""

import base64
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from turnout import paging
from turnout.errors import Invalid
from turnout.events.models import Event
from turnout.paging import Ordering, Paging, fetch, part_of
from turnout.pools.models import Pool

COLUMNS = {"id": Event.id, "starts_at": Event.starts_at, "title": Event.title, "price": Event.price}


def ordering(name, *, descending=False):
    return Ordering(name, COLUMNS[name], Event.id, descending)


@pytest.fixture
def events(make, clock):
    """Seven, some of which are equal in everything but their ids."""
    organizer = make.organizer()
    return [
        make.event(
            organizer=organizer,
            title=f"Évènement {number // 2} 🎷",
            price=Decimal(number // 3) + Decimal("0.5"),
            starts_at=clock.now() + timedelta(days=number // 2, microseconds=7),
        )
        for number in (3, 1, 6, 0, 5, 2, 4)
    ]


def walk(session, order, size):
    cursor, found = "", []
    while cursor is not None:
        part = fetch(session, select(Event), order, Paging(size=size, cursor=cursor))
        assert part.has_next == (part.next_cursor is not None)
        found += [row[0].id for row in part.rows]
        cursor = part.next_cursor
    return found


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_walk_finds_everything_once_and_in_order(session, events, name, descending, size):
    values = [(getattr(event, name), event.id) for event in events]
    assert walk(session, ordering(name, descending=descending), size) == [
        event_id for _, event_id in sorted(values, reverse=descending)
    ]


def test_a_walk_is_not_disturbed_by_what_is_added_before_it(session, events, make):
    order = ordering("starts_at")
    first = fetch(session, select(Event), order, Paging(size=3, cursor=""))
    make.event(starts_at=events[0].starts_at - timedelta(days=30))
    rest = fetch(session, select(Event), order, Paging(size=10, cursor=first.next_cursor))
    ids = [row[0].id for row in [*first.rows, *rest.rows]]
    assert sorted(ids) == sorted(event.id for event in events)


@pytest.mark.usefixtures("events")
def test_pages_by_number(session):
    parts = [fetch(session, select(Event), ordering("title"), Paging(page=page, size=3)) for page in (1, 2, 3, 4)]
    assert [len(part.rows) for part in parts] == [3, 3, 1, 0]
    assert [part.has_next for part in parts] == [True, True, False, False]
    assert {(part.count, part.is_exact, part.next_cursor) for part in parts} == {(7, True, None)}


@pytest.mark.usefixtures("events")
def test_two_statements_whatever_the_size(session, statements):
    for paged in (Paging(size=1), Paging(size=100), Paging(size=3, cursor="")):
        with statements() as seen:
            fetch(session, select(Event), ordering("title"), paged)
        assert len(seen) == 2


def test_pages_by_number_end_where_they_become_slow(session):
    deepest = paging.DEEPEST // 100
    fetch(session, select(Event), ordering("title"), Paging(page=deepest, size=100))
    with pytest.raises(Invalid, match="cursor"):
        fetch(session, select(Event), ordering("title"), Paging(page=deepest + 1, size=100))


def test_a_long_list_is_counted_roughly_on_postgresql_alone(session, database):
    session.execute(insert(Pool), [{"taken": 0, "revision": 1}] * (paging.EXACT + 5))
    order = Ordering("id", Pool.id, Pool.id)
    found = fetch(session, select(Pool), order, Paging(size=1))
    if database == "sqlite":
        assert (found.count, found.is_exact) == (paging.EXACT + 5, True)
    else:
        assert found.count > paging.EXACT
        assert not found.is_exact


def forged(*members):
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("name", "cursor"),
    [
        ("title", "nonsense"),
        ("title", "ü"),
        ("title", "AAAA"),
        ("title", forged()),
        ("title", forged("title", "x")),
        ("title", forged("starts_at", "x", 1)),
        ("title", forged("title", "x", "1")),
        ("title", forged("title", "x", 2**70)),
        ("title", forged("title", "x", True)),
        ("title", forged("title", "a\x00b", 1)),
        ("title", forged("title", "\ud800", 1)),
        ("title", base64.urlsafe_b64encode(b"[" * 400).decode()),
        ("starts_at", forged("starts_at", "2027-01-01T00:00:00", 1)),
        ("starts_at", forged("starts_at", "9999-12-31T23:59:59-23:59", 1)),
        ("starts_at", forged("starts_at", "0001-01-01T00:00:00+23:59", 1)),
        ("starts_at", forged("starts_at", 5, 1)),
        ("price", forged("price", "NaN", 1)),
        ("price", forged("price", "Infinity", 1)),
        ("price", forged("price", "1e400", 1)),
        ("price", forged("price", "x", 1)),
        ("price", forged("price", [1], 1)),
        ("id", forged("id", 2**70, 1)),
        ("id", forged("id", "x", 1)),
        ("id", forged("id", None, 1)),
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused(session, name, cursor):
    with pytest.raises(Invalid) as caught:
        fetch(session, select(Event), ordering(name), Paging(cursor=cursor))
    assert [field for field, _ in caught.value.errors] == ["cursor"]


def test_a_short_list_is_cut_where_it_is():
    rows = list(range(25))
    parts = [part_of(rows, Paging(page=page)) for page in (1, 3, 4)]
    assert [(list(part.rows), part.has_next) for part in parts] == [
        (list(range(10)), True),
        ([20, 21, 22, 23, 24], False),
        ([], False),
    ]
    whole = part_of(rows, Paging(cursor=""))
    assert (list(whole.rows), whole.has_next, whole.next_cursor) == (rows, False, None)
