"""How many statements reading takes, whatever there is to read."""

import pytest
from sqlalchemy import insert, text

from turnout.events.models import Event
from turnout.paging import EXACT
from turnout.pools.models import Pool


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
