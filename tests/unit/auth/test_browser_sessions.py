"""How long a browser stays signed in, and what ends it."""

import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from turnout.auth.models import SignInSession
from turnout.db import make_engine
from turnout.security.csrf import CSRF_COOKIE, SESSION_COOKIE
from turnout.testing.applications import Application
from turnout.testing.browsers import Browser
from turnout.testing.clients import Api
from turnout.testing.factories import PASSWORD, Make
from turnout.testing.statements import recorded

TOKEN = "the-csrf-token"


def cookies(token):
    """Return the headers of a script on one of our pages."""
    return {"Cookie": f"{SESSION_COOKIE}={token}; {CSRF_COOKIE}={TOKEN}", "X-CSRF-Token": TOKEN}


@pytest.fixture
def sign_in(browser, make):
    def sign_in(user):
        page = type(browser)(browser.application, browser.session)
        page.post("/admin/sign-in", {"login": user.username, "password": PASSWORD}, status=303)
        return cookies(page.cookies[SESSION_COOKIE])

    return sign_in


@pytest.fixture
def olga(make):
    return make.organizer(username="olga")


@pytest.fixture
def here(sign_in, olga):
    return sign_in(olga)


def test_a_browser_that_is_not_seen_for_an_hour_is_signed_out(api, here, clock):
    for minutes in (59, 59, 59):
        clock.move(minutes=minutes)
        api.get("/users/me", headers=here)
    clock.move(minutes=60)
    api.get("/users/me", headers=here, status=401)
    clock.move(minutes=-30)
    api.get("/users/me", headers=here)


def test_and_in_any_case_after_twelve_hours(api, here, clock):
    for _ in range(23):
        clock.move(minutes=30)
        api.get("/users/me", headers=here)
    clock.move(minutes=29, seconds=59)
    api.get("/users/me", headers=here)
    clock.move(seconds=1)
    api.get("/users/me", headers=here, status=401)


def test_both_limits_are_settings(workshop, database):
    settings = {"auth.idle_minutes": "5", "auth.session_hours": "1"}
    application = workshop.application(database, settings=settings)
    clock = application.registry.clock
    with (
        application.rolled_back() as connection,
        Session(connection, join_transaction_mode="create_savepoint") as session,
    ):
        user = Make(session, clock).organizer()
        api, page = Api(application, session), Browser(application, session)
        page.post("/admin/sign-in", {"login": user.username, "password": PASSWORD}, status=303)
        here = cookies(page.cookies[SESSION_COOKIE])
        for _ in range(14):
            clock.move(minutes=4)
            api.get("/users/me", headers=here)
        clock.move(minutes=4)
        api.get("/users/me", headers=here, status=401)
        clock.move(minutes=-4)
        api.get("/users/me", headers=here)
        clock.move(minutes=-1)
        session.execute(
            text("UPDATE sign_in_sessions SET last_seen_at = :then"),
            {"then": clock.now().replace(tzinfo=None) if database == "sqlite" else clock.now()},
        )
        clock.move(minutes=5)
        api.get("/users/me", headers=here, status=401)


def test_that_it_was_seen_is_written_once_a_minute_when_the_request_is_over(api, here, clock, statements, session):
    with statements() as within_a_minute:
        clock.move(seconds=59)
        api.get("/users/me", headers=here)
        api.get("/users/me", headers=here)
    assert not [statement for statement in within_a_minute if statement.startswith("UPDATE")]
    clock.move(seconds=1)
    with statements() as seen:
        api.get("/users/me", headers=here)
        api.get("/users/me", headers=here)
    writing = [statement for statement in seen if "UPDATE sign_in_sessions" in statement]
    assert len(writing) == 1
    first_request = [statement for statement in seen if "FROM users" in statement][:2]
    assert seen.index(writing[0]) > seen.index(first_request[1])
    assert session.scalars(select(SignInSession.last_seen_at)).all() == [clock.now()]


def test_an_end_is_never_undone_by_having_been_seen(api, here, clock):
    clock.move(minutes=2)
    api.post("/auth/logout", headers=here, status=204)
    api.get("/users/me", headers=here, status=401)


def test_signing_out_over_the_api_ends_it(api, here):
    api.post("/auth/logout", headers=here, status=204)
    api.get("/users/me", headers=here, status=401)


def test_a_new_password_ends_the_others_and_keeps_the_one_that_set_it(api, sign_in, olga):
    here, there = sign_in(olga), sign_in(olga)
    tokens = api.post("/auth/login", {"username": "olga", "password": PASSWORD}).json
    change = {"password": "another quiet harbour", "current_password": PASSWORD}
    api.patch("/users/me", change, headers=here)
    api.get("/users/me", headers=here)
    api.get("/users/me", headers=there, status=401)
    api.get("/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}, status=401)


def test_a_disabled_user_is_out_for_good(api, here, olga, make):
    staff = api.as_(make.staff())
    staff.patch(f"/users/{olga.id}", {"is_active": False})
    api.get("/users/me", headers=here, status=401)
    staff.patch(f"/users/{olga.id}", {"is_active": True})
    api.get("/users/me", headers=here, status=401)


@contextmanager
def meanwhile(monkeypatch, change):
    """Let something happen while a password is verified."""
    from turnout.security import passwords

    def verify(password, hashed):
        found = passwords.verify_password(password, hashed)
        change()
        return found

    with monkeypatch.context() as patch:
        patch.setattr("turnout.auth.services.verify_password", verify)
        yield


@pytest.mark.parametrize("change", ["is_active = false", "password_hash = 'another'"])
def test_nobody_gets_in_with_what_changed_while_it_was_verified(api, browser, olga, session, monkeypatch, change):
    def do():
        session.execute(text(f"UPDATE users SET {change} WHERE username = 'olga'"))
        session.commit()

    with meanwhile(monkeypatch, do):
        browser.post("/admin/sign-in", {"login": "olga", "password": PASSWORD}, status=401)
    session.execute(text("UPDATE users SET is_active = true"))
    session.refresh(olga)
    olga.password_hash = make_hash()
    with meanwhile(monkeypatch, do):
        api.post("/auth/login", {"username": "olga", "password": PASSWORD}, status=401)
    assert session.scalars(select(SignInSession.id)).all() == []


def make_hash():
    from turnout.testing.factories import password_hash

    return password_hash()


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "x" * 5000, '"a\\377"', '"\\"', "a b", "é", "\x7f", "%00", "; ;", "a; turnout_session=b", '"a\\000"'],
)
def test_a_cookie_that_is_no_good_is_as_none(api, cookie):
    for other in ("", 'strange="\\377\\376"; '):
        headers = {"Cookie": f"{other}{SESSION_COOKIE}={cookie}"}
        assert api.get("", headers=headers).status_int == 200
        assert api.get("/users/me", headers=headers, status=401).json["code"] == "unauthenticated"


def test_what_another_application_keeps_in_a_cookie_does_no_harm(api, here):
    headers = here | {"Cookie": f'strange="\\377;\\376"; {here["Cookie"]}; stranger="\\377"'}
    assert api.get("/users/me", headers=headers).json["username"] == "olga"
    api.patch("/users/me", {"bio": "x"}, headers=headers)


def test_writing_needs_the_csrf_token(api, here):
    without = {"Cookie": here["Cookie"]}
    assert api.patch("/users/me", {"bio": "x"}, headers=without, status=400).json["code"] == "csrf_failed"
    api.patch("/users/me", {"bio": "x"}, headers=here | {"X-CSRF-Token": "other"}, status=400)
    assert api.patch("/users/me", {"bio": "x"}, headers=here).json["bio"] == "x"


def test_a_header_comes_before_the_cookie(api, here, make):
    ada = make.user(username="ada")
    both = {"Authorization": f"Bearer {api.token(ada)}", "Cookie": here["Cookie"]}
    assert api.get("/users/me", headers=both).json["username"] == "ada"
    bad = {"Authorization": "Bearer nonsense", "Cookie": here["Cookie"]}
    assert api.get("/users/me", headers=bad, status=401).json["code"] == "invalid_token"


def test_nothing_of_somebodys_is_kept_for_anybody(api, here, make):
    event = make.event()
    public = api.get(f"/events/{event.id}/availability").headers
    assert (public["Cache-Control"], public["Vary"]) == ("public, max-age=1", "Authorization, Cookie")
    assert api.get(f"/events/{event.id}/availability", headers=here).headers["Cache-Control"] == "private, no-cache"
    old = {"Cookie": f"{SESSION_COOKIE}=long-gone"}
    assert api.get(f"/events/{event.id}/availability", headers=old).headers["Cache-Control"] == "public, max-age=1"


def test_an_idempotency_key_is_a_users_own(api, here, sign_in, make):
    key = {"Idempotency-Key": "once"}
    new = {"name": "x", "scopes": ["users:read"]}
    first = api.post("/auth/tokens", new, headers=here | key).json
    assert api.post("/auth/tokens", new, headers=here | key).json == first
    other = api.post("/auth/tokens", new, headers=sign_in(make.staff()) | key).json
    assert other["token"] != first["token"]


@pytest.fixture
def remembering(fresh_database, tmp_path):
    """An application that remembers for a minute, as one with a larger recheck time would."""
    application = Application(fresh_database, tmp_path, **{"auth.recheck_seconds": "60"})
    with Session(application.engine, expire_on_commit=False) as session:
        yield application, session
    application.close()


def test_what_is_remembered_is_forgotten_at_once(remembering):
    application, session = remembering
    make, api = Make(session, application.registry.clock), Api(application, session)
    boss, olga = api.as_(make.superuser()), make.organizer(username="olga")
    page = Browser(application, session)
    page.post("/admin/sign-in", {"login": "olga", "password": PASSWORD}, status=303)
    token = page.cookies[SESSION_COOKIE]
    here = cookies(token)
    api.get("/users/me", headers=here)
    with recorded(application.engine) as seen:
        api.get("", headers=here)
    assert seen == []
    # What is good as a cookie is not good as a token, though it is remembered.
    api.get("/users/me", headers={"Authorization": f"Bearer {token}"}, status=401)
    bearer = api.token(olga)
    api.get("/users/me", headers={"Authorization": f"Bearer {bearer}"})
    api.get("/users/me", headers=cookies(bearer), status=401)

    api.get("/users", headers=here, status=403)
    boss.patch(f"/users/{olga.id}", {"is_staff": True})
    api.get("/users", headers=here, status=200)
    application.registry.clock.move(minutes=60)  # longer than what is remembered lasts
    api.get("/users/me", headers=here, status=401)
    application.registry.clock.move(minutes=-60)
    page.post("/admin/sign-out", status=303)
    api.get("/users/me", headers=here, status=401)


def test_that_it_cannot_be_written_down_harms_nobody(remembering, tmp_path):
    application, session = remembering
    page = Browser(application, session).as_(Make(session, application.registry.clock).staff())
    session.execute(text("UPDATE sign_in_sessions SET last_seen_at = created_at"))
    application.registry.clock.move(minutes=2)
    real, application.registry.engine = application.registry.engine, make_engine(f"sqlite:///{tmp_path}/other.sqlite")
    try:
        page.get("/admin/sign-in", status=303)
    finally:
        application.registry.engine.dispose()
        application.registry.engine = real


def test_reading_waits_for_nobody_who_writes(remembering):
    application, session = remembering
    if application.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no one lock for all who write")
    page = Browser(application, session).as_(Make(session, application.registry.clock).staff())
    page.get("/admin/sign-in", status=303)
    began, done = threading.Event(), threading.Event()

    def write():
        with application.engine.begin():  # takes the lock at once
            began.set()
            done.wait(20)

    writer = threading.Thread(target=write)
    writer.start()
    assert began.wait(20)
    started = time.monotonic()
    try:
        page.pages.get("/admin/sign-in", status=303)
    finally:
        done.set()
        writer.join()
    assert time.monotonic() - started < 10
