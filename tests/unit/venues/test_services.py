import pytest

from turnout.errors import Denied, InUse, NotFound, VersionMismatch
from turnout.paging import Paging
from turnout.security.actors import NOBODY, SYSTEM, Actor
from turnout.venues.hooks import VenueChanged
from turnout.venues.models import Venue
from turnout.venues.services import VenueService

NEW = {
    "name": "Teatro do Rio",
    "address": "Rua das Flores 12",
    "city": "Lisbon",
    "country": "PT",
    "capacity": 450,
    "facilities": ["bar"],
    "timezone": "Europe/Lisbon",
}


@pytest.fixture
def announced():
    return []


@pytest.fixture
def venues(session, clock, announced):
    return VenueService(session, clock, announced.append)


def names(found):
    return [row[0].name for row in found.rows]


def test_a_new_venue_belongs_to_whoever_makes_it(venues, make, clock):
    owner = make.organizer()

    venue = venues.create(NEW, Actor.of(owner.id, is_organizer=True))

    assert venue.created_by_id == owner.id
    assert venue.created_at == venue.updated_at == clock.now()


def test_the_installation_itself_may_make_venues(venues):
    assert venues.create(NEW, SYSTEM).created_by_id is None


def test_facilities_are_named_once_in_the_order_given(venues):
    venue = venues.create(NEW | {"facilities": ["parking", "bar", "parking"]}, SYSTEM)

    assert venue.facilities == ["parking", "bar"]


def test_a_venue_that_does_not_exist_is_not_found(venues):
    with pytest.raises(NotFound):
        venues.get(1)


def test_a_venue_can_be_read_so_that_nobody_changes_it_meanwhile(venues, make, statements, database):
    made = make.venue()

    with statements() as seen:
        assert venues.get(made.id, for_share=True) is made

    assert ("FOR SHARE" in seen[0]) == (database == "postgresql")


@pytest.mark.parametrize(
    "change",
    [{"name": "New"}, {"address": "New"}, {"city": "New"}, {"country": "ES"}, {"capacity": 3}, {"capacity": None}],
)
def test_what_events_depend_on_is_announced(venues, announced, make, change):
    venue = make.venue(capacity=100)

    venues.update(venue.id, change, actor=SYSTEM)

    assert announced == [VenueChanged(venue.id)]


@pytest.mark.parametrize("change", [{}, {"facilities": ["bar"]}, {"timezone": "UTC"}, {"name": "Old", "capacity": 100}])
def test_what_events_do_not_depend_on_is_not_announced(venues, announced, make, change):
    venue = make.venue(name="Old", capacity=100)

    venues.update(venue.id, change, actor=SYSTEM)

    assert announced == []


def test_a_listener_sees_the_venue_as_it_is_now(session, clock, make):
    venue = make.venue(capacity=100)
    seen = []

    def listen(event):
        seen.append(session.execute(Venue.__table__.select().where(Venue.id == event.venue_id)).one().capacity)

    VenueService(session, clock, listen).update(venue.id, {"capacity": 50}, actor=SYSTEM)

    assert seen == [50]


def test_only_the_owner_and_staff_change_and_delete(venues, make):
    owner = make.organizer()
    venue = make.venue(created_by_id=owner.id)

    for actor in (NOBODY, Actor.of(owner.id + 1, is_organizer=True)):
        with pytest.raises(Denied):
            venues.update(venue.id, {"name": "Mine"}, actor=actor)
        with pytest.raises(Denied):
            venues.delete(venue.id, actor=actor)
    venues.update(venue.id, {"name": "Mine"}, actor=Actor.of(owner.id))
    venues.update(venue.id, {"name": "Ours"}, actor=Actor.of(owner.id + 1, is_staff=True))
    assert venue.name == "Ours"


def test_nobody_owns_a_venue_without_an_owner(venues, make):
    venue = make.venue(created_by_id=None)

    with pytest.raises(Denied):
        venues.update(venue.id, {"name": "Mine"}, actor=NOBODY)


def test_another_version_than_expected_is_not_changed_or_deleted(venues, make):
    venue = make.venue()

    with pytest.raises(VersionMismatch):
        venues.update(venue.id, {"name": "New"}, actor=SYSTEM, expected={2})
    with pytest.raises(VersionMismatch):
        venues.delete(venue.id, actor=SYSTEM, expected={2})
    venues.delete(venue.id, actor=SYSTEM, expected={1})


def test_a_venue_with_events_is_not_deleted_and_the_transaction_goes_on(venues, make, session):
    venue = make.venue()
    make.event(venue=venue)

    with pytest.raises(InUse):
        venues.delete(venue.id, actor=SYSTEM)

    session.commit()
    assert venues.get(venue.id).name == venue.name


def test_search_begins_the_name_or_the_city_in_any_case_and_letter_by_letter(venues, make):
    make.venue(name="Arena Norte", city="Porto")
    make.venue(name="Teatro", city="arenal")
    make.venue(name="Grande Arena", city="Lisbon")
    make.venue(name="100%_hall", city="Lisbon")

    assert names(venues.find({"search": "ARENA"}, Paging())) == ["Arena Norte", "Teatro"]
    assert names(venues.find({"search": "100%_"}, Paging())) == ["100%_hall"]
    assert names(venues.find({"search": "%"}, Paging())) == []


def test_letters_outside_ascii_are_found(venues, make):
    make.venue(name="Évora Hall", city="Évora")

    assert names(venues.find({"search": "Évora"}, Paging())) == ["Évora Hall"]
    assert names(venues.find({"city": "Évora"}, Paging())) == ["Évora Hall"]


def test_a_minimum_capacity_leaves_out_what_is_smaller(venues, make):
    for name, capacity in (("a", 99), ("b", 100), ("c", None)):
        make.venue(name=name, capacity=capacity)

    assert names(venues.find({"min_capacity": 100}, Paging())) == ["b", "c"]


def test_filters_narrow_together(venues, make):
    make.venue(name="a", city="Santiago", country="ES")
    make.venue(name="b", city="Santiago", country="CL")
    make.venue(name="c", city="Vigo", country="ES")

    assert names(venues.find({"city": "santiago", "country": "ES"}, Paging())) == ["a"]
    assert names(venues.find({"country": "ES"}, Paging())) == ["a", "c"]


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [("name", ["a", "a", "b"]), ("-name", ["b", "a", "a"]), ("id", ["b", "a", "a"]), ("-id", ["a", "a", "b"])],
)
def test_a_walk_in_any_ordering_meets_every_venue_once(venues, make, ordering, expected):
    made = {make.venue(name=name).id for name in "baa"}
    walked, cursor = [], ""
    while cursor is not None:
        found = venues.find({"ordering": ordering}, Paging(size=1, cursor=cursor))
        walked += [row[0] for row in found.rows]
        cursor = found.next_cursor

    assert [venue.name for venue in walked] == expected
    assert {venue.id for venue in walked} == made


def test_venues_of_deleted_users_are_left_to_staff(venues, make, session):
    gone, stays = make.organizer(), make.organizer()
    left, kept = make.venue(created_by_id=gone.id), make.venue(created_by_id=stays.id)

    venues.disown([gone.id])

    session.expire_all()
    assert (left.created_by_id, left.version) == (None, 2)
    assert (kept.created_by_id, kept.version) == (stays.id, 1)
