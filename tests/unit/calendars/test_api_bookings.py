"""One's own bookings over REST, by a secret link."""

import re
from datetime import timedelta

import pytest
from tests.unit.calendars.calendars import entry, parsed, statuses, summaries

from turnout.bookings.models import Booking


def test_bookings_are_read_by_a_secret_link(api, event, ada, book, link):
    booking = book(ada, event, tickets=[{"name": "Ada"}, {"name": "Grace"}])
    url = link(ada)
    assert re.fullmatch(r"http://localhost/api/v1/users/me/bookings\.ics\?token=tnc_[\w-]{43}", url)
    response = api.get(url)
    assert response.headers["Cache-Control"] == "private, no-store"
    found = entry(response.body)
    assert found["uid"] == f"turnout-booking-{booking['code']}"
    assert (found["summary"], found["status"], found["transp"]) == ("Fado", "CONFIRMED", "OPAQUE")
    assert found["description"] == f"Booking {booking['code']}, places: 2"
    assert not [ticket for ticket in booking["tickets"] if ticket["secret"] in response.text]
    assert parsed(response.body)["x-wr-calname"] == "My bookings"


def test_a_calendar_has_the_very_entry_of_the_mail(
    api, event, ada, book, link, outbox, application, tmp_path, monkeypatch
):
    from email import message_from_bytes, policy

    monkeypatch.setattr(application.registry.message_channels["email"].transport, "folder", tmp_path)
    book(ada, event)
    outbox.run()
    (path,) = tmp_path.glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    sent, read = entry(part.get_payload(decode=True)), entry(api.get(link(ada)).body)
    for name in ("uid", "sequence", "summary", "description", "location", "organizer", "dtstart", "dtend", "status"):
        assert str(sent[name]) == str(read[name]), name


def test_what_is_held_is_tentative_until_the_hold_is_over(api, event, ada, book, link, clock):
    booking = book(ada, event, status="pending")
    url = link(ada)
    assert statuses(api.get(url)) == {f"turnout-booking-{booking['code']}": "TENTATIVE"}
    clock.move(days=1)
    assert statuses(api.get(url)) == {}


def test_what_was_cancelled_is_told_for_a_month(api, make, ada, book, link, clock):
    event = make.event(starts_at=clock.now() + timedelta(days=100))
    booking, url = book(ada, event), link(ada)
    api.as_(ada).delete(f"/bookings/{booking['id']}")
    clock.move(days=29)
    assert list(statuses(api.get(url)).values()) == ["CANCELLED"]
    clock.move(days=2)
    assert statuses(api.get(url)) == {}


@pytest.mark.parametrize("what", ["cancel", "postpone"])
def test_what_the_organizer_calls_off_is_off(api, event, ada, organizer, book, link, what):
    book(ada, event)
    api.as_(organizer).post(f"/events/{event.id}/{what}")
    assert list(statuses(api.get(link(ada))).values()) == ["CANCELLED"]


def test_what_was_long_ago_is_not_told(api, event, ada, book, link, clock):
    book(ada, event)
    url = link(ada)
    clock.move(days=300)
    assert len(statuses(api.get(url))) == 1
    clock.move(days=100)
    assert statuses(api.get(url)) == {}


def test_nobody_sees_anybody_elses(api, make, event, ada, book, link):
    grace = make.user()
    book(ada, event)
    other = make.event(title="Another")
    book(grace, other)
    assert summaries(api.get(link(ada))) == ["Fado"]
    assert summaries(api.get(link(grace))) == ["Another"]
    # The link says whose it is, whoever else is signed in.
    assert summaries(api.as_(grace).get(link(ada))) == ["Fado"]


def test_what_is_booked_for_others_is_there(api, make, ada, book, link):
    guest = api.as_(ada).post("/attendees", {"first_name": "Bo", "last_name": "Reed", "email": "bo@example.com"}).json
    book(ada, make.event(title="For Bo"), attendee_id=guest["id"])
    assert summaries(api.get(link(ada))) == ["For Bo"]


@pytest.mark.parametrize("seller", ["organizer", "staff"])
def test_what_one_sells_is_not(api, make, session, clock, book, link, seller):
    seller = getattr(make, seller)()
    event = make.event(organizer=seller if seller.is_organizer else None, title="Sold")
    sold = {
        "event_id": event.id,
        "user_id": seller.id,
        "attendee_id": make.attendee().id,
        "code": "SOLD",
        "quantity": 1,
    }
    rest = {
        "total_amount": 0,
        "currency": "EUR",
        "status": "confirmed",
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    session.add(Booking(**sold, **rest))
    url = link(seller)
    assert summaries(api.get(url)) == []
    book(seller, event)
    assert summaries(api.get(url)) == ["Sold"]


@pytest.mark.parametrize("token", ["", "%F0%9F%8E%B6", "tnc_", "tnc_" + "A" * 43, "x" * 1000])
def test_a_wrong_secret_finds_nothing(api, ada, link, token):
    link(ada)
    problem = api.get(f"/users/me/bookings.ics?token={token}", status=404).json
    assert problem["code"] == "not_found"


@pytest.mark.parametrize("query", ["token=a&token=b", "token=" + "x" * 1001, "token=%FF", "token=%00", "tokens=a"])
def test_what_is_no_query_is_refused(api, query):
    assert api.get(f"/users/me/bookings.ics?{query}", status=400).json["code"] == "validation_failed"


def test_a_new_link_ends_the_old_one_and_can_be_ended(api, ada, link, clock):
    client = api.as_(ada)
    assert client.get("/users/me/calendar-link").json == {"is_active": False, "created_at": None}
    old = link(ada)
    since = client.get("/users/me/calendar-link").json
    clock.move(hours=1)
    new = link(ada)
    assert old != new
    assert client.get("/users/me/calendar-link").json["created_at"] > since["created_at"]
    api.get(old, status=404)
    api.get(new, status=200)
    client.delete("/users/me/calendar-link", status=204)
    api.get(new, status=404)
    client.delete("/users/me/calendar-link", status=404)


def test_a_secret_is_told_once_and_a_hash_is_kept(api, ada, link, session):
    from sqlalchemy import text

    client = api.as_(ada)
    headers = {"Idempotency-Key": "calendar-link-1"}
    url = client.post("/users/me/calendar-link", headers=headers, status=201).json["url"]
    secret = url.partition("token=")[2]
    assert secret not in client.get("/users/me/calendar-link").text
    kept = session.execute(text("SELECT token_hash FROM calendar_links")).scalar_one()
    assert len(bytes(kept)) == 32
    assert secret.encode() not in bytes(kept)
    for table in ("idempotency_keys", "audit_entries"):
        assert secret not in repr(session.execute(text(f"SELECT * FROM {table}")).all())


def test_who_is_signed_in_needs_no_secret(api, event, ada, book):
    book(ada, event)
    client = api.as_(ada)
    assert summaries(client.get("/users/me/bookings.ics")) == ["Fado"]
    api.get("/users/me/bookings.ics", status=401)


def test_a_token_needs_the_scope_to_read_and_never_makes_a_link(api, event, ada, book):
    book(ada, event)

    def by(*scopes):
        token = (
            api.as_(ada).post("/auth/tokens", {"name": "calendar", "scopes": list(scopes)}, status=201).json["token"]
        )
        return {"Authorization": f"Bearer {token}"}

    assert summaries(api.get("/users/me/bookings.ics", headers=by("calendars:read"))) == ["Fado"]
    api.get("/users/me/bookings.ics", headers=by("events:read"), status=401)
    api.post("/users/me/calendar-link", headers=by("calendars:read"), status=403)
    refused = api.as_(ada).post("/auth/tokens", {"name": "all", "scopes": ["calendars:manage_link"]}, status=400)
    assert "calendars:manage_link" in refused.text


def test_the_links_of_disabled_and_deleted_users_end(api, make, ada, link, session):
    boss = api.as_(make.superuser())
    url = link(ada)
    boss.patch(f"/users/{ada.id}", {"is_active": False})
    api.get(url, status=404)
    boss.patch(f"/users/{ada.id}", {"is_active": True})
    api.get(url, status=404)

    bob = make.user(username="test-bob")
    url = link(bob)
    api.get(url, status=200)
    boss.post("/users/bulk-delete", {"prefix": "test-bob"})
    api.get(url, status=404)


def test_a_disabled_users_link_is_no_good_even_if_it_is_there(api, ada, link, session):
    url = link(ada)
    ada.is_active = False
    session.flush()
    api.get(url, status=404)


def test_nobody_makes_a_link_who_is_nobody(api):
    for method in ("GET", "POST", "DELETE"):
        api.request(method, "/users/me/calendar-link", status=401)
