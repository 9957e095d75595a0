"""How many statements reading takes, whatever there is to read."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from turnout.events.models import STATUSES, Event
from turnout.events.schemas import EventFilters
from turnout.paging import EXACT, Paging
from turnout.pools.models import Pool
from turnout.security.actors import NOBODY, SYSTEM, Actor


@pytest.fixture
def crowd(make, clock):
    """A hundred events, each with all that it can have."""
    organizer, venue, category = make.organizer(), make.venue(), make.category()
    tags = [make.tag() for _ in range(3)]
    kinds = [{"name": name, "capacity": 10} for name in ("A", "B", "C")]
    common = {"organizer": organizer, "venue": venue, "category": category, "tags": tags, "ticket_types": kinds}
    return [make.event(**common) for _ in range(100)]


@pytest.mark.parametrize(
    "query",
    [{}, {"cursor": ""}, {"search": "hall", "location": "lisbon", "available_only": True, "ordering": "-price"}],
    ids=["plain", "walk", "filtered"],
)
def test_a_list_takes_four_statements_however_long_it_is(api, crowd, statements, query):
    api.get("/events", **query)
    for size in (1, 10, 100):
        with statements() as seen:
            answer = api.get("/events", page_size=size, **query).json
        assert len(answer["results"]) == size
        assert len(answer["results"][-1]["tags"]) == len(answer["results"][-1]["ticket_types"]) == 3
        assert len(seen) == 4, "\n".join(seen)  # the count, the page, its ticket types, its tags


def test_an_empty_list_takes_two_statements(api, statements):
    with statements() as seen:
        assert api.get("/events").json["results"] == []
    assert len(seen) == 2, "\n".join(seen)


def test_details_take_three_statements_and_availability_two(api, crowd, statements):
    for path, number in (("", 3), ("/availability", 2), ("/ticket-types", 2)):
        with statements() as seen:
            api.get(f"/events/{crowd[0].id}{path}")
        assert len(seen) == number, "\n".join(seen)


def test_who_is_signed_in_takes_one_more(api, make, crowd, statements):
    client = api.as_(make.user())
    client.get("/events")
    with statements() as seen:
        client.get("/events")
    assert len(seen) == 5, "\n".join(seen)


def many(make, session, number):
    """Make many events quickly."""
    pattern = make.event()
    pools = [{"capacity": 10, "taken": 0, "revision": 1} for _ in range(number)]
    pool_ids = session.scalars(insert(Pool).returning(Pool.id, sort_by_parameter_order=True), pools).all()
    names = [column.key for column in Event.__table__.columns if column.key not in {"id", "pool_id", "title"}]
    same = {name: getattr(pattern, name) for name in names}
    session.execute(
        insert(Event),
        [same | {"pool_id": pool_id, "title": f"Event of many {n}"} for n, pool_id in enumerate(pool_ids)],
    )


def test_a_count_is_exact_up_to_a_thousand(api, make, session):
    many(make, session, EXACT - 1)

    assert api.get("/events").json.items() >= {"count": EXACT, "count_is_exact": True}.items()
    assert api.get("/events", max_price="0").json["count"] == EXACT


def test_a_longer_count_is_estimated_where_the_database_can(api, make, session, statements, database):
    many(make, session, 2999)
    session.execute(text("ANALYZE"))

    with statements() as seen:
        shown = api.get("/events", page_size=100).json

    if database == "sqlite":
        assert (shown["count"], shown["count_is_exact"], len(seen)) == (3000, True, 4)
    else:
        assert (shown["count_is_exact"], len(seen)) == (False, 5)
        assert 2700 <= shown["count"] <= 3300
    assert api.get("/events", search="many nothing").json.items() >= {"count": 0, "count_is_exact": True}.items()


def test_an_estimate_is_never_less_than_what_was_counted(api, make, session, database):
    many(make, session, 200)
    session.execute(text("ANALYZE"))
    many(make, session, EXACT)

    count = api.get("/events", search="many", country="PT", min_price="0", location="town").json["count"]
    assert count == EXACT + 200 if database == "sqlite" else count > EXACT


ANY = {node.name: node.missing for node in EventFilters().children}


def test_any_status_is_for_staff_and_for_ones_own(catalog, make, organizer):
    mine = {make.event(organizer=organizer, status=status).id for status in STATUSES}
    theirs = {make.event(status=status).id for status in STATUSES}

    def found(actor):
        return {event["id"] for event in catalog.find(ANY, Paging(size=100), actor=actor).rows}

    assert found(Actor.of(organizer.id, is_organizer=True)) == mine
    assert found(SYSTEM) == mine | theirs
    assert found(NOBODY) == set()


def test_what_is_nearly_full(catalog, make, organizer, clock, statements):
    soon = {"starts_at": clock.now() + timedelta(days=2)}
    wanted = [
        make.event(organizer=organizer, capacity=100, taken=90, **soon).id,
        make.event(organizer=organizer, capacity=10, taken=9, starts_at=clock.now() + timedelta(days=3)).id,
    ]
    for capacity, taken in ((100, 89), (100, 100), (None, 500), (9, 8)):
        make.event(organizer=organizer, capacity=capacity, taken=taken, **soon)
    for status in ("draft", "cancelled", "postponed", "archived"):
        make.event(organizer=organizer, status=status, capacity=10, taken=9, **soon)
    make.event(organizer=organizer, capacity=10, taken=9, starts_at=clock.now())
    theirs = make.event(capacity=10, taken=9, starts_at=clock.now() + timedelta(days=1)).id

    def found(most, actor):
        with statements() as seen:
            rows = catalog.nearly_full(most, actor=actor)
        assert len(seen) == 3, "\n".join(seen)
        return [event["id"] for event in rows]

    mine = Actor.of(organizer.id, is_organizer=True)
    assert found(8, mine) == wanted
    assert found(1, mine) == wanted[:1]
    assert found(8, SYSTEM) == [theirs, *wanted]
    assert catalog.nearly_full(8, actor=NOBODY) == []
