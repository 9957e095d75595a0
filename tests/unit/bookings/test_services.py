"""The plural primitive: many requests in one call, each with its own outcome."""

from contextlib import contextmanager

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.errors import DuplicateBooking, NotOnSale
from turnout.bookings.extensions import BookingExtensions
from turnout.bookings.models import Booking
from turnout.bookings.services import Booker, BookingCatalog, BookingRequest, BookingService
from turnout.bookings.services import book as booking_module
from turnout.bookings.services.requests import Line
from turnout.errors import Invalid, NotFound, Unauthenticated
from turnout.events.models import Event
from turnout.pools.errors import SoldOut
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.security.actors import SYSTEM, Actor
from turnout.system import system_request
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.ticket_types.models import TicketType


@pytest.fixture
def book_all(application, session):
    """Book in one transaction that commits; return the outcomes."""

    def book_all(*requests):
        session.commit()
        with system_request(application.router) as request:
            outcomes = request.find_service(Booker).book(requests)
        session.expire_all()
        return outcomes

    return book_all


def wish(user, event, places=1, *, kind=None, **more):
    lines = [Line(None if kind is None else kind.id)] * places
    return BookingRequest(event.id, Actor.of(user.id, is_staff=user.is_staff), lines, **more)


def made(outcome):
    """Tell how many places an outcome got, or the class of its refusal."""
    return outcome["quantity"] if isinstance(outcome, dict) else type(outcome)


def test_nobody_wants_anything(book_all):
    assert book_all() == []


def test_each_request_has_its_own_outcome(book_all, make, taken):
    ada, event = make.user(), make.event(capacity=10)
    off = make.event(status="postponed")
    draft = make.event(status="draft")
    foreign = make.attendee(user=make.user())

    outcomes = book_all(
        wish(ada, event, 2),
        wish(ada, event),
        wish(make.user(is_active=False), event),
        wish(make.user(), off),
        wish(make.user(), draft),
        wish(make.user(), event, 11),
        wish(make.user(), event, attendee_id=foreign.id),
        wish(make.user(), event, hold=True),
    )

    assert [made(outcome) for outcome in outcomes] == [
        2, DuplicateBooking, Unauthenticated, NotOnSale, NotFound, Invalid, Invalid, 1,
    ]  # fmt: skip
    assert [outcomes[0]["status"], outcomes[7]["status"]] == ["confirmed", "pending"]
    assert taken(event) == 3


def test_an_event_or_a_user_that_does_not_exist(book_all, make):
    ada, event = make.user(), make.event()
    nobody = BookingRequest(event.id, Actor.of(999_999))

    outcomes = book_all(BookingRequest(999_999, Actor.of(ada.id)), nobody, wish(ada, event))

    assert [made(outcome) for outcome in outcomes] == [NotFound, Unauthenticated, 1]


def test_who_comes_first_is_served_first(book_all, make, taken):
    event = make.event(capacity=5)
    users = [make.user() for _ in range(5)]

    outcomes = book_all(*(wish(user, event, places) for user, places in zip(users, (2, 4, 2, 2, 1), strict=True)))

    assert [made(outcome) for outcome in outcomes] == [2, SoldOut, 2, SoldOut, 1]
    assert outcomes[1].facts == {"seats_available": 3}
    assert taken(event) == 5


def test_a_big_request_is_refused_and_later_smaller_ones_are_not(book_all, make, taken, kinds):
    event = make.event(capacity=100, ticket_types=[{"name": "Seat", "capacity": 3}, {"name": "Standing"}])
    seat, standing = kinds(event)

    outcomes = book_all(
        wish(make.user(), event, 4, kind=seat),
        BookingRequest(event.id, Actor.of(make.user().id), [Line(seat.id), Line(seat.id), Line(standing.id)]),
        wish(make.user(), event, 2, kind=seat),
        wish(make.user(), event, 1, kind=seat),
        wish(make.user(), event, 9, kind=standing),
    )

    assert [made(outcome) for outcome in outcomes] == [SoldOut, 3, SoldOut, 1, 9]
    assert (taken(event), taken(seat)) == (13, 3)


def test_bookings_are_numbered_in_the_order_in_which_they_came(book_all, make):
    event = make.event(capacity=None)
    outcomes = book_all(*(wish(make.user(), event, 3) for _ in range(20)))

    ids = [outcome["id"] for outcome in outcomes]
    tickets = [ticket["id"] for outcome in outcomes for ticket in outcome["tickets"]]
    assert ids == sorted(ids)
    assert tickets == sorted(tickets)


def test_what_is_said_of_each_is_what_is_kept(book_all, make, session):
    event = make.event(price="7.50")
    other = make.event(ticket_types=[{"price": 3, "capacity": 10}])
    outcomes = book_all(
        *(wish(make.user(), where, places, hold=places == 2) for where, places in ((event, 1), (other, 2), (event, 3)))
    )

    shown = BookingCatalog(session, BookingExtensions({}, None))
    for outcome in outcomes:
        assert shown.get(outcome["id"], actor=SYSTEM) == outcome


def test_several_events_at_once(book_all, make, taken):
    first, second, third = (make.event(capacity=2) for _ in range(3))
    ada, grace = make.user(), make.user()

    outcomes = book_all(
        wish(ada, third, 2),
        wish(grace, first),
        wish(ada, first),
        wish(grace, third),
        wish(ada, second),
        wish(ada, first),
    )

    assert [made(outcome) for outcome in outcomes] == [2, 1, 1, SoldOut, 1, DuplicateBooking]
    assert [taken(event) for event in (first, second, third)] == [2, 1, 2]


def test_the_same_attendee_twice_in_one_call(book_all, make, session, taken):
    ada, grace, guest = make.user(), make.user(), make.attendee()
    event, open_event = make.event(bookings_per_attendee=2), make.event(bookings_per_attendee=None)

    outcomes = book_all(
        *(wish(ada, event) for _ in range(3)),
        wish(grace, event, attendee_id=guest.id),
        wish(ada, event, attendee_id=guest.id),
        wish(grace, event, attendee_id=guest.id),
        *(wish(ada, open_event) for _ in range(3)),
    )

    assert [made(outcome) for outcome in outcomes] == [1, 1, DuplicateBooking, 1, 1, DuplicateBooking, 1, 1, 1]
    assert session.scalar(select(func.count()).where(Attendee.user_id == ada.id)) == 1
    assert len({outcome["attendee_id"] for outcome in (*outcomes[:2], *outcomes[6:])}) == 1
    slots = select(Booking.attendee_slot).where(Booking.event_id == event.id).order_by(Booking.id)
    assert session.scalars(slots).all() == [1, 2, 1, 2]
    assert taken(event) == 4


def test_a_slot_that_is_free_again_is_used_again(book_all, make, session, api):
    ada, event = make.user(), make.event(bookings_per_attendee=3)
    outcomes = book_all(*(wish(ada, event) for _ in range(3)))
    api.as_(ada).delete(f"/bookings/{outcomes[1]['id']}")

    [again] = book_all(wish(ada, event))

    assert session.get(Booking, again["id"]).attendee_slot == 2


def test_a_refused_request_takes_no_slot(book_all, make):
    ada, event = make.user(), make.event(capacity=2)

    outcomes = book_all(wish(ada, event, 3), wish(ada, event, 2))
    assert [made(outcome) for outcome in outcomes] == [SoldOut, 2]


def test_expired_holds_are_released_for_whoever_came_first(book_all, make, clock, taken):
    event = make.event(capacity=3)
    book_all(wish(make.user(), event, 3, hold=True))
    clock.move(minutes=15)

    outcomes = book_all(*(wish(make.user(), event, places) for places in (2, 2, 1)))

    assert [made(outcome) for outcome in outcomes] == [2, SoldOut, 1]
    assert taken(event) == 3


def test_a_hold_does_not_expire_while_it_grows(application, session, make, book_all, clock, taken):
    """Its last moment passes while it is changed: the whole change still happens at one moment."""
    ada, event = make.user(), make.event(capacity=3)
    [held] = book_all(wish(ada, event, hold=True))
    clock.move(minutes=5)
    book_all(wish(make.user(), event, 2))
    clock.move(minutes=10, seconds=-1)
    session.commit()

    class Running(ManualClock):
        def now(self):
            return self.move(seconds=0.5)

    application.registry.clock = Running(clock.now())
    with pytest.raises(SoldOut), system_request(application.router) as request:
        request.find_service(BookingService).update(held["id"], {"quantity": 2}, actor=SYSTEM)
    assert taken(event) == 3


# What is read may no longer be true when it is claimed.


class Shop:
    """An application that commits, and a change that is made once, just after the facts were read."""

    def __init__(self, application, monkeypatch):
        self.application = application
        self.session = Session(application.engine, expire_on_commit=False)
        self.make = Make(self.session, application.registry.clock)
        self.monkeypatch = monkeypatch
        self.readings = 0

    def meanwhile(self, change):
        """Let `change(session)` happen after the first reading: elsewhere, or on SQLite, which would wait, here."""
        self.session.commit()
        read = booking_module.read_facts

        def read_and_change(session, *arguments):
            facts = read(session, *arguments)
            self.readings += 1
            if self.readings == 1:
                if session.get_bind().dialect.name == "sqlite":
                    change(session)
                    session.flush()
                else:
                    with Session(self.application.engine) as other, other.begin():
                        change(other)
            return facts

        self.monkeypatch.setattr(booking_module, "read_facts", read_and_change)

    def book(self, *requests):
        self.session.commit()
        with system_request(self.application.router) as request:
            return request.find_service(Booker).book(requests)

    @contextmanager
    def looking(self):
        with Session(self.application.engine) as session:
            yield session

    def taken(self, *owners):
        with self.looking() as session:
            assert PoolService(session, self.application.registry.claim_sources).check() == []
            return [session.get(Pool, owner.pool_id).taken for owner in owners]


@pytest.fixture
def shop(committing, monkeypatch):
    shop = Shop(committing, monkeypatch)
    yield shop
    shop.session.close()


def revise(session, event):
    session.execute(update(Pool).where(Pool.id == event.pool_id).values(revision=Pool.revision + 1))


def test_the_event_is_cancelled_meanwhile(shop):
    event, ada = shop.make.event(), shop.make.user()

    def cancel(session):
        revise(session, event)
        session.execute(update(Event).where(Event.id == event.id).values(status="cancelled"))

    shop.meanwhile(cancel)

    assert [made(outcome) for outcome in shop.book(wish(ada, event))] == [NotOnSale]
    assert shop.readings == 2
    assert shop.taken(event) == [0]


def test_the_price_changes_meanwhile(shop):
    event, ada = shop.make.event(price=10), shop.make.user()

    def raise_price(session):
        revise(session, event)
        session.execute(update(TicketType).where(TicketType.event_id == event.id).values(price=12))

    shop.meanwhile(raise_price)

    [outcome] = shop.book(wish(ada, event, 2))
    assert outcome["total_amount"] == "24.00"
    assert shop.taken(event) == [2]


def test_a_type_gets_its_first_limit_meanwhile(shop):
    event, users = shop.make.event(), [shop.make.user() for _ in range(2)]
    shop.session.flush()
    [kind] = shop.session.scalars(select(TicketType).where(TicketType.event_id == event.id))

    def limit(session):
        revise(session, event)
        pool = Pool(capacity=1, taken=0, revision=1)
        session.add(pool)
        session.flush()
        session.execute(update(TicketType).where(TicketType.id == kind.id).values(pool_id=pool.id))

    shop.meanwhile(limit)

    assert [made(outcome) for outcome in shop.book(*(wish(user, event) for user in users))] == [1, SoldOut]
    shop.session.refresh(kind)
    shop.session.commit()
    assert shop.taken(event, kind) == [1, 1]


@pytest.mark.parametrize("of_event", [True, False])
def test_places_go_to_others_meanwhile(shop, of_event):
    """No revision changes: the claim itself finds too few, gives back what it took, and who still fits is served."""
    event = shop.make.event(ticket_types=[{"name": "Seat", "capacity": 90}, {"name": "Standing", "capacity": 90}])
    users = [shop.make.user() for _ in range(3)]
    shop.session.flush()
    kinds = shop.session.scalars(
        select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id)
    ).all()
    crowded = event if of_event else kinds[1]

    def crowd(session):
        # Not taken by bookings, but by a capacity that shrinks without a new revision, as taken places do.
        session.execute(update(Pool).where(Pool.id == crowded.pool_id).values(capacity=3))

    shop.meanwhile(crowd)

    outcomes = shop.book(
        wish(users[0], event, 2, kind=kinds[1]), wish(users[1], event, 2, kind=kinds[1]), wish(users[2], event, 1)
    )
    assert [made(outcome) for outcome in outcomes] == [2, SoldOut, 1]
    assert shop.readings == 2
    assert shop.taken(event, *kinds) == [3, 1, 2]


def test_the_capacity_grows_meanwhile(shop):
    event, users = shop.make.event(capacity=1), [shop.make.user() for _ in range(2)]

    def grow(session):
        session.execute(update(Pool).where(Pool.id == event.pool_id).values(capacity=2, revision=Pool.revision + 1))

    shop.meanwhile(grow)

    assert [made(outcome) for outcome in shop.book(*(wish(user, event) for user in users))] == [1, 1]
    assert shop.taken(event) == [2]


def test_a_change_of_another_event_is_none_of_this(shop):
    event, other, ada = shop.make.event(), shop.make.event(), shop.make.user()
    shop.meanwhile(lambda session: revise(session, other))

    assert [made(outcome) for outcome in shop.book(wish(ada, event))] == [1]
    assert shop.readings == 1


def test_ones_attendee_is_deleted_meanwhile(shop, database):
    """The whole request is tried again, and makes another attendee."""
    if database == "sqlite":
        pytest.skip("SQLite lets one writer in at a time: nothing happens meanwhile")
    event, ada = shop.make.event(), shop.make.user()
    own_id = shop.make.attendee(user=ada).id
    client = Api(shop.application, shop.session).as_(ada)
    shop.meanwhile(lambda session: session.execute(delete(Attendee).where(Attendee.id == own_id)))

    made = client.post("/bookings", {"event_id": event.id}, status=201).json

    assert made["attendee_id"] != own_id
    assert shop.taken(event) == [1]
