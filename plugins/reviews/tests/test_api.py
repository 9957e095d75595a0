"""Writing, changing and deleting reviews over REST."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from turnout.events.models import ARCHIVED, CANCELLED, DRAFT, POSTPONED

from turnout_reviews.models import Review

HTML = '<script>alert("1 & 2")</script>\n<b>loud</b> 🎸'


def test_a_guest_reviews_an_event_that_is_over(ada, api, event, clock):
    made = ada.post(f"/events/{event.id}/reviews", {"rating": 4, "comment": "A fine evening."}, status=201)

    now = clock.now().isoformat().replace("+00:00", "Z")
    assert made.json == {
        "id": made.json["id"],
        "event_id": event.id,
        "rating": 4,
        "comment": "A fine evening.",
        "reviewer": "Ada L.",
        "status": "published",
        "created_at": now,
        "updated_at": now,
    }
    assert made.headers["Location"].endswith(f"/api/v1/reviews/{made.json['id']}")
    read = api.get(f"/reviews/{made.json['id']}")
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]


def test_a_comment_need_not_be(ada, event):
    assert ada.post(f"/events/{event.id}/reviews", {"rating": 5}, status=201).json["comment"] == ""


def test_markup_in_a_comment_is_text_and_kept_as_it_was_written(ada, review, api):
    made = review(ada, comment=HTML)

    read = api.get(f"/reviews/{made['id']}")
    assert read.json["comment"] == HTML
    assert read.content_type == "application/json"
    assert read.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("Ada", "Lovelace", "Ada L."), ("Ada", "", "Ada"), ("Mary Jane", "de Sousa", "Mary Jane d.")],
)
def test_reviewers_are_shown_by_first_name_and_initial_and_nothing_else(
    attend, make, over, review, api, event, first, last, shown
):
    user = make.user(first_name=first, last_name=last, username="secretname", email="secret@example.com")
    made = review(attend(user))

    for text in (api.get(f"/reviews/{made['id']}").text, api.get(f"/events/{event.id}/reviews").text):
        assert f'"reviewer":"{shown}"' in text
        assert "secret" not in text
        assert '"user' not in text
        assert "attendee" not in text


@pytest.mark.parametrize(
    ("first", "last", "username"),
    [("", "", "secretname"), ("", "Lovelace", "secretname"), ("Secretname", "", "secretname"), ("", "", "secret" * 25)],
)
def test_nobody_is_shown_by_what_they_sign_in_with(
    attend, make, over, review, api, event, staff, first, last, username
):
    made = review(attend(make.user(first_name=first, last_name=last, username=username)))

    for client in (api, staff):
        for path in (f"/reviews/{made['id']}", f"/events/{event.id}/reviews"):
            text = client.get(path).text
            assert '"reviewer":"A guest"' in text
            assert "secret" not in text.lower()


def test_a_name_that_a_username_begins_with_is_a_name(attend, make, over, review):
    made = review(attend(make.user(first_name="Ada", last_name="Lovelace", username="adalovelace")))

    assert made["reviewer"] == "Ada L."


def test_one_review_for_each_attendee_and_event(ada, attend, review, make, clock):
    first = review(ada)

    refused = review(ada, 1, status=409)
    assert (refused["code"], refused["review_id"]) == ("already_reviewed", first["id"])
    another = make.event()
    attend_again = attend(make.user(), another)
    clock.set(another.ends_at)
    review(attend_again, at=another)


def test_not_before_the_event_has_ended(attend, review, event, clock):
    guest = attend()
    clock.set(event.ends_at - timedelta(seconds=1))
    assert review(guest, status=409)["code"] == "too_early"

    clock.move(seconds=1)
    review(guest)


def test_only_with_a_confirmed_booking_of_that_event(api, attend, make, over, review, event, cancel_booking):
    elsewhere = attend(make.user(), make.event())
    user = make.user()
    cancelled = attend(user)
    cancel_booking(user.id)
    pending = attend(status="pending")

    for client in (api.as_(make.user()), elsewhere, cancelled, pending, api.as_(make.staff())):
        assert review(client, status=403)["code"] == "not_attended"


def test_only_as_the_attendee_that_was_booked_for(api, make, event, clock, review):
    guest = make.user()
    attendee = make.attendee(user=guest)
    booker = api.as_role("staff")
    booker.post("/bookings", {"event_id": event.id, "attendee_id": attendee.id}, status=201)
    clock.set(event.ends_at)

    assert review(booker, status=403)["code"] == "not_attended"
    review(api.as_(guest))


def test_whoever_is_not_signed_in_does_not_review(api, over, review):
    assert review(api, status=401)["code"] == "unauthenticated"


@pytest.mark.parametrize("status", [CANCELLED, POSTPONED])
def test_not_what_was_not_held(ada, event, session, review, status):
    event.status = status
    session.flush()

    assert review(ada, status=409)["code"] == "not_held"


def test_what_was_put_away_can_still_be_reviewed(ada, event, session, review):
    event.status = ARCHIVED
    session.flush()

    review(ada)


def test_an_event_that_one_cannot_see_has_no_reviews(api, ada, make, organizer, event, session, review):
    written = review(ada)
    event.status = DRAFT
    session.flush()

    for client in (api, ada):
        assert client.get(f"/events/{event.id}/reviews", status=404).json["code"] == "not_found"
        assert client.get(f"/reviews/{written['id']}", status=404).json["code"] == "not_found"
    assert review(ada, status=404)["code"] == "not_found"
    assert api.as_(organizer).get(f"/events/{event.id}/reviews").json["count"] == 1
    assert ada.post("/events/999999/reviews", {"rating": 5}, status=404).json["code"] == "not_found"


def test_its_author_changes_it_for_a_while(ada, review, clock):
    made = review(ada, 3, "So so.")
    path = f"/reviews/{made['id']}"
    clock.move(days=13)
    changed = ada.patch(path, {"rating": 4}).json
    assert (changed["rating"], changed["comment"], changed["created_at"]) == (4, "So so.", made["created_at"])
    assert changed["updated_at"] > made["updated_at"]
    assert ada.patch(path, {"comment": ""}).json["comment"] == ""

    clock.move(days=1)

    assert ada.patch(path, {"rating": 5}, status=409).json["code"] == "too_late"
    assert ada.get(path).json["rating"] == 4


def test_for_how_long_is_a_setting(ada, review, application, clock, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "reviews.edit_days", 1)
    made = review(ada)
    clock.move(days=1)

    ada.patch(f"/reviews/{made['id']}", {"rating": 1}, status=409)


def test_nobody_else_changes_it(api, ada, attend, staff, organizer, review):
    path = f"/reviews/{review(ada)['id']}"

    for client in (attend(), staff, api.as_(organizer)):
        assert client.patch(path, {"rating": 1}, status=403).json["code"] == "forbidden"
    assert api.patch(path, {"rating": 1}, status=401).json["code"] == "unauthenticated"
    assert api.get(path).json["rating"] == 5


def test_nobody_overwrites_what_they_have_not_seen(ada, review):
    path = f"/reviews/{review(ada)['id']}"
    tag = ada.get(path).headers["ETag"]
    assert ada.get(path, headers={"If-None-Match": tag}, status=304)
    ada.patch(path, {"rating": 4}, headers={"If-Match": tag})

    assert ada.patch(path, {"rating": 3}, headers={"If-Match": tag}, status=412).json["code"] == "version_mismatch"
    assert ada.delete(path, headers={"If-Match": tag}, status=412).json["code"] == "version_mismatch"
    assert ada.get(path).json["rating"] == 4


def test_its_author_and_staff_delete_it_and_nobody_else(api, ada, attend, staff, organizer, review, session):
    path = f"/reviews/{review(ada)['id']}"
    for client in (attend(), api.as_(organizer)):
        assert client.delete(path, status=403).json["code"] == "forbidden"
    api.delete(path, status=401)
    ada.delete(path, status=204)
    ada.get(path, status=404)

    staff.delete(f"/reviews/{review(ada)['id']}", status=204)

    assert session.scalar(select(func.count(Review.id))) == 0


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_what_is_not_there(ada, method):
    arguments = [{"rating": 1}] if method == "patch" else []

    assert getattr(ada, method)("/reviews/999999", *arguments, status=404).json["code"] == "not_found"


def test_a_token_does_what_its_scopes_say(api, ada, make, review, event):
    def client(*scopes):
        made = ada.post("/auth/tokens", {"name": "app", "scopes": list(scopes)}, status=201).json
        return type(api)(api.application, api.session, {"Authorization": f"Bearer {made['token']}"})

    assert client("events:read").post(f"/events/{event.id}/reviews", {"rating": 1}, status=403)
    made = client("reviews:create").post(f"/events/{event.id}/reviews", {"rating": 2}, status=201).json
    assert client("reviews:create").delete(f"/reviews/{made['id']}", status=403)


def test_a_write_that_is_sent_twice_happens_once(ada, event):
    headers = {"Idempotency-Key": "one-review"}

    first = ada.post(f"/events/{event.id}/reviews", {"rating": 5}, headers=headers, status=201).json

    assert ada.post(f"/events/{event.id}/reviews", {"rating": 5}, headers=headers, status=201).json == first
