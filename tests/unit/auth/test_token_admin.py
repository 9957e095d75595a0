"""API tokens in the admin UI."""

import pytest
from sqlalchemy import select
from tests.unit.pages import error_at, rows_of

from turnout.audit.models import AuditEntry
from turnout.auth.models import ApiToken


@pytest.fixture
def organizer(browser):
    return browser.as_role("organizer")


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


def made(browser, *scopes, name="Printer", status=200):
    form = browser.get("/admin/api-tokens/new").forms["form"]
    form["name"] = name
    form["scopes"].force_value(list(scopes))
    return form.submit(status=status)


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_a_token_is_made_and_shown_once(organizer, api, session):
    page = made(organizer, "events:create", "users:read")
    assert page.headers["Cache-Control"] == "no-store"
    secret = page.html.find(id="secret")["value"]
    assert api.get("/users/me", headers=bearer(secret)).json["username"] == organizer.user.username
    page = page.click("Go on")
    page.mustcontain("Printer", secret[:8], "events:create", "users:read")
    assert secret not in page.text
    page = organizer.get("/admin/api-tokens")
    assert rows_of(page) == ["Printer"]
    assert secret not in page.text
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.label) == ("create", "api-tokens", "Printer")
    assert secret not in f"{entry.before} {entry.after}"


def test_only_what_one_may_give_is_offered(organizer, staff):
    page = organizer.get("/admin/api-tokens/new")
    offered = {option["value"] for option in page.html.find("select", attrs={"name": "scopes"}).find_all("option")}
    assert {"events:create", "bookings:read"} <= offered
    assert not offered & {"users:list", "users:update", "auth:create_tokens", "admin:enter"}
    offered = {option["value"] for option in staff.get("/admin/api-tokens/new").html.find_all("option")}
    assert "users:list" in offered


def test_what_is_bad_is_said_at_its_field(organizer, session, clock):
    page = made(organizer, "users:list", status=400)
    assert error_at(page, "Scopes") == "Scopes cannot be given to your tokens: users:list"
    assert error_at(made(organizer, status=400), "Scopes") == "Scopes must not be empty"
    assert error_at(made(organizer, "users:read", name="", status=400), "Name") == "Name is required"
    form = organizer.get("/admin/api-tokens/new").forms["form"]
    form["name"], form["expires_at"] = "Printer", f"{clock.now():%Y-%m-%dT%H:%M}"
    form["scopes"].force_value(["users:read"])
    assert error_at(form.submit(status=400), "Expires at") == "Expires at must be in the future"
    form["csrf_token"] = ""
    form.submit(status=400)
    assert session.scalars(select(ApiToken)).all() == []


def test_everybody_sees_their_own_and_staff_all(organizer, staff, browser, session, statements):
    secret = made(organizer, "users:read").html.find(id="secret")["value"]
    made(staff, "users:read", name="Scanner")
    token = session.scalars(select(ApiToken).where(ApiToken.name == "Printer")).one()
    other = browser.as_role("organizer")
    assert rows_of(other.get("/admin/api-tokens")) == []
    other.get(f"/admin/api-tokens/{token.id}", status=404)
    other.get(f"/admin/api-tokens/{token.id}/revoke", status=404)
    other.post(f"/admin/api-tokens/{token.id}/revoke", {"confirmation": "Printer"}, status=404)
    assert rows_of(other.get(f"/admin/api-tokens?user={organizer.user.id}")) == []
    page = staff.get("/admin/api-tokens")
    assert rows_of(page) == ["Scanner", "Printer"]
    assert secret not in page.text
    assert rows_of(staff.get(f"/admin/api-tokens?user={organizer.user.id}")) == ["Printer"]
    browser.as_role("user").get("/admin/api-tokens", status=403)


@pytest.mark.parametrize("who", ["organizer", "staff"])
def test_a_token_is_revoked(organizer, staff, api, session, who):
    secret = made(organizer, "users:read").html.find(id="secret")["value"]
    api.get("/users/me", headers=bearer(secret))
    browser = {"organizer": organizer, "staff": staff}[who]
    page = browser.get("/admin/api-tokens").click("Printer").click("Revoke")
    page.mustcontain(secret[:8], organizer.user.username)
    form = page.forms["form"]
    form["confirmation"] = "Scanner"
    form.submit(status=400)
    api.get("/users/me", headers=bearer(secret))
    form["confirmation"] = "Printer"
    form.submit(status=303)
    api.get("/users/me", status=401, headers=bearer(secret))
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "revoke")).one()
    assert (entry.username, entry.label) == (browser.user.username, "Printer")


def test_a_list_costs_the_same_however_long(staff, session, statements, clock, make):
    def cost():
        with statements() as sent:
            staff.get("/admin/api-tokens?page_size=100")
        return len(sent)

    made(staff, "users:read")
    before = cost()
    for number in range(10):
        row = ApiToken(
            user_id=make.user().id,
            name="x",
            token_hash=b"%032d" % number,
            hint="tnt_",
            scopes=[],
            created_at=clock.now(),
        )
        session.add(row)
    session.flush()
    assert cost() == before
