"""What staff do over the API is noted, once, and staff can read it."""

import pytest

from turnout.settings import MASK
from turnout.testing.factories import PASSWORD


@pytest.fixture
def ada(make):
    return make.staff(username="ada")


@pytest.fixture
def staff(api, ada):
    return api.as_(ada)


def shown(entries):
    return [(entry.action, entry.subject, entry.subject_id, entry.label) for entry in entries()]


def test_what_staff_make_change_and_delete_is_noted(staff, ada, entries, clock):
    venue = staff.post("/venues", {"name": "Barn", "city": "Lisbon", "country": "PT"}).json["id"]
    staff.patch(f"/venues/{venue}", {"name": "Hall", "capacity": 20}, headers={"X-Request-ID": "my-request"})
    staff.delete(f"/venues/{venue}")

    assert shown(entries) == [
        ("create_venue", "venues", venue, "Barn"),
        ("change_venue", "venues", venue, "Hall"),
        ("delete_venue", "venues", venue, ""),
    ]
    made, changed, deleted = entries()
    assert made.after["city"] == "Lisbon"
    assert (changed.before, changed.after) == (None, {"name": "Hall", "capacity": 20})
    assert (changed.at, changed.user_id, changed.username) == (clock.now(), ada.id, "ada")
    assert (changed.source, changed.path) == ("api", f"PATCH /api/v1/venues/{venue}")
    assert changed.request_id == "my-request"
    assert deleted.after == {}


def test_transitions_are_noted(staff, make, entries):
    event = make.event(title="Fado", status="draft")
    staff.post(f"/events/{event.id}/publish")
    staff.post(f"/events/{event.id}/cancel")
    assert shown(entries) == [
        ("publish_event", "events", event.id, "Fado"),
        ("cancel_event", "events", event.id, "Fado"),
    ]


def test_what_is_made_below_another_thing_does_not_lend_it_its_name(staff, make, entries):
    """Not even where it has the same number."""
    event = make.event(title="Fado")
    balcony = staff.post(f"/events/{event.id}/ticket-types", {"name": "Balcony", "price": "5.00"}).json["id"]
    namesake = event if event.id == balcony + 2 else make.event(id=balcony + 2, title="Jazz")
    box = staff.post(f"/events/{namesake.id}/ticket-types", {"name": "Box", "price": "5.00"}).json["id"]
    assert box == namesake.id
    assert shown(entries)[1] == ("add_ticket_type", "events", namesake.id, "")


def test_what_is_done_to_many_or_oneself_is_noted(staff, ada, make, entries):
    make.user(username="load-test-1")
    staff.post("/users/bulk-delete", {"prefix": "load-test-"})
    staff.patch("/users/me", {"bio": "Box office"})
    assert shown(entries) == [("delete_users", "users", None, ""), ("change_me", "users", ada.id, "ada")]
    assert entries()[0].after == {"prefix": "load-test-"}


def test_a_superuser_is_staff_too(api, make, entries):
    root = make.superuser(is_staff=False, username="root")
    api.as_(root).post("/tags", {"name": "Fado"})
    assert [entry.username for entry in entries()] == ["root"]


def test_secrets_are_never_noted(api, make, entries, session):
    root = api.as_(make.superuser())
    new = {"username": "grace", "email": "grace@example.com", "password": "a sentence nobody guesses"}
    root.post("/users/staff", new, status=201)
    root.patch("/users/me", {"password": "another sentence nobody guesses", "current_password": PASSWORD})
    token = root.post("/auth/tokens", {"name": "printer", "scopes": ["events:read"]}).json
    hook = root.post("/webhooks", {"url": "https://hooks.example.com/hush", "event_types": ["*"]}).json

    made, changed, *about_secrets = entries()
    assert made.after["password"] == MASK
    assert changed.after == {"password": MASK, "current_password": MASK}
    assert [entry.after for entry in about_secrets] == [None, None]
    said = " ".join(str((entry.before, entry.after, entry.label, entry.path)) for entry in entries())
    for secret in (new["password"], "another sentence", PASSWORD, token["token"], hook["secret"], "hush"):
        assert secret not in said


def test_only_what_was_done_is_noted(staff, make, entries):
    event = make.event(status="archived")
    staff.post(f"/events/{event.id}/publish", status=409)
    staff.patch("/venues/999", {"name": "Hall"}, status=404)
    staff.post("/venues", {"name": ""}, status=400)
    staff.get("/venues")
    assert shown(entries) == []


def test_what_is_answered_again_is_not_noted_again(staff, entries):
    key = {"Idempotency-Key": "once"}
    first = staff.post("/tags", {"name": "Fado"}, headers=key)
    again = staff.post("/tags", {"name": "Fado"}, headers=key)
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(entries()) == 1


def test_nobody_else_is_noted(api, make, entries):
    event = make.event()
    api.as_(make.user()).post("/bookings", {"event_id": event.id}, status=201)
    api.as_(make.organizer()).post("/venues", {"name": "Barn", "city": "Lisbon", "country": "PT"}, status=201)
    api.post("/attendees", {"first_name": "Joan", "last_name": "Guest", "email": "joan@example.com"}, status=201)
    assert shown(entries) == []


def test_a_token_of_staff_without_the_scope_acts_as_nobody(api, staff, entries):
    token = staff.post("/auth/tokens", {"name": "printer", "scopes": ["events:read"]}).json["token"]
    guest = {"first_name": "Joan", "last_name": "Guest", "email": "joan@example.com"}
    api.post("/attendees", guest, status=201, headers={"Authorization": f"Bearer {token}"})
    assert [entry.action for entry in entries()] == ["create_token"]


def test_what_the_view_makes_of_the_body_is_not_what_was_sent(staff, entries, monkeypatch):
    from turnout.taxonomy import services

    create = services.TagService.create

    def spoiling(self, new, *args, **options):
        made = create(self, dict(new), *args, **options)
        new.clear()
        return made

    monkeypatch.setattr(services.TagService, "create", spoiling)
    staff.post("/tags", {"name": "Fado"})
    assert entries()[0].after["name"] == "Fado"


def test_staff_read_the_log(staff, ada, make, clock):
    tag = staff.post("/tags", {"name": "Fado"}, headers={"X-Request-ID": "my-request"}).json["id"]
    clock.move(minutes=1)
    staff.delete(f"/tags/{tag}")
    listed = staff.get("/audit", user=ada.id).json
    assert listed["count"] == 2
    assert [entry["action"] for entry in listed["results"]] == ["delete_tag", "create_tag"]
    entry = listed["results"][1]
    assert entry.pop("id") > 0
    assert entry == {
        "at": "2027-03-01T12:00:00Z",
        "user_id": ada.id,
        "username": "ada",
        "action": "create_tag",
        "subject": "tags",
        "subject_id": tag,
        "label": "Fado",
        "before": None,
        "after": {"name": "Fado", "slug": None, "description": ""},
        "source": "api",
        "path": "POST /api/v1/tags",
        "request_id": "my-request",
    }


def test_the_log_is_filtered(staff, clock):
    tag = staff.post("/tags", {"name": "Fado"}).json["id"]
    clock.move(minutes=1)
    staff.delete(f"/tags/{tag}")
    for query, found in (
        ({"subject": "tags", "subject_id": tag}, 2),
        ({"subject": "events"}, 0),
        ({"action": "delete_tag"}, 1),
        ({"user": 999_999}, 0),
        ({"date_from": clock.now()}, 1),
        ({"date_to": "2027-03-01T12:00:00Z"}, 1),
    ):
        assert staff.get("/audit", **query).json["count"] == found, query
    assert staff.get("/audit", page_size=1).json["next"].endswith("/audit?page_size=1&page=2")


@pytest.mark.parametrize("query", [{"user": "ada"}, {"date_from": "yesterday"}, {"subject_id": 0}, {"colour": "red"}])
def test_a_bad_filter_is_refused(staff, query):
    assert staff.get("/audit", status=400, **query).json["code"] == "validation_failed"


def test_nobody_else_reads_it(api, make):
    assert api.get("/audit", status=401).json["code"] == "unauthenticated"
    for user in (make.user(), make.organizer()):
        assert api.as_(user).get("/audit", status=403).json["code"] == "forbidden"


def test_it_cannot_be_changed(staff, entries):
    staff.post("/tags", {"name": "Fado"})
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert staff.request(method, "/audit", {}, status=405)
        assert staff.request(method, f"/audit/{entries()[0].id}", {}, status=404)
    assert len(entries()) == 1
