"""At which venue events from elsewhere are: never at one that a stranger may change, and at one that is made once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event as Signal
from time import sleep

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.plugin import Actor, transact
from turnout.testing.clients import user_with
from turnout.venues.models import Venue

from turnout_external_events.models import KnownVenue
from turnout_external_events.services import Importer
from turnout_external_events.sources import ExternalVenue

TWIN = ExternalVenue("Twin Hall", None, "", "Porto", "PT")
LISTED = replace(TWIN, id="t1")


@pytest.fixture
def harbour(api, make):
    return api.as_(make.organizer())


@pytest.fixture
def place(bring, external):
    """Return what imports another event at a venue of elsewhere, and gives its venue here."""
    count = iter(range(1, 100))

    def place(venue, client=None, **overrides):
        number = next(count)
        return bring(external(str(number), title=f"Evening {number}", venue=venue), client, **overrides)["venue"]

    return place


@pytest.fixture
def owner(session):
    """Return whose a venue is; None: staff's."""

    def owner(venue):
        return session.scalar(select(Venue.created_by_id).where(Venue.id == venue["id"]))

    return owner


@pytest.mark.parametrize("there", [TWIN, LISTED])
def test_a_strangers_venue_of_the_same_name_is_not_taken(place, make, harbour, there):
    strangers = make.venue(name="Twin Hall", city="Porto", country="PT", capacity=3, created_by_id=make.organizer().id)

    venue = place(there, harbour, capacity=200, price="5.00", currency="EUR")

    assert venue["id"] != strangers.id


@pytest.mark.parametrize("there", [TWIN, LISTED])
@pytest.mark.parametrize("role", ["staff", "superuser"])
def test_staffs_venue_of_the_same_name_is_taken(place, make, there, role):
    staffs = make.venue(name="TWIN hall", city="porto", country="PT", created_by_id=getattr(make, role)().id)
    assert place(there)["id"] == staffs.id


def test_what_has_an_id_at_its_source_is_shared_by_all_and_changed_by_staff_alone(
    place, ines, harbour, owner, api, make
):
    venue = place(LISTED)

    assert owner(venue) is None
    assert place(replace(LISTED, name="The Twins"), harbour)["id"] == venue["id"]
    for client in (ines, harbour):
        client.patch(f"/venues/{venue['id']}", {"name": "Casino X"}, status=403)
    api.as_(make.staff()).patch(f"/venues/{venue['id']}", {"name": "Twin Hall (old port)"}, status=200)


def test_what_has_no_id_is_its_importers_own(place, ines, harbour, organizer, owner):
    mine, theirs = place(TWIN), place(TWIN, harbour)

    assert mine["id"] != theirs["id"]
    assert owner(mine) == organizer.id
    assert place(replace(TWIN, name="Twin  hall"))["id"] == mine["id"]
    ines.patch(f"/venues/{mine['id']}", {"name": "Casino X"}, status=200)
    assert place(TWIN, harbour)["id"] == theirs["id"]


def test_ones_own_venue_comes_first_and_is_nobody_elses(place, make, organizer, harbour):
    own = make.venue(name="Twin Hall", city="Porto", country="PT", created_by_id=organizer.id)

    assert place(LISTED)["id"] == own.id
    theirs = place(LISTED, harbour)["id"]
    assert theirs != own.id
    assert (place(LISTED)["id"], place(TWIN)["id"], place(LISTED, harbour)["id"]) == (own.id, own.id, theirs)


def test_a_venue_that_is_called_otherwise_here_is_known_again(ines, bring, external, almanac, later):
    event = bring(external(venue=TWIN))
    ines.patch(f"/venues/{event['venue_id']}", {"name": "Twin Hall Porto"}, status=200)
    almanac.put(external(venue=TWIN, title="New"))

    later()

    event = ines.get(f"/events/{event['id']}").json
    assert (event["title"], event["venue"]["name"]) == ("New", "Twin Hall Porto")


def test_following_its_source_an_event_stays_at_its_organizers_venues(
    ines, bring, make, organizer, owner, external, almanac, later
):
    own = make.venue(name="Twin Hall", city="Porto", country="PT", created_by_id=organizer.id)
    make.venue(name="Large", city="Porto", country="PT", created_by_id=make.organizer().id)
    event = bring(external(venue=LISTED))
    almanac.put(external(venue=LISTED, title="New"))
    later()
    assert ines.get(f"/events/{event['id']}").json["venue_id"] == own.id

    almanac.put(external(venue=replace(TWIN, name="Large")))
    later()

    venue = ines.get(f"/events/{event['id']}").json["venue"]
    assert (venue["name"], owner(venue)) == ("Large", organizer.id)


def test_a_venue_is_left_when_whoever_may_change_it_is_no_member_of_staff_any_more(place, make, session):
    chief = make.staff()
    staffs = make.venue(name="Twin Hall", city="Porto", country="PT", created_by_id=chief.id)
    assert place(LISTED)["id"] == staffs.id
    chief.is_staff = False
    session.flush()

    assert place(LISTED)["id"] != staffs.id


def test_what_was_known_goes_with_its_user(place, api, make, session, owner):
    user = make.organizer(username="going-1")
    venue = place(TWIN, api.as_(user))
    known = select(KnownVenue.venue_id).where(KnownVenue.user_id == user.id)
    assert session.scalars(known).all() == [venue["id"]]

    api.as_(make.superuser()).post("/users/bulk-delete", {"prefix": "going-"}, status=200)

    assert session.scalars(known).all() == []
    assert owner(venue) is None


class House:
    """Two who import at the same time, each from a request of their own that commits."""

    def __init__(self, application):
        self.application = application
        application.registry.almanac_url = "http://127.0.0.1:9"  # nobody asks it

    def users(self, count):
        with Session(self.application.engine) as session:
            users = [user_with("organizer", session, self.application.registry.clock) for _ in range(count)]
            session.commit()
            return [user.id for user in users]

    def at_once(self, first, second):
        """Let each bring (user's id, event); the second begins when the first has, and before it has ended."""
        has_begun = Signal()

        def bring(request, user_id, event):
            actor = Actor.of(user_id, is_organizer=True)
            request.find_service(Importer).bring("almanac", event, {}, actor=actor)

        def begin(request):
            bring(request, *first)
            has_begun.set()
            sleep(0.3)

        def join(request):
            bring(request, *second)

        def joining():
            assert has_begun.wait(10)
            transact(self.application.registry, join)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(transact, self.application.registry, begin), pool.submit(joining)]:
                done.result()

    def venues(self):
        with Session(self.application.engine) as session:
            return session.scalars(select(Venue.name)).all()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(TWIN, replace(TWIN, name="TWIN HALL"), id="one organizer, without an id"),
        pytest.param(LISTED, LISTED, id="two organizers, with an id"),
        pytest.param(LISTED, replace(TWIN, id="t2"), id="two organizers, with two ids of one hall"),
    ],
)
def test_two_at_once_make_a_venue_once(committing, external, first, second):
    house = House(committing)
    one, other = house.users(2)

    house.at_once(
        (one, external("1", title="Fado", venue=first)),
        (one if second.id is None else other, external("2", title="Jazz", venue=second)),
    )

    assert house.venues() == ["Twin Hall"]
