"""Webhooks and their deliveries in the admin UI."""

import re

import pytest
from sqlalchemy import select, update

from turnout.audit.models import AuditEntry
from turnout.webhooks.models import FAILED, Delivery, Webhook


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def owner(browser, ada):
    return browser.as_(ada)


@pytest.fixture
def webhook(hook, ada):
    return hook(ada, "event.published", description="Our shop")


@pytest.fixture
def delivery(webhook, publish, ada, outbox, session):
    publish(ada)
    outbox.run()
    return session.scalars(select(Delivery)).one()


@pytest.fixture
def entries(session):
    """Return what reads what is noted of webhooks, oldest first."""

    def entries():
        query = select(AuditEntry).where(AuditEntry.source == "admin").order_by(AuditEntry.id)
        return session.scalars(query).all()

    return entries


def secret_on(page):
    return re.search(r'id="secret" value="([^"]+)"', page.text)[1]


@pytest.mark.usefixtures("private")
def test_one_is_made_and_its_secret_shown_once(owner, receiver, session, entries):
    form = owner.get("/admin/webhooks/new").forms["form"]
    form["url"], form["event_types"], form["description"] = (
        receiver.url,
        "event.published\nbooking.confirmed",
        "Our shop",
    )
    page = form.submit(status=200)
    secret = secret_on(page)
    assert secret.startswith("whsec_")
    assert page.headers["Cache-Control"] == "no-store"
    made = session.scalars(select(Webhook)).one()
    assert (made.event_types, made.description, made.is_active) == (
        ["event.published", "booking.confirmed"], "Our shop", True,
    )  # fmt: skip
    shown = page.click("Go on")
    shown.mustcontain("Our shop", "event.published", no=secret)
    [entry] = entries()
    assert (entry.action, entry.subject, entry.subject_id) == ("create", "webhooks", made.id)
    assert secret not in str(entry.after)


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"url": ""}, "url", "is required"),
        ({"url": "shop"}, "url", "must be a web address"),
        ({"url": "http://127.0.0.1/"}, "url", "https"),
        ({"event_types": ""}, "event_types", ""),
        ({"event_types": "Not one"}, "event_types", ""),
        ({"event_types": "no.such"}, "event_types", "is not known"),
        ({"description": "x" * 201}, "description", "200"),
    ],
)
def test_what_is_wrong_stands_at_its_field(owner, session, values, field, message):
    given = {
        "url": "https://example.com/hooks",
        "event_types": "event.published",
        "description": "",
        "is_active": "true",
    }
    form = owner.get("/admin/webhooks/new").forms["form"]
    for name, value in (given | values).items():
        form[name] = True if name == "is_active" else value
    page = form.submit(status=400)
    oid = page.forms["form"][field].id
    [said] = re.findall(f'id="{oid}-error"[^>]*>(.*?)</', page.text, re.DOTALL)
    assert message in said
    assert f"{oid}-error" in page.forms["form"][field].attrs["aria-describedby"]
    assert session.scalars(select(Webhook)).all() == []


def test_lists_and_pages_are_of_ones_own(browser, owner, staff, webhook):
    for who in (owner, staff):
        who.get("/admin/webhooks").mustcontain(webhook["url"], "Our shop")
        who.get(f"/admin/webhooks/{webhook['id']}").mustcontain("Our shop", "Nothing was sent yet")
    other = browser.as_role("organizer")
    other.get("/admin/webhooks").mustcontain("Webhooks", no="Our shop")
    other.get(f"/admin/webhooks?user={webhook['user_id']}").mustcontain("Webhooks", no="Our shop")
    for path in ("", "/edit", "/delete", "/rotate-secret", "/switch-off"):
        other.get(f"/admin/webhooks/{webhook['id']}{path}", status=404)
    for path in ("/test", "/switch-on", "/switch-off", "/delete"):
        other.post(f"/admin/webhooks/{webhook['id']}{path}", status=404)
    browser.as_role("user").get("/admin/webhooks", status=403)
    staff.get(f"/admin/webhooks?user={webhook['user_id']}").mustcontain("Our shop")
    staff.get("/admin/webhooks?user=999999").mustcontain("Nothing matches", no="Our shop")


def test_one_is_changed(owner, webhook, session, api, ada, entries):
    form = owner.get(f"/admin/webhooks/{webhook['id']}/edit").forms["form"]
    assert form["event_types"].value.strip() == "event.published"
    form["description"] = "Their shop"
    form.submit(status=303).follow().mustcontain("Their shop")
    [entry] = entries()
    assert (entry.before["description"], entry.after["description"]) == ("Our shop", "Their shop")
    form["description"] = "A third shop"
    page = form.submit(status=412)
    page.mustcontain("Somebody else saved this", "Their shop")
    assert page.forms["form"]["description"].value == "A third shop"
    assert api.as_(ada).get(f"/webhooks/{webhook['id']}").json["description"] == "Their shop"


def test_off_and_on(owner, webhook, session):
    page = owner.get(f"/admin/webhooks/{webhook['id']}/switch-off")
    page.mustcontain("What waits to be sent now is not sent")
    page.forms["form"].submit(status=303).follow().mustcontain("/switch-on", no='/test"')
    assert session.scalars(select(Webhook.is_active)).one() is False
    owner.post(f"/admin/webhooks/{webhook['id']}/test", status=409)
    owner.post(f"/admin/webhooks/{webhook['id']}/switch-on", status=303).follow().mustcontain('/test"')
    assert session.scalars(select(Webhook.is_active)).one() is True


def test_a_new_secret_is_for_its_owner_alone(owner, staff, webhook, entries):
    staff.confirm(f"/admin/webhooks/{webhook['id']}/rotate-secret", status=403)
    path = f"/admin/webhooks/{webhook['id']}/rotate-secret"
    page = owner.post(path, {"keep_old": "true"}, status=200)
    page.mustcontain("signed with the old secret too, for 24 hours", "To confirm, type")
    owner.post(path, {"keep_old": "false"}, status=200).mustcontain("The old secret is good no more at once")
    page = owner.confirm(path, status=200)
    secret = secret_on(page)
    assert secret.startswith("whsec_")
    assert webhook["secret"] != secret
    [entry] = entries()
    assert entry.action == "rotate-secret"
    assert secret not in f"{entry.before}{entry.after}"


def test_a_test_is_sent_and_its_delivery_shown(owner, webhook, outbox, receiver):
    page = owner.post(f"/admin/webhooks/{webhook['id']}/test", status=303).follow()
    page.mustcontain("A test is on its way", "webhook.test", "waiting")
    outbox.run()
    owner.get(f"/admin/webhooks/{webhook['id']}").mustcontain("delivered")
    assert len(receiver.received) == 1


def test_one_is_deleted_by_its_name(owner, webhook, session):
    path = f"/admin/webhooks/{webhook['id']}/delete"
    page = owner.get(path)
    page.mustcontain("the log of what was sent is gone")
    page.forms["form"]["confirmation"] = "something"
    page.forms["form"].submit(status=400).mustcontain("type exactly")
    assert session.scalars(select(Webhook.id)).all()
    page.forms["form"]["confirmation"] = webhook["url"]
    page.forms["form"].submit(status=303)
    assert session.scalars(select(Webhook.id)).all() == []


def test_deliveries_are_listed_and_shown(owner, staff, browser, delivery, webhook):
    for who in (owner, staff):
        who.get("/admin/deliveries").mustcontain("event.published", "delivered", webhook["url"])
        who.get(f"/admin/deliveries?webhook={webhook['id']}&status=delivered").mustcontain("event.published")
        who.get("/admin/deliveries?status=failed").mustcontain("Nothing matches")
        who.get(f"/admin/deliveries/{delivery.id}").mustcontain("timestamp", delivery.message_id)
    other = browser.as_role("organizer")
    other.get("/admin/deliveries").mustcontain("Nothing was sent yet", no=webhook["url"])
    other.get(f"/admin/deliveries/{delivery.id}", status=404)
    other.post(f"/admin/deliveries/{delivery.id}/replay", status=404)


def test_what_is_about_anothers_event_is_not_its_owners_to_see(owner, staff, delivery, make, session):
    """It was sent while they were staff, say."""
    session.execute(update(Delivery).values(organizer_id=make.organizer().id))
    owner.get(f"/admin/deliveries/{delivery.id}", status=404)
    owner.get("/admin/deliveries").mustcontain("Nothing was sent yet")
    owner.get(f"/admin/webhooks/{delivery.webhook_id}").mustcontain("Nothing was sent yet")
    staff.get(f"/admin/deliveries/{delivery.id}")


def test_a_delivery_is_sent_again(owner, delivery, session, outbox, receiver):
    owner.post(f"/admin/deliveries/{delivery.id}/replay", status=303).follow().mustcontain("It is sent again")
    outbox.run()
    assert len(receiver.received) == 2
    first, again = session.scalars(select(Delivery).order_by(Delivery.id))
    assert first.message_id == again.message_id
    page = owner.post("/admin/deliveries/some/replay", [("ids", str(first.id)), ("ids", str(again.id))], status=303)
    page.follow().mustcontain("1 of 2 done")


def test_the_dashboard_tells_of_those_that_were_switched_off(staff, webhook, session):
    staff.get("/admin").mustcontain("Dashboard", no="was switched off")
    for reason, words in (("failing", "nothing got through for days"), ("gone", "its receiver is gone")):
        session.execute(update(Webhook).values(is_active=False, disabled_reason=reason))
        staff.get("/admin").mustcontain(f"{webhook['url']} was switched off: {words}.")
    session.execute(update(Webhook).values(is_active=False, disabled_reason="by_hand"))
    staff.get("/admin").mustcontain("Dashboard", no="was switched off")


def test_statements_do_not_grow(staff, hook, make, ada, publish, outbox, statements, session):
    def sent(path):
        with statements() as seen:
            staff.get(path)
        return len(seen)

    hook(ada, "event.published")
    publish(ada)
    few = {path: sent(path) for path in ("/admin/webhooks", "/admin/deliveries")}
    for _ in range(4):
        hook(make.organizer(), "event.published")
        hook(ada, "event.published")
    publish(ada)
    outbox.run()
    assert session.scalars(select(Delivery).where(Delivery.status != FAILED)).all()
    assert {path: sent(path) for path in few} == few


def test_without_the_token_nothing_is_changed(owner, webhook, session):
    owner.post(f"/admin/webhooks/{webhook['id']}/switch-off", {"csrf_token": ""}, status=400)
    owner.post(f"/admin/webhooks/{webhook['id']}/edit", {"description": "Theirs", "csrf_token": ""}, status=400)
    kept = session.scalars(select(Webhook)).one()
    assert (kept.is_active, kept.description) == (True, "Our shop")
