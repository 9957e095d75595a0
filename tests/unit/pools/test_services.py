import pytest
from sqlalchemy import literal, select
from sqlalchemy.exc import IntegrityError

from turnout.pools.errors import CapacityBelowTaken
from turnout.pools.models import Pool
from turnout.pools.services import Discrepancy, PoolService, places_left


@pytest.fixture
def pools(session, application):
    return PoolService(session, application.registry.claim_sources)


@pytest.fixture
def state(session):
    def read(pool):
        return tuple(session.execute(select(Pool.capacity, Pool.taken, Pool.revision).where(Pool.id == pool.id)).one())

    return read


def test_a_pool_is_opened(pools, state):
    assert state(pools.open(5)) == (5, 0, 1)
    assert state(pools.open(None, taken=3)) == (None, 3, 1)


def test_places_are_claimed_while_there_are_so_many(pools, state):
    pool = pools.open(5)

    assert pools.claim(pool.id, 3)
    assert not pools.claim(pool.id, 3)
    assert state(pool) == (5, 3, 1)
    assert pools.claim(pool.id, 2)
    assert not pools.claim(pool.id, 1)
    assert state(pool) == (5, 5, 1)


def test_a_pool_without_limit_never_fills(pools, state):
    pool = pools.open(None)

    assert all(pools.claim(pool.id, 100_000) for _ in range(5))
    assert state(pool) == (None, 500_000, 1)


def test_there_is_nothing_to_claim_from_a_pool_that_is_not_there(pools):
    assert not pools.claim(999_999, 1)


def test_a_claim_is_of_one_pool(pools, state):
    one, other = pools.open(5), pools.open(5)

    pools.claim(one.id, 2)

    assert (state(one)[1], state(other)[1]) == (2, 0)


def test_places_are_given_back(pools, state):
    pool = pools.open(5)
    pools.claim(pool.id, 5)

    pools.release(pool.id, 2)

    assert state(pool) == (5, 3, 1)
    assert pools.claim(pool.id, 2)


def test_a_pool_changes_size_but_not_below_what_is_taken(pools, state):
    pool = pools.open(5)
    pools.claim(pool.id, 4)

    pools.resize(pool.id, 4)
    assert state(pool) == (4, 4, 2)
    with pytest.raises(CapacityBelowTaken) as caught:
        pools.resize(pool.id, 3)
    assert caught.value.facts == {"taken": 4}
    assert state(pool) == (4, 4, 2)
    pools.resize(pool.id, None)
    pools.claim(pool.id, 96)
    pools.resize(pool.id, 100)
    assert state(pool) == (100, 100, 4)


def test_a_revision_changes_nothing_else(pools, state):
    pool = pools.open(5, taken=2)

    pools.revise(pool.id)

    assert state(pool) == (5, 2, 2)


@pytest.mark.parametrize(("capacity", "taken", "left"), [(None, 7, None), (5, 0, 5), (5, 5, 0), (5, 6, 0)])
def test_places_left(capacity, taken, left):
    assert places_left(capacity, taken) == left


def _booked(api, make, **event):
    event = make.event(**event)
    booking = api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 3}, status=201).json
    return event, booking


def test_counters_equal_what_is_booked(api, make, pools):
    event, _ = _booked(api, make, capacity=10, ticket_types=[{"name": "A", "capacity": 5}, {"name": "B"}])
    _, cancelled = _booked(api, make, ticket_types=[{"name": "A", "capacity": 5}])
    api.as_(make.staff()).delete(f"/bookings/{cancelled['id']}")
    hold = api.as_(make.user()).post("/bookings", {"event_id": event.id, "status": "pending"}, status=201)

    assert hold.json["status"] == "pending"
    assert pools.check() == []


def test_a_wrong_counter_is_found_and_repaired(api, make, pools, session, state):
    event, _ = _booked(api, make, capacity=10, ticket_types=[{"name": "A", "capacity": 5}])
    of_event, of_type = session.scalars(select(Pool).order_by(Pool.id)).all()
    assert of_event.id == event.pool_id
    of_event.taken, of_type.taken = 7, 1
    unused = pools.open(10, taken=4)

    found = pools.check()

    assert found == [
        Discrepancy(of_event.id, f"pool {of_event.id}", 7, 3),
        Discrepancy(of_type.id, f"pool {of_type.id}", 1, 3),
        Discrepancy(unused.id, f"pool {unused.id}", 4, 0),
    ]
    assert pools.repair(found[::-1]) == []
    assert pools.check() == []
    assert [state(pool)[:2] for pool in (of_event, of_type, unused)] == [(10, 3), (5, 3), (10, 0)]
    assert pools.repair([]) == []


def test_a_repair_never_oversells(api, make, pools, session, state):
    event, _ = _booked(api, make, capacity=10)
    pool = session.get(Pool, event.pool_id)
    pool.capacity, pool.taken = 2, 0

    found = pools.check()

    assert pools.repair(found) == found == pools.check()
    assert state(pool)[:2] == (2, 0)


def test_a_repair_counts_anew(session):
    pool = PoolService(session, {}).open(10, taken=1)
    pools = PoolService(
        session, {"one": select(literal(pool.id), literal(4)), "more": select(literal(pool.id), literal(2))}
    )
    stale = Discrepancy(pool.id, "", 1, 99)

    assert pools.repair([stale]) == []
    assert session.scalar(select(Pool.taken).where(Pool.id == pool.id)) == 6


@pytest.mark.parametrize("change", [{"taken": -1}, {"taken": 6}, {"capacity": 1}])
def test_the_database_itself_never_oversells(pools, session, change):
    pool = pools.open(5, taken=2)
    for name, value in change.items():
        setattr(pool, name, value)

    with pytest.raises(IntegrityError):
        session.flush()


def test_more_is_never_given_back_than_was_taken(pools, state):
    pool = pools.open(5, taken=2)

    with pytest.raises(IntegrityError):
        pools.release(pool.id, 3)
