"""Webhooks over REST: who may, what is refused, and what is never shown again."""

import re

import pytest
from sqlalchemy import select

from turnout.webhooks.models import Webhook

URL = "https://example.com/hooks"
NEW = {"url": URL, "event_types": ["booking.confirmed"]}


@pytest.fixture
def made(api, ada):
    return api.as_(ada).post("/webhooks", NEW, status=201).json


def errors(response):
    return {error["field"]: error["message"] for error in response.json["errors"]}


def test_a_webhook_is_made_and_read(api, ada):
    answer = api.as_(ada).post("/webhooks", NEW | {"description": "Box office"}, status=201)
    made = answer.json
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.pop("secret"))
    assert made == {
        "id": made["id"],
        "user_id": ada.id,
        "url": URL,
        "description": "Box office",
        "event_types": ["booking.confirmed"],
        "is_active": True,
        "disabled_reason": None,
        "disabled_at": None,
        "failing_since": None,
        "previous_secret_until": None,
        "created_at": "2027-03-01T12:00:00Z",
        "updated_at": "2027-03-01T12:00:00Z",
    }
    read = api.as_(ada).get(answer.headers["Location"])
    assert read.json == made
    assert read.headers["ETag"].startswith('"1-')


def test_the_secret_is_shown_once_and_kept_sealed(api, ada, session):
    made = api.as_(ada).post("/webhooks", NEW, headers={"Idempotency-Key": "once"}).json
    again = api.as_(ada).post("/webhooks", NEW, headers={"Idempotency-Key": "once"}).json
    assert again == made
    secret = made["secret"]
    path = f"/webhooks/{made['id']}"
    rotated = api.as_(ada).post(f"{path}/rotate-secret", {}).json["secret"]
    assert rotated != secret
    for shown in (
        api.as_(ada).get(path),
        api.as_(ada).get("/webhooks"),
        api.as_(ada).patch(path, {"description": "x"}),
    ):
        assert secret not in shown.text
        assert rotated not in shown.text
        assert '"secret"' not in shown.text
    webhook = session.scalar(select(Webhook))
    for kept in (webhook.secret, webhook.previous_secret):
        assert b"whsec_" not in kept
        assert secret.removeprefix("whsec_").encode() not in kept


def test_a_webhook_is_changed_by_those_who_have_seen_it(api, ada, made):
    path = f"/webhooks/{made['id']}"
    tag = api.as_(ada).get(path).headers["ETag"]
    change = {"url": "https://other.example.com/", "event_types": ["*", "event.created", "*"], "description": "New"}
    changed = api.as_(ada).patch(path, change, headers={"If-Match": tag})
    assert {name: changed.json[name] for name in change} == change | {"event_types": ["*", "event.created"]}
    for method, sub, body in (
        ("PATCH", "", {"description": "y"}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", {}),
    ):
        api.as_(ada).request(method, path + sub, body, headers={"If-Match": tag}, status=412)
    api.as_(ada).get(path, headers={"If-None-Match": changed.headers["ETag"]}, status=304)


def test_switching_off_and_on_is_told(api, ada, made):
    path = f"/webhooks/{made['id']}"
    off = api.as_(ada).patch(path, {"is_active": False}).json
    assert (off["is_active"], off["disabled_reason"], off["disabled_at"]) == (False, "by_hand", "2027-03-01T12:00:00Z")
    refused = api.as_(ada).post(f"{path}/test", status=409).json
    assert (refused["code"], refused["reason"]) == ("webhook_off", "by_hand")
    on = api.as_(ada).patch(path, {"is_active": True}).json
    assert (on["is_active"], on["disabled_reason"], on["disabled_at"]) == (True, None, None)


def test_a_webhook_is_deleted_with_its_log(api, ada, made):
    path = f"/webhooks/{made['id']}"
    api.as_(ada).post(f"{path}/test")
    api.as_(ada).delete(path, status=204)
    api.as_(ada).get(path, status=404)
    api.as_(ada).get(f"{path}/deliveries", status=404)


def test_unknown_event_types_are_refused_with_the_known_ones(api, ada, made):
    for answer in (
        api.as_(ada).post("/webhooks", NEW | {"event_types": ["booking.confirmed", "booking.lost"]}, status=400),
        api.as_(ada).patch(f"/webhooks/{made['id']}", {"event_types": ["webhook.test"]}, status=400),
    ):
        message = errors(answer)["event_types"]
        assert "is not known; known are: *, booking.cancelled, booking.confirmed" in message
    assert "event_types" in errors(api.as_(ada).post("/webhooks", NEW | {"event_types": []}, status=400))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://2130706433/",
        "https://ada:word@example.com/",
        "https://example.com/#fragment",
        "https://example.com:0/",
        "ftp://example.com/",
        "https://example.com/" + "a" * 1000,
        "not an address",
        "",
    ],
)
def test_addresses_that_must_not_be_called_are_refused_at_once(api, ada, made, url):
    assert "url" in errors(api.as_(ada).post("/webhooks", NEW | {"url": url}, status=400))
    assert "url" in errors(api.as_(ada).patch(f"/webhooks/{made['id']}", {"url": url}, status=400))


def test_the_setting_lets_private_addresses_be_used(api, ada, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "webhooks.allow_private_addresses", True)
    for url in ("http://127.0.0.1:8000/hooks", "https://localhost/", "http://[::1]/"):
        api.as_(ada).post("/webhooks", NEW | {"url": url}, status=201)
    api.as_(ada).post("/webhooks", NEW | {"url": "http://ada@127.0.0.1/"}, status=400)


def test_nobody_has_too_many(api, ada, make, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "webhooks.most_per_user", 2)
    for _ in range(2):
        api.as_(ada).post("/webhooks", NEW)
    refused = api.as_(ada).post("/webhooks", NEW, status=409).json
    assert refused["code"] == "too_many_webhooks"
    api.as_(make.organizer()).post("/webhooks", NEW, status=201)


def paths(webhook, delivery):
    one = f"/webhooks/{webhook['id']}"
    entry = f"{one}/deliveries/{delivery['id']}"
    return [
        ("GET", one, None),
        ("PATCH", one, {"description": "x"}),
        ("POST", f"{one}/rotate-secret", {}),
        ("POST", f"{one}/test", {}),
        ("GET", f"{one}/deliveries", None),
        ("GET", entry, None),
        ("POST", f"{entry}/replay", {}),
        ("DELETE", one, None),
    ]


@pytest.fixture
def everything(api, ada, made):
    """Return every request that is about a webhook of Ada's."""
    delivery = api.as_(ada).post(f"/webhooks/{made['id']}/test").json
    return paths(made, delivery)


def test_who_is_not_signed_in_or_no_organizer_may_nothing(api, make, everything):
    for who, status in ((api, 401), (api.as_(make.user()), 403)):
        for method, path, body in [*everything, ("GET", "/webhooks", None), ("POST", "/webhooks", NEW)]:
            who.request(method, path, body, status=status)


def test_other_organizers_see_nothing(api, make, everything):
    other = api.as_(make.organizer())
    for method, path, body in everything:
        other.request(method, path, body, status=404)
    assert other.get("/webhooks").json["results"] == []


def test_a_delivery_is_found_only_at_its_own_webhook(api, ada, made, everything):
    delivery = api.as_(ada).get(f"/webhooks/{made['id']}/deliveries").json["results"][0]
    second = api.as_(ada).post("/webhooks", NEW).json
    for method, path, body in paths(second, delivery)[5:7]:
        api.as_(ada).request(method, path, body, status=404)


def test_staff_may_everything_but_know_the_secret(api, make, everything):
    staff = api.as_(make.staff())
    for method, path, body in everything:
        if path.endswith("/replay"):
            continue  # a test waits at this moment
        expected = {"/rotate-secret": 403, "/test": 409}
        status = next((code for end, code in expected.items() if path.endswith(end)), None)
        staff.request(method, path, body, status=status)


def test_staff_list_everybodys_or_one_users(api, make, ada, made):
    grace = make.organizer()
    other = api.as_(grace).post("/webhooks", NEW).json
    staff = api.as_(make.staff())
    assert [entry["id"] for entry in staff.get("/webhooks").json["results"]] == [made["id"], other["id"]]
    assert [entry["id"] for entry in staff.get("/webhooks", user=grace.id).json["results"]] == [other["id"]]
    assert [entry["id"] for entry in api.as_(ada).get("/webhooks", user=grace.id).json["results"]] == [made["id"]]


def test_a_token_needs_the_scope(api, ada, made):
    body = {"name": "monitor", "scopes": ["webhooks:read"]}
    token = api.as_(ada).post("/auth/tokens", body).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = f"/webhooks/{made['id']}"
    api.get(path, headers=headers)
    api.patch(path, {"description": "x"}, headers=headers, status=403)
    api.post(f"{path}/rotate-secret", {}, headers=headers, status=403)


def test_deliveries_are_listed_by_status(api, ada, made):
    api.as_(ada).post(f"/webhooks/{made['id']}/test")
    path = f"/webhooks/{made['id']}/deliveries"
    (waiting,) = api.as_(ada).get(path, status="waiting").json["results"]
    assert waiting["event_type"] == "webhook.test"
    assert "payload" not in waiting
    assert api.as_(ada).get(path, status="delivered").json["results"] == []


def test_one_message_is_replayed_once_at_a_time(api, hook, ada, outbox, receiver):
    webhook = hook(ada)
    receiver.answer(500)
    sent = api.as_(ada).post(f"/webhooks/{webhook['id']}/test").json
    outbox.run()
    path = f"/webhooks/{webhook['id']}/deliveries/{sent['id']}/replay"
    api.as_(ada).post(path, status=201)
    assert api.as_(ada).post(path, status=409).json["code"] == "already_waiting"
    receiver.answer(200)
    outbox.run()
    api.as_(ada).post(path, status=201)


def test_openapi_says_what_an_event_type_looks_like(api):
    """Not which there are: plugins add their own, and one that is not known is refused with all that are."""
    schemas = api.get("/openapi.json").json["components"]["schemas"]
    types = schemas["NewWebhook"]["properties"]["event_types"]["items"]
    assert re.match(types["pattern"], "booking.confirmed")
    assert re.match(types["pattern"], "*")
    assert not re.match(types["pattern"], "booking")
