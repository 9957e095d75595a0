"""What an organizer deleted here does not come back by itself, and does when they choose it."""

import pytest
from sqlalchemy import select
from turnout.events.models import Event

from turnout_external_events.models import Deleted, Origin

RUNS, SEARCHES = "/external-events/runs", "/external-events/searches"
ALL = {"provider": "almanac", "query": ""}


@pytest.fixture
def run(outbox):
    """Return what lets a client run an import to its end, and gives what came of it."""

    def run(client, body):
        begun = client.post(RUNS, body, status=201).json
        outbox.run()
        done = client.get(f"{RUNS}/{begun['id']}").json
        return {name: done[name] for name in ("status", "seen", "made", "same", "refused")}

    return run


@pytest.fixture
def gone(bring, ines):
    """Import an event, and delete it."""
    event = bring()
    ines.delete(f"/events/{event['id']}", status=204)


@pytest.fixture
def titles(session):
    return lambda: session.scalars(select(Event.title).order_by(Event.id)).all()


LEFT_OUT = {"status": "done", "seen": 1, "made": 0, "same": 1, "refused": 0}
MADE = LEFT_OUT | {"made": 1, "same": 0}


@pytest.mark.usefixtures("gone")
def test_a_search_leaves_it_out(ines, run, titles):
    assert run(ines, ALL) == LEFT_OUT
    assert titles() == []


def test_a_saved_search_leaves_it_out(ines, almanac, external, later, session, titles):
    almanac.put(external("1"))
    ines.post(SEARCHES, {**ALL, "query": "fado", "name": "All fado"}, status=201)
    later(minutes=5)
    ines.delete(f"/events/{session.scalar(select(Event.id))}", status=204)
    almanac.put(external("2", title="Another fado"))

    later(hours=25)
    later(hours=25)

    assert titles() == ["Another fado"]


@pytest.mark.usefixtures("gone")
@pytest.mark.parametrize("by_hand", ["one", "ticked"])
def test_by_hand_it_is_imported_again_and_followed_by_searches(ines, run, titles, almanac, external, by_hand):
    if by_hand == "one":
        ines.post("/external-events/almanac/1/import", status=201)
    else:
        assert run(ines, {"chosen": [{"provider": "almanac", "external_id": "1"}]}) == MADE

    assert titles() == ["Fado night 1"]

    almanac.put(external(title="New"))
    run(ines, ALL)
    assert titles() == ["New"]


def test_what_was_chosen_again_can_be_deleted_again(ines, run, bring, titles):
    for _ in range(2):
        ines.delete(f"/events/{bring()['id']}", status=204)
    assert run(ines, ALL) == LEFT_OUT


@pytest.mark.usefixtures("gone")
def test_others_import_it(api, make, run):
    assert run(api.as_(make.organizer()), ALL) == MADE


def test_what_staff_delete_its_organizers_searches_leave_out(api, make, bring, ines, run):
    event = bring()
    api.as_(make.staff()).delete(f"/events/{event['id']}", status=204)
    assert run(ines, ALL) == LEFT_OUT


def test_what_could_not_be_deleted_is_not_remembered(api, make, bring, ines, session):
    event = bring(capacity=10, price="0.00", currency="EUR")
    api.as_(make.user()).post("/bookings", {"event_id": event["id"]}, status=201)

    ines.delete(f"/events/{event['id']}", status=409)

    assert session.scalars(select(Deleted.id)).all() == []
    assert session.scalars(select(Origin.event_id)).all() == [event["id"]]


def test_what_did_not_come_from_elsewhere_is_nothing_to_remember(make, organizer, ines, session):
    event = make.event(organizer=organizer)
    ines.delete(f"/events/{event.id}", status=204)
    assert session.scalars(select(Deleted.id)).all() == []


def test_nothing_is_kept_of_users_who_are_deleted(api, make, bring, session):
    user = make.organizer(username="going-1")
    first = bring(client=api.as_(user))
    api.as_(user).delete(f"/events/{first['id']}", status=204)
    assert session.scalars(select(Deleted.user_id)).all() == [user.id]
    bring(client=api.as_(user))

    api.as_(make.superuser()).post("/users/bulk-delete", {"prefix": "going-"}, status=200)

    assert session.scalars(select(Deleted.id)).all() == []
