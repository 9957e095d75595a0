"""How events are rated: in their JSON, as an ordering of their list, and always what their reviews say."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from turnout.bookings.models import Booking

from turnout_reviews.models import Rating, Review
from turnout_reviews.services import RatingService


@pytest.fixture
def ratings(session):
    return RatingService(session)


@pytest.fixture
def no_drift(ratings):
    """Prove at the end of a test that every rating is what the reviews say."""
    yield
    assert ratings.wrong() == []


@pytest.mark.parametrize(
    ("given", "average"),
    [
        ([], None),
        ([5], "5.00"),
        ([4, 5], "4.50"),
        ([1, 2, 2], "1.67"),
        ([5, 5, 4], "4.67"),
        ([1, 1, 1, 1, 1, 1, 1, 2], "1.13"),
    ],
)
def test_an_event_says_how_it_is_rated(attend, over, review, rating, given, average, no_drift):
    for number in given:
        review(attend(), number)

    assert rating() == (average, len(given))


def test_only_what_is_public_counts(ada, attend, api, make, staff, review, rating, no_drift):
    review(attend(), 2)
    made = review(ada, 5)
    path = f"/reviews/{made['id']}"
    assert rating() == ("3.50", 2)

    for _ in range(2):
        staff.post(f"{path}/report", {"reason": "spam"})
    api.as_(make.user()).post(f"{path}/report", {"reason": "spam"}, status=404)
    assert rating() == ("2.00", 1)
    ada.patch(path, {"rating": 3})
    assert rating() == ("2.00", 1)
    for _ in range(2):
        staff.post(f"{path}/restore")
    assert rating() == ("2.50", 2)
    ada.patch(path, {"rating": 4})
    assert rating() == ("3.00", 2)
    ada.patch(path, {"comment": "Good."})
    assert rating() == ("3.00", 2)
    ada.delete(path)
    assert rating() == ("2.00", 1)


def test_deleting_what_is_reported_takes_nothing_away(attend, staff, reported, review, rating, no_drift):
    review(attend(), 2)

    staff.delete(f"/reviews/{reported['id']}")

    assert rating() == ("2.00", 1)


def test_what_is_refused_changes_nothing(ada, review, rating, no_drift):
    review(ada, 5)
    review(ada, 1, status=409)

    assert rating() == ("5.00", 1)


def test_a_list_costs_one_statement_however_long(api, make, statements, review, attend, over):
    review(attend())

    def taken():
        with statements() as sent:
            assert api.get("/events", page_size=100).json["results"][0]["extensions"]["reviews"]
        return [statement for statement in sent if "reviews_" in statement], len(sent)

    own, few = taken()
    assert len(own) == 1
    for _ in range(20):
        make.event()
    own, many = taken()
    assert (len(own), many) == (1, few)


def test_events_are_listed_by_rating(api, make, attend, clock, review, session, ratings):
    events = [make.event() for _ in range(4)]
    for event in events:
        ratings.open(event.id)
    rated = {0: [3], 1: [5, 4], 2: [5]}
    for place, given in rated.items():
        guests = [attend(at=events[place]) for _ in given]
        clock.set(events[place].ends_at)
        for guest, number in zip(guests, given, strict=True):
            review(guest, number, at=events[place])

    def listed(**query):
        return [
            events.index(next(e for e in events if e.id == row["id"]))
            for row in api.get("/events", **query).json["results"]
        ]

    assert listed(ordering="-rating") == [2, 1, 0, 3]
    assert listed(ordering="rating") == [3, 0, 1, 2]
    walked, following = [], "/events?ordering=-rating&page_size=1&cursor="
    while following:
        part = api.get(following).json
        walked += [row["id"] for row in part["results"]]
        following = part["next"]
    assert walked == [events[place].id for place in (2, 1, 0, 3)]


def new_event(clock):
    start = clock.now() + timedelta(days=3)
    return {"title": "New", "starts_at": start, "ends_at": start + timedelta(hours=2), "status": "published"}


def test_a_new_event_has_its_rating_at_once(api, organizer, clock, counters):
    made = api.as_(organizer).post("/events", new_event(clock), status=201).json

    assert made["extensions"]["reviews"] == {"rating_average": None, "rating_count": 0}
    assert counters(made["id"]) == (0, 0)
    assert api.get("/events", ordering="-rating").json["count"] == 1


def test_events_made_without_the_plugin_get_their_ratings_in_time(api, event, outbox, rating):
    assert rating() == (None, 0)
    assert api.get("/events", ordering="-rating").json["count"] == 0

    outbox.run()

    assert api.get("/events", ordering="-rating").json["count"] == 1


def test_many_such_events_are_done_in_parts(make, ratings, session, monkeypatch):
    monkeypatch.setattr("turnout_reviews.services.ratings.PART", 2)
    events = [make.event().id for _ in range(3)]

    assert [ratings.mend(), ratings.mend(), ratings.mend()] == [True, False, False]
    assert session.scalars(select(Rating.event_id).order_by(Rating.event_id)).all() == events


def test_such_an_event_can_be_reviewed_before(session, event, ada, review, rating, no_drift):
    session.execute(delete(Rating))

    review(ada, 4)

    assert rating() == ("4.00", 1)


def test_what_was_deleted_without_the_plugin_is_made_good_in_time(
    attend, over, review, rating, session, outbox, no_drift
):
    gone = review(attend(), 1)
    review(attend(), 5)
    outbox.run()
    session.execute(delete(Review).where(Review.id == gone["id"]))
    assert rating() == ("3.00", 2)

    over_an_hour = outbox.application.registry.clock
    over_an_hour.move(hours=1)
    outbox.run()

    assert rating() == ("5.00", 1)


def test_nothing_is_written_where_nothing_is_wrong(event, ada, review, ratings, statements):
    review(ada)

    with statements() as sent:
        assert ratings.mend() is False
    assert not [statement for statement in sent if not statement.startswith("SELECT")]


def test_users_take_their_reviews_and_their_share_with_them(
    api, make, attend, over, review, rating, staff, reported, session, clock, no_drift
):
    another = make.event(starts_at=clock.now() + timedelta(days=1))
    gone = [make.user(username=f"gone-{number}") for number in range(2)]
    for user in gone:
        attend(user)
        attend(user, another)
    review(attend(), 4)
    review(api.as_(gone[0]), 1)
    hidden = review(api.as_(gone[1]), 2)
    staff.post(f"/reviews/{hidden['id']}/report", {"reason": "spam"})
    clock.set(another.ends_at)
    review(api.as_(gone[0]), 5, at=another)
    assert rating() == ("2.50", 2)

    assert staff.post("/users/bulk-delete", {"prefix": "gone-"}).json["deleted"] == 2

    assert rating() == ("4.00", 1)
    assert rating(another) == (None, 0)


def test_a_reporter_may_go_and_what_they_hid_stays_hidden(api, ada, review, make, staff, rating, no_drift):
    made = review(ada)
    api.as_(make.user(username="gone-1")).post(f"/reviews/{made['id']}/report", {"reason": "spam"})

    staff.post("/users/bulk-delete", {"prefix": "gone-"})

    api.get(f"/reviews/{made['id']}", status=404)
    assert staff.get("/reviews").json["results"][0]["reports"] == []
    assert rating() == (None, 0)


def test_an_attendee_without_bookings_takes_the_review_along(api, make, ada, review, rating, session, attend, no_drift):
    user = make.user()
    guest = attend(user)
    review(guest, 1)
    review(ada, 5)
    attendee = guest.get("/attendees").json["results"][0]
    # As when a member of staff, who had booked for this guest, is deleted.
    session.execute(delete(Booking).where(Booking.attendee_id == attendee["id"]))

    guest.delete(f"/attendees/{attendee['id']}", status=204)

    assert rating() == ("5.00", 1)


def test_an_attendee_who_stays_keeps_the_review(make, attend, over, review, rating, no_drift):
    guest = attend()
    review(guest, 3)
    attendee = guest.get("/attendees").json["results"][0]

    assert guest.delete(f"/attendees/{attendee['id']}", status=409).json["code"] == "in_use"

    assert rating() == ("3.00", 1)


def test_an_event_takes_all_with_it(api, make, staff, review, attend, clock, session):
    organizer = make.organizer(username="gone-1")
    event = make.event(organizer=organizer)
    guest = attend(make.user(username="gone-2"), event)
    clock.set(event.ends_at)
    review(guest, at=event)
    event_id = event.id

    staff.post("/users/bulk-delete", {"prefix": "gone-"})

    for table in (Review, Rating):
        assert session.scalars(select(table.event_id).where(table.event_id == event_id)).all() == []


def test_wrong_counters_are_found(ada, review, ratings, session, event):
    review(ada, 5)
    session.execute(update(Rating).where(Rating.event_id == event.id).values(rating_count=2, rating_total=9))
    assert ratings.wrong() == [event.id]

    ratings.mend()

    assert ratings.wrong() == []
