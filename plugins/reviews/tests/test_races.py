"""Many at once: nobody's review is lost, and every rating is what the reviews say."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.attendees.models import Attendee
from turnout.bookings.models import CONFIRMED, Booking
from turnout.errors import DomainError
from turnout.security.actors import Actor
from turnout.system import transact
from turnout.testing.factories import Make

from turnout_reviews.models import Rating, Review
from turnout_reviews.services import RatingService, ReviewService

pytestmark = pytest.mark.slow
GUESTS = 16


@pytest.fixture
def house(committing):
    """An event that is over, in a database that commits, and the ids of its guests."""
    with Session(committing.engine, expire_on_commit=False) as session:
        make = Make(session, committing.registry.clock)
        event = make.event()
        guests = [make.user() for _ in range(GUESTS)]
        for number, guest in enumerate(guests):
            attendee = make.attendee(user=guest)
            session.add(
                Booking(
                    code=f"CODE{number}",
                    event_id=event.id,
                    user_id=guest.id,
                    attendee_id=attendee.id,
                    quantity=1,
                    total_amount=0,
                    currency="EUR",
                    status=CONFIRMED,
                    created_at=event.created_at,
                    updated_at=event.created_at,
                )
            )
        session.commit()
    committing.registry.clock.set(event.ends_at + timedelta(hours=1))
    return committing, event.id, [guest.id for guest in guests]


def at_once(*actions):
    barrier = threading.Barrier(len(actions))

    def run(action):
        barrier.wait()
        try:
            return action()
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def doing(application, method, *arguments, **options):
    def do():
        return patiently(lambda: transact(application.registry, lambda request: call(request) or "done"))

    def call(request):
        getattr(request.find_service(ReviewService), method)(*arguments, **options)

    return do


def patiently(action):
    """Try again what only the crowd kept from being done, as clients do when they are answered 503."""
    for _ in range(20):
        try:
            return action()
        except DomainError:
            raise
        except Exception as error:
            last = error
    raise last


def counted(application, event_id):
    with Session(application.engine) as session:
        assert RatingService(session).wrong() == []
        rating = session.get(Rating, event_id)
        return rating.rating_count, rating.rating_total


def test_no_review_is_lost(house):
    application, event_id, guests = house

    outcomes = at_once(
        *[
            doing(application, "create", event_id, {"rating": 1 + number % 5, "comment": ""}, actor=Actor.of(guest))
            for number, guest in enumerate(guests)
        ]
    )

    assert outcomes == ["done"] * GUESTS
    assert counted(application, event_id) == (GUESTS, sum(1 + number % 5 for number in range(GUESTS)))


def test_of_two_by_the_same_guest_one_is_refused(house):
    application, event_id, guests = house
    write = doing(application, "create", event_id, {"rating": 5}, actor=Actor.of(guests[0]))

    outcomes = at_once(*[write] * 6)

    assert sorted(outcomes) == ["already_reviewed"] * 5 + ["done"]
    assert counted(application, event_id) == (1, 5)


def test_changed_reported_restored_and_deleted_at_once(house):
    application, event_id, guests = house
    staff = Actor.of(guests[-1], is_staff=True)
    for guest in guests[:4]:
        doing(application, "create", event_id, {"rating": 3}, actor=Actor.of(guest))()
    with Session(application.engine) as session:
        authors = session.execute(
            select(Review.id, Attendee.user_id).join(Attendee, Attendee.id == Review.attendee_id)
        ).all()
    actions = []
    for review_id, author in authors:
        actions += [
            doing(application, "change", review_id, {"rating": 5}, actor=Actor.of(author)),
            doing(application, "change", review_id, {"rating": 1}, actor=Actor.of(author)),
            doing(application, "report", review_id, "spam", actor=Actor.of(guests[5])),
            doing(application, "report", review_id, "spam", actor=Actor.of(guests[6])),
            doing(application, "restore", review_id),
        ]
    actions.append(doing(application, "delete", authors[0][0], actor=staff))

    assert set(at_once(*actions)) <= {"done", "not_found"}

    counted(application, event_id)


def test_mending_while_reviews_are_written(house):
    application, event_id, guests = house

    def mend():
        return patiently(
            lambda: transact(application.registry, lambda request: request.find_service(RatingService).mend())
        )

    with Session(application.engine) as session:
        session.add(Rating(event_id=event_id, rating_count=7, rating_total=21))
        session.commit()
    writes = [doing(application, "create", event_id, {"rating": 4}, actor=Actor.of(guest)) for guest in guests]

    at_once(*writes, mend, mend, mend)

    assert counted(application, event_id) == (GUESTS, 4 * GUESTS)
