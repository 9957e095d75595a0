"""What is remembered of a token, and how it is forgotten."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import Make
from turnout.testing.statements import recorded


@pytest.fixture
def remembering(fresh_database, tmp_path):
    """An application that remembers for a minute, as one with a larger recheck time would."""
    application = Application(fresh_database, tmp_path, **{"auth.recheck_seconds": "60"})
    yield application
    application.close()


@pytest.fixture
def setting(remembering):
    with Session(remembering.engine, expire_on_commit=False) as session:
        yield Api(remembering, session), Make(session, remembering.registry.clock)


def test_a_token_is_asked_about_once(remembering, setting):
    api, make = setting
    client = api.as_(make.user())
    with recorded(remembering.engine) as first:
        client.get("")
    with recorded(remembering.engine) as second:
        client.get("")
    assert (len(first), len(second)) == (1, 0)


def test_what_this_process_ends_it_forgets_at_once(setting):
    api, make = setting
    ada, staff = make.user(), api.as_(make.superuser())
    client = api.as_(ada)
    client.get("/users/me")
    secret = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]}).json
    program = {"Authorization": f"Token {secret['token']}"}
    api.get("/users/me", headers=program)
    client.delete(f"/auth/tokens/{secret['id']}")
    api.get("/users/me", status=401, headers=program)
    staff.patch(f"/users/{ada.id}", {"is_staff": True})
    client.get("/users", status=200)
    staff.patch(f"/users/{ada.id}", {"is_staff": False})
    client.get("/users", status=403)
    staff.patch(f"/users/{ada.id}", {"is_active": False})
    client.get("/users/me", status=401)


def test_signing_out_is_known_at_once(setting):
    api, make = setting
    client = api.as_(make.user())
    client.get("/users/me")
    client.post("/auth/logout")
    client.get("/users/me", status=401)


def test_deleted_users_are_forgotten_at_once(setting):
    api, make = setting
    client = api.as_(make.user(username="test_user"))
    client.get("/users/me")
    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "test_"})
    client.get("/users/me", status=401)


def test_a_refusal_forgets_nothing(remembering, setting):
    """What was not committed did not happen."""
    api, make = setting
    ada, staff = make.user(), api.as_(make.staff())
    client = api.as_(ada)
    client.get("")
    staff.patch(f"/users/{ada.id}", {"is_active": False}, status=412, headers={"If-Match": '"9-00000000"'})
    with recorded(remembering.engine) as seen:
        client.get("")
    assert seen == []


def test_no_token_is_made_for_whom_another_process_disabled(setting):
    api, make = setting
    client, new = api.as_(make.user()), {"name": "x", "scopes": ["users:read"]}
    client.post("/auth/tokens", new)
    api.session.execute(text("UPDATE users SET is_active = false"))
    client.get("/users/me")  # not heard of yet

    assert client.post("/auth/tokens", new, status=401).json["code"] == "invalid_token"

    assert api.session.scalar(text("SELECT count(*) FROM api_tokens")) == 1


def test_other_processes_are_believed_after_the_recheck_time(fresh_database, tmp_path):
    application = Application(fresh_database, tmp_path)
    with Session(application.engine, expire_on_commit=False) as session:
        api, make = Api(application, session), Make(session, application.registry.clock)
        client = api.as_(make.user())
        client.get("/users/me")
        session.execute(text("UPDATE users SET is_active = false"))
        client.get("/users/me", status=401)
    application.close()
