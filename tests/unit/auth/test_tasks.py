"""Sign-ins and tokens whose time is over are forgotten."""

from datetime import timedelta

from sqlalchemy import func, select

from turnout.auth.models import ApiToken, SignInSession
from turnout.testing.factories import PASSWORD


def count(session, table):
    return session.scalar(select(func.count()).select_from(table))


def sign_in(api, user):
    return api.post("/auth/login", {"username": user.username, "password": PASSWORD}).json


def test_what_is_over_for_a_day_is_deleted_and_nothing_else(api, make, outbox, clock, session):
    ada = make.user()
    sign_in(api, ada)
    api.as_(ada).post("/auth/tokens", {"name": "for ever", "scopes": ["events:read"]})
    until = clock.now() + timedelta(hours=1)
    api.as_(ada).post("/auth/tokens", {"name": "for an hour", "scopes": ["events:read"], "expires_at": until})
    sessions = count(session, SignInSession)
    outbox.run()
    assert count(session, SignInSession) == sessions
    assert count(session, ApiToken) == 2

    clock.move(hours=25, minutes=1)
    outbox.run()
    assert [token.name for token in session.scalars(select(ApiToken))] == ["for ever"]
    assert count(session, SignInSession) == sessions  # a day to refresh, and one more to be remembered

    clock.move(days=1)
    outbox.run()
    assert count(session, SignInSession) == sessions - 1


def test_browsers_are_among_them(make, browser, outbox, clock, session):
    browser.post("/admin/sign-in", {"login": make.staff().username, "password": PASSWORD}, status=303)
    clock.move(hours=36, minutes=-1)  # half a day to be signed in, and one more to be remembered
    outbox.run()
    assert count(session, SignInSession) == 1
    clock.move(hours=1, minutes=1)
    outbox.run()
    assert count(session, SignInSession) == 0


def test_much_is_deleted_in_parts(api, make, outbox, clock, session, monkeypatch):
    monkeypatch.setattr("turnout.db.MOST_DELETED", 2)
    ada = make.user()
    session.add_all(SignInSession(user_id=ada.id, created_at=clock.now(), expires_at=clock.now()) for _ in range(7))
    clock.move(days=3)
    before = outbox.run()
    assert count(session, SignInSession) == 0
    assert before > 3
