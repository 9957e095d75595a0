from datetime import date

import pytest
from sqlalchemy import event, select

from turnout.attendees.errors import AttendeeExists
from turnout.attendees.hooks import AttendeesDeleting
from turnout.attendees.models import Attendee
from turnout.attendees.services import AttendeeService
from turnout.bookings.models import CONFIRMED, Booking
from turnout.errors import InUse, Invalid, NotFound, VersionMismatch
from turnout.images.services import ImageAddresses, MediaRoot
from turnout.paging import Paging
from turnout.security.actors import NOBODY, SYSTEM, Actor
from turnout.users.services import UserService

NEW = {"first_name": "Ada", "last_name": "Moreira", "email": "ada@example.com", "phone": "", "date_of_birth": None}


@pytest.fixture
def announced():
    return []


@pytest.fixture
def attendees(session, clock, announced):
    users = UserService(session, clock, announced.append, {}, ImageAddresses(session, MediaRoot("/media")))
    return AttendeeService(session, clock, announced.append, users)


@pytest.fixture
def book(make, session, clock):
    def book(attendee):
        booked = make.event()
        session.add(
            Booking(
                code="AAAA2222",
                event_id=booked.id,
                user_id=booked.organizer_id,
                attendee_id=attendee.id,
                quantity=1,
                total_amount=0,
                currency="EUR",
                status=CONFIRMED,
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )
        session.flush()

    return book


def test_anybody_registers_without_an_account(attendees, clock):
    attendee = attendees.register(NEW, actor=NOBODY)

    assert attendee.user_id is None
    assert attendee.created_at == attendee.updated_at == clock.now()


def test_with_their_own_address_a_user_registers_themself(attendees, make):
    user = make.user(email="Ada@example.com")

    assert attendees.register(NEW, actor=Actor.of(user.id)).user_id == user.id


def test_with_another_address_a_user_registers_somebody_else(attendees, make):
    user = make.user(email="grace@example.com")

    assert attendees.register(NEW, actor=Actor.of(user.id)).user_id is None


def test_one_attendee_for_each_user(attendees, make):
    user = make.user(email="ada@example.com")
    own = attendees.register(NEW, actor=Actor.of(user.id))

    with pytest.raises(AttendeeExists) as caught:
        attendees.register(NEW, actor=Actor.of(user.id))

    assert caught.value.facts == {"attendee_id": own.id}


def test_an_address_is_taken_once_among_those_without_an_account_in_any_case(attendees):
    attendees.register(NEW, actor=NOBODY)

    with pytest.raises(AttendeeExists) as caught:
        attendees.register(NEW | {"email": "ADA@Example.com"}, actor=NOBODY)

    assert caught.value.facts == {}


def test_a_stranger_with_the_address_does_not_keep_its_owner_from_registering(attendees, make):
    stranger = attendees.register(NEW, actor=NOBODY)
    user = make.user(email="ada@example.com")

    own = attendees.register(NEW, actor=Actor.of(user.id))

    assert own.id != stranger.id


def test_an_address_taken_at_the_same_moment_is_taken(attendees, session, clock):
    @event.listens_for(session, "before_flush", once=True)
    def somebody_is_faster(session, _context, _objects):
        values = NEW | {"created_at": clock.now(), "updated_at": clock.now(), "version": 1}
        session.connection().execute(Attendee.__table__.insert(), values)

    with pytest.raises(AttendeeExists):
        attendees.register(NEW, actor=NOBODY)


@pytest.mark.parametrize(
    ("born", "message"),
    [
        (date(2027, 3, 2), "must not be in the future"),
        (date(1899, 12, 31), "must not be before 1900"),
    ],
)
def test_a_birthday_that_cannot_be_is_refused(attendees, born, message):
    attendee = attendees.register(NEW, actor=NOBODY)

    with pytest.raises(Invalid) as caught:
        attendees.register(NEW | {"email": "b@example.com", "date_of_birth": born}, actor=NOBODY)
    assert caught.value.errors == [("date_of_birth", message)]
    with pytest.raises(Invalid):
        attendees.update(attendee.id, {"date_of_birth": born}, actor=SYSTEM)


@pytest.mark.parametrize("born", [date(2027, 3, 1), date(1900, 1, 1), date(2024, 2, 29)])
def test_a_birthday_that_can_be_is_kept(attendees, born):
    assert attendees.register(NEW | {"date_of_birth": born}, actor=NOBODY).date_of_birth == born


def test_a_users_attendee_is_made_from_their_account_once(attendees, make, session):
    user = make.user(first_name="Ada", last_name="Moreira", email="Ada@example.com", phone="555 0100")

    made = attendees.of_user(user)

    assert (made.first_name, made.last_name, made.email) == ("Ada", "Moreira", "Ada@example.com")
    assert (made.phone, made.user_id, made.version) == ("555 0100", user.id, 1)
    assert attendees.of_user(user) is made
    assert len(session.scalars(select(Attendee)).all()) == 1


def test_who_has_no_name_is_called_by_their_username(attendees, make):
    user = make.user(username="u" * 150, first_name="", last_name="")

    assert attendees.of_user(user).first_name == "u" * 100


def test_a_users_attendee_that_is_there_takes_one_statement(attendees, make, statements):
    user = make.user()
    make.attendee(user=user)

    with statements() as seen:
        attendees.of_user(user)

    assert len(seen) == 1


def test_a_users_attendee_made_at_the_same_moment_is_the_one(attendees, make, session, connection, clock):
    user = make.user()
    values = NEW | {"user_id": user.id, "created_at": clock.now(), "updated_at": clock.now(), "version": 1}

    @event.listens_for(connection, "before_cursor_execute")
    def somebody_is_faster(_connection, _cursor, statement, *_others):
        if "ON CONFLICT" in statement:
            connection.execute(Attendee.__table__.insert(), values | {"first_name": "Faster"})

    assert attendees.of_user(user).first_name == "Faster"
    assert len(session.scalars(select(Attendee)).all()) == 1


def test_an_attendee_is_seen_by_themself_and_staff(attendees, make):
    user = make.user()
    own, without = make.attendee(user=user), make.attendee()

    assert attendees.get(own.id, Actor.of(user.id)) is own
    assert attendees.get(without.id, Actor.of(user.id, is_staff=True)) is without
    for attendee, actor in (
        (own, NOBODY),
        (own, Actor.of(user.id + 1, is_organizer=True)),
        (without, Actor.of(user.id)),
        (without, NOBODY),
    ):
        with pytest.raises(NotFound):
            attendees.get(attendee.id, actor)
    with pytest.raises(NotFound):
        attendees.get(own.id + without.id, SYSTEM)


def test_an_address_is_changed_to_a_free_one(attendees, make):
    first, second = make.attendee(email="a@example.com"), make.attendee(email="b@example.com")
    linked = make.attendee(user=make.user(), email="c@example.com")

    with pytest.raises(AttendeeExists):
        attendees.update(second.id, {"email": "A@example.com"}, actor=SYSTEM)
    assert attendees.update(second.id, {"email": "B@example.com"}, actor=SYSTEM).email == "B@example.com"
    assert attendees.update(linked.id, {"email": first.email}, actor=SYSTEM).email == "a@example.com"
    assert attendees.update(second.id, {"email": "c@example.com"}, actor=SYSTEM).email == "c@example.com"


def test_another_version_than_expected_is_not_touched(attendees, make):
    attendee = make.attendee()

    with pytest.raises(VersionMismatch):
        attendees.update(attendee.id, {"phone": "1"}, actor=SYSTEM, expected={2})
    with pytest.raises(VersionMismatch):
        attendees.delete(attendee.id, actor=SYSTEM, expected={2})


def test_an_attendee_with_bookings_is_not_deleted_and_the_transaction_goes_on(attendees, make, book, session):
    attendee = make.attendee()
    book(attendee)

    with pytest.raises(InUse):
        attendees.delete(attendee.id, actor=SYSTEM)

    session.commit()
    assert session.get(Attendee, attendee.id) is attendee


def test_search_begins_any_of_the_names_or_the_address(attendees, make):
    for number, (first, last) in enumerate((("Ana", "Silva"), ("Rui", "Anastas"), ("Eva", "Banana"))):
        make.attendee(first_name=first, last_name=last, email=f"{number}@example.com")
    make.attendee(first_name="Leo", last_name="Costa", email="anabela@example.com")

    found = attendees.find({"search": "ANA"}, Paging(), actor=SYSTEM)

    assert [row[0].first_name for row in found.rows] == ["Ana", "Rui", "Leo"]


def test_attendees_go_with_their_users_after_what_depends_on_them(attendees, announced, make, session):
    gone, stays = make.user(), make.user()
    attendee, other, without = make.attendee(user=gone), make.attendee(user=stays), make.attendee()

    attendees.delete_of_users([gone.id])

    assert announced == [AttendeesDeleting([attendee.id])]
    assert session.scalars(select(Attendee.id).order_by(Attendee.id)).all() == [other.id, without.id]


def test_whoever_keeps_something_of_an_attendee_is_told_before_it_is_deleted(attendees, announced, make, session):
    attendee = make.attendee()

    attendees.delete(attendee.id, actor=SYSTEM)

    assert announced == [AttendeesDeleting([attendee.id])]
    assert session.get(Attendee, attendee.id) is None


def test_nothing_is_told_of_users_without_attendees(attendees, announced, make):
    attendees.delete_of_users([make.user().id])

    assert announced == []
