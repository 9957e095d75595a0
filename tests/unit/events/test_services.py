from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from turnout.errors import Denied, InUse, NotFound, VersionMismatch
from turnout.events import hooks
from turnout.events.errors import WrongEventStatus
from turnout.events.models import Event
from turnout.pools.models import Pool
from turnout.security.actors import NOBODY, SYSTEM, Actor
from turnout.testing.clocks import START
from turnout.ticket_types.models import TicketType


@pytest.fixture
def actor(organizer):
    return Actor.of(organizer.id, is_organizer=True)


@pytest.fixture
def new(clock):
    start = clock.now() + timedelta(days=1)
    return {"title": "Fado", "starts_at": start, "ends_at": start + timedelta(hours=2), "price": Decimal(0)}


def test_what_is_made_is_announced(events, announced, actor, new):
    made = events.create(new, actor=actor)

    assert announced == [hooks.EventCreated(made.id)]
    assert (made.status, made.timezone, made.organizer_id) == ("draft", "UTC", actor.user_id)


def test_what_is_made_to_be_seen_at_once_is_announced_as_published_too(events, announced, actor, new):
    made = events.create(new | {"status": "published"}, actor=actor)

    assert announced == [hooks.EventCreated(made.id), hooks.EventPublished(made.id)]


def test_a_change_is_announced_with_what_was_changed(events, announced, actor, make, organizer):
    event = make.event(organizer=organizer, capacity=10, tags=[make.tag(slug="fado")])
    same = {"description": "", "starts_at": event.starts_at, "location": event.location, "reminder_hours": 24}

    events.update(event.id, same | {"title": "New", "price": Decimal(5), "tags": [], "capacity": 11}, actor=actor)

    changed = hooks.EventChanged(event.id, frozenset({"title", "price", "tags", "capacity"}))
    assert announced == [hooks.OfferChanged(event.id), changed]


def test_what_follows_from_a_change_is_announced_with_it(events, announced, actor, make, organizer):
    event = make.event(organizer=organizer, timezone="UTC", country="PT", capacity=10)
    venue = make.venue(timezone="Asia/Tokyo", country="JP")

    events.update(event.id, {"venue_id": venue.id, "timezone": None}, actor=actor)

    changed = hooks.EventChanged(event.id, frozenset({"venue_id", "timezone", "country"}))
    assert announced == [hooks.OfferChanged(event.id), changed]


def test_a_change_that_changes_nothing_is_not_announced(events, announced, actor, make, organizer):
    event = make.event(organizer=organizer, capacity=10, price=5, tags=[make.tag(slug="fado")])
    same = {"title": event.title, "capacity": 10, "price": Decimal("5.00"), "tags": ["fado"], "reminder_hours": 24}

    events.update(event.id, same, actor=actor)

    assert announced == [hooks.OfferChanged(event.id)]  # it only may be different


def test_what_is_said_of_an_event_is_no_offer(events, announced, actor, make, organizer):
    event = make.event(organizer=organizer)

    events.update(event.id, {"title": "New"}, actor=actor)

    assert announced == [hooks.EventChanged(event.id, frozenset({"title"}))]


@pytest.mark.parametrize(
    ("changes", "before"),
    [
        ({}, timedelta(hours=24)),
        ({"reminder_hours": 48}, timedelta(hours=48)),
        ({"reminder_hours": None}, None),
        ({"reminder_hours": 1, "starts_at": START + timedelta(hours=25)}, timedelta(hours=1)),
        ({"starts_at": START + timedelta(hours=25)}, timedelta(hours=24)),
    ],
)
def test_when_guests_are_reminded_follows_the_start(events, actor, new, changes, before):
    event = events.create(new, actor=actor)
    assert event.remind_at == new["starts_at"] - timedelta(hours=24)

    events.update(event.id, changes, actor=actor)

    assert event.remind_at == (None if before is None else event.starts_at - before)


@pytest.mark.parametrize(
    ("transition", "before", "announcement"),
    [
        ("publish", "draft", hooks.EventPublished),
        ("publish", "postponed", hooks.EventPublished),
        ("postpone", "published", hooks.EventPostponed),
        ("cancel", "published", hooks.EventCancelled),
        ("archive", "cancelled", hooks.EventArchived),
    ],
)
def test_a_transition_is_announced_once(events, announced, actor, make, organizer, transition, before, announcement):
    event = make.event(organizer=organizer, status=before)

    for _ in range(2):
        getattr(events, transition)(event.id, actor=actor)

    again = {"was_postponed": True} if (transition, before) == ("publish", "postponed") else {}
    offered = [hooks.OfferChanged(event.id)] if transition == "publish" else []
    assert announced == [announcement(event.id, **again), *offered]


def test_a_refused_transition_is_not_announced(events, announced, actor, make, organizer):
    event = make.event(organizer=organizer, status="archived")

    with pytest.raises(WrongEventStatus):
        events.publish(event.id, actor=actor)
    assert announced == []


def test_a_lock_shows_what_others_have_changed_meanwhile(events, actor, make, organizer, session):
    event = make.event(organizer=organizer)
    session.execute(Event.__table__.update().values(title="Changed by another", version=5))
    assert event.title != "Changed by another"

    assert events.locked(event.id, actor=actor).title == "Changed by another"
    with pytest.raises(VersionMismatch):
        events.delete(event.id, actor=actor, expected={1})


def test_the_lowest_price_is_right_though_another_changed_it_since_it_was_read(
    events, ticket_types, actor, make, organizer, session
):
    event = make.event(organizer=organizer, price=10)
    session.execute(TicketType.__table__.update().values(price=Decimal(5)))
    session.execute(Event.__table__.update().values(price=Decimal(5)))
    assert event.price == 10
    kind_id = session.scalars(select(TicketType.id)).one()

    ticket_types.change(events.locked(event.id, actor=actor), kind_id, {"price": Decimal(10)})

    assert session.scalar(select(Event.__table__.c.price)) == 10


def test_a_lock_finds_that_the_event_was_deleted_meanwhile(events, actor, make, organizer, session):
    event = make.event(organizer=organizer)
    session.execute(Event.__table__.delete())

    with pytest.raises(NotFound):
        events.locked(event.id, actor=actor)


def test_who_may_change_an_event(events, actor, make, organizer):
    event = make.event(organizer=organizer)

    for allowed in (actor, SYSTEM, Actor.of(make.staff().id, is_staff=True)):
        assert events.for_change(event.id, actor=allowed) is event
    for denied in (NOBODY, Actor.of(make.organizer().id, is_organizer=True)):
        with pytest.raises(Denied):
            events.for_change(event.id, actor=denied)
    event.status = "draft"
    with pytest.raises(NotFound):
        events.for_change(event.id, actor=NOBODY)


def test_the_events_of_users_go_with_them(events, make, organizer, session):
    kept = make.event()
    make.event(organizer=organizer, ticket_types=[{"name": "A", "capacity": 3}])
    make.event(organizer=organizer, status="draft")

    events.delete_of_users([organizer.id])
    events.delete_of_users([organizer.id])

    assert session.scalars(select(Event.id)).all() == [kept.id]
    assert session.scalar(select(func.count(Pool.id))) == 1


def test_whoever_keeps_something_of_an_event_is_told_before_it_is_deleted(
    events, actor, announced, make, organizer, session
):
    event, others = make.event(organizer=organizer), [make.event(organizer=organizer) for _ in range(2)]

    events.delete(event.id, actor=actor)
    events.delete_of_users([organizer.id])

    told = [event.event_ids for event in announced if isinstance(event, hooks.EventsDeleting)]
    assert told == [[event.id], [other.id for other in others]]
    assert session.scalars(select(Event.id)).all() == []


def test_the_events_of_users_stay_while_others_have_booked_them(api, events, make, organizer):
    event = make.event(organizer=organizer)
    api.as_(make.user()).post("/bookings", {"event_id": event.id})

    with pytest.raises(InUse):
        events.delete_of_users([organizer.id])


def test_following_a_venue_leaves_other_events_alone(events, make, session):
    venue = make.venue(name="Old", city="Porto")
    there = make.event(venue=venue, location="Foyer")
    elsewhere = make.event(venue=make.venue())
    before = elsewhere.place
    venue.name, venue.country = "New", "ES"
    session.flush()

    events.follow_venue(venue.id)

    assert there.place == f"Foyer, New, {venue.address}, Porto"
    assert (there.country, elsewhere.country, elsewhere.place) == ("ES", "PT", before)


def test_a_venues_events_follow_whoever_changes_them_meanwhile(events, make, session):
    """What the session read of an event may be of yesterday; neither change is lost."""
    venue = make.venue(name="Old")
    there = make.event(venue=venue)
    elsewhere = make.event(venue=venue, place="unchanged", country=None)
    session.execute(
        update(Event).values(version=Event.version + 1, status="postponed").execution_options(synchronize_session=False)
    )
    venue.name = "New"
    session.flush()

    for _ in range(2):
        events.follow_venue(venue.id)

    for event in (there, elsewhere):
        session.refresh(event)
        assert (event.version, event.status, event.country) == (3, "postponed", "PT")
        assert event.place.startswith("New, ")


def test_a_venue_may_hold_any_number(events, make, session):
    venue = make.venue(name="Old", capacity=100)
    event = make.event(venue=venue, capacity=100)
    venue.name, venue.capacity = "Endless field", None
    session.flush()

    events.follow_venue(venue.id)

    assert event.place.startswith("Endless field")


def test_only_staff_make_events_for_others(events, actor, make, organizer, new):
    other = make.organizer()

    with pytest.raises(Denied):
        events.create(new | {"organizer_id": other.id}, actor=actor)
    assert events.create(new | {"organizer_id": organizer.id}, actor=actor).organizer_id == organizer.id
    staff = Actor.of(make.staff().id, is_staff=True)
    assert events.create(new | {"organizer_id": other.id}, actor=staff).organizer_id == other.id
