"""Signing in, staying so, and being sure that it ended."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from turnout.api.models import IdempotencyKey
from turnout.auth import services
from turnout.auth.models import ApiToken, SignInSession
from turnout.auth.tokens import hash_token
from turnout.security import passwords
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import Make


def bearer(token, scheme="Bearer"):
    return {"Authorization": f"{scheme} {token}"}


@pytest.fixture
def ada(make):
    return make.user(username="ada", email="ada@example.com")


@pytest.fixture
def sign_in(api, ada, make):
    return lambda **who: (
        api.post("/auth/login", (who or {"username": "ada"}) | {"password": make.PASSWORD}, status=200).json
    )


def refresh(api, tokens, status=200):
    return api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, status=status).json


@pytest.mark.parametrize("who", [{"username": "ada"}, {"username": "ADA"}, {"email": "Ada@Example.com"}])
def test_by_username_or_address_whatever_the_case(api, sign_in, ada, who):
    tokens = sign_in(**who)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert api.get("/users/me", headers=bearer(tokens["access_token"])).json["id"] == ada.id


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ada", "password": "wrong password"},
        {"username": "nobody", "password": "four invented words together"},
        {"email": "nobody@example.com", "password": "four invented words together"},
        {"username": "ada", "password": "four invented words together "},
        {"username": "a%", "password": "four invented words together"},
    ],
)
@pytest.mark.usefixtures("ada")
def test_what_was_wrong_is_not_said(api, body):
    answer = api.post("/auth/login", body, status=401).json
    assert answer["code"] == "bad_credentials"
    assert answer["detail"] == "The username or the password is wrong"


@pytest.mark.parametrize("body", [{"password": "x"}, {"username": "a", "email": "a@example.com", "password": "x"}])
def test_one_of_both_is_named(api, body):
    assert api.post("/auth/login", body, status=400).json["errors"][0]["field"] == "username"


@pytest.mark.parametrize("login", ["ada", "nobody", "disabled"])
def test_a_password_is_verified_whether_or_not_there_is_such_a_user(api, make, ada, monkeypatch, login):
    """The time that a sign-in takes is argon2's; it is spent in each case exactly once, and on a real hash."""
    make.user(username="disabled", is_active=False)
    spent = []
    real = passwords._hasher.verify

    class Counting:
        hash = staticmethod(passwords._hasher.hash)

        @staticmethod
        def verify(hashed, password):
            spent.append(hashed)
            return real(hashed, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    api.post("/auth/login", {"username": login, "password": "wrong password"}, status=401)
    assert len(spent) == 1
    assert spent[0].startswith("$argon2id$")


def test_a_disabled_user_does_not_sign_in(api, ada, make):
    ada.is_active = False
    api.post("/auth/login", {"username": "ada", "password": make.PASSWORD}, status=401)


def test_an_access_token_lasts_an_hour(api, sign_in, clock):
    headers = bearer(sign_in()["access_token"])
    clock.move(minutes=59, seconds=59)
    api.get("/users/me", headers=headers)
    clock.move(seconds=1)
    assert api.get("/users/me", headers=headers, status=401).json["code"] == "invalid_token"


def test_a_refresh_token_lasts_a_day(api, sign_in, clock):
    tokens = sign_in()
    clock.move(hours=23, minutes=59)
    tokens = refresh(api, tokens)
    clock.move(days=1)
    refresh(api, tokens, status=401)


def test_a_refresh_gives_new_tokens_that_work(api, sign_in, clock):
    first = sign_in()
    clock.move(seconds=1)
    second = refresh(api, first)
    assert second["refresh_token"] != first["refresh_token"]
    third = refresh(api, second)
    api.get("/users/me", headers=bearer(third["access_token"]))


def test_a_refresh_token_used_twice_ends_its_whole_family(api, sign_in, session):
    stolen = sign_in()
    other = sign_in()
    newest = refresh(api, stolen)
    answer = refresh(api, stolen, status=401)
    assert answer["code"] == "invalid_token"
    # Everything that descends from it is dead, whoever has it, and this is kept though the answer is a refusal.
    refresh(api, newest, status=401)
    api.get("/users/me", headers=bearer(newest["access_token"]), status=401)
    api.get("/users/me", headers=bearer(stolen["access_token"]), status=401)
    assert session.scalar(select(func.count(SignInSession.id)).where(SignInSession.revoked_at.is_not(None))) == 1
    api.get("/users/me", headers=bearer(other["access_token"]))


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}])
def test_the_end_of_a_family_is_really_committed(fresh_database, tmp_path, key):
    application = Application(fresh_database, tmp_path)
    with Session(application.engine) as session:
        make = Make(session, application.registry.clock)
        make.user(username="ada")
        api = Api(application, session)
        first = api.post("/auth/login", {"username": "ada", "password": make.PASSWORD}).json
        newest = refresh(api, first)
        api.post("/auth/refresh", {"refresh_token": first["refresh_token"]}, status=401, headers=key)
    with Session(application.engine) as session:
        assert session.scalars(select(SignInSession.revoked_at)).all() != [None]
        refresh(Api(application, session), newest, status=401)
    application.close()


def test_an_access_token_does_not_refresh_nor_the_other_way_round(api, sign_in):
    tokens = sign_in()
    api.post("/auth/refresh", {"refresh_token": tokens["access_token"]}, status=401)
    api.get("/users/me", headers=bearer(tokens["refresh_token"]), status=401)


def test_a_refresh_that_is_sent_again_with_its_key_is_answered_again(api, sign_in, session):
    tokens = sign_in()
    body, key = {"refresh_token": tokens["refresh_token"]}, {"Idempotency-Key": "once"}
    first = api.post("/auth/refresh", body, headers=key)
    again = api.post("/auth/refresh", body, headers=key)
    assert again.json == first.json
    kept = session.scalars(select(IdempotencyKey.body)).one()
    assert first.json["refresh_token"].encode() not in bytes(kept)


def test_signing_out_ends_the_session_and_no_other(api, sign_in):
    tokens, other = sign_in(), sign_in()
    api.post("/auth/logout", status=204, headers=bearer(tokens["access_token"]))
    api.get("/users/me", status=401, headers=bearer(tokens["access_token"]))
    refresh(api, tokens, status=401)
    api.get("/users/me", headers=bearer(other["access_token"]))


def test_disabling_a_user_ends_their_tokens_at_once(api, sign_in, ada, make):
    tokens = sign_in()
    headers = bearer(tokens["access_token"])
    secret = api.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]}, headers=headers).json["token"]
    api.as_(make.staff()).patch(f"/users/{ada.id}", {"is_active": False})
    api.get("/users/me", status=401, headers=headers)
    api.get("/users/me", status=401, headers=bearer(secret))
    refresh(api, tokens, status=401)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "token"])
def test_both_schemes(api, sign_in, scheme):
    tokens = sign_in()
    api.get("/users/me", headers=bearer(tokens["access_token"], scheme))
    secret = api.post(
        "/auth/tokens", {"name": "x", "scopes": ["users:read"]}, headers=bearer(tokens["access_token"])
    ).json["token"]
    api.get("/users/me", headers=bearer(secret, scheme))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRhOnB3",
        "Bearer x.y.z",
        "Bearer tnt_x",
        "Bearer " + "x" * 10_000,
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "Bearer eyJhbGciOiJub25lIn0",
        "nonsense",
    ],
)
def test_credentials_that_are_none_are_refused_everywhere(api, header):
    for path in ("/users/me", ""):
        response = api.get(path, status=401, headers={"Authorization": header})
        assert response.json["code"] == "invalid_token"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_was_tampered_with_is_refused(api, sign_in):
    head, body, signature = sign_in()["access_token"].split(".")
    for forged in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", f"{head}.{body[:-3]}AAA.{signature}"):
        api.get("/users/me", status=401, headers=bearer(forged))


@pytest.fixture
def client(api, ada):
    return api.as_(ada)


def test_a_token_for_a_program_is_shown_once_and_kept_as_a_hash(api, client, session):
    made = client.post("/auth/tokens", {"name": "Printer", "scopes": ["users:read"]}, status=201).json
    secret = made["token"]
    assert secret.startswith("tnt_")
    assert made["hint"] == secret[:8] + "..."
    listed = client.get("/auth/tokens")
    assert [row["id"] for row in listed.json["results"]] == [made["id"]]
    assert secret not in listed.text
    row = session.scalars(select(ApiToken)).one()
    assert bytes(row.token_hash) == hash_token(secret)
    assert secret not in str(vars(row))
    assert api.get("/users/me", headers=bearer(secret)).json["username"] == "ada"


def test_a_token_may_what_its_scopes_say(api, client):
    secret = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]}).json["token"]
    refused = api.patch("/users/me", {"bio": "x"}, status=403, headers=bearer(secret))
    assert "scopes" in refused.json["detail"]
    for method, path in (("GET", "/auth/tokens"), ("POST", "/auth/tokens"), ("POST", "/auth/logout")):
        api.request(method, path, status=403, headers=bearer(secret))


def test_what_anyone_may_needs_no_scope_and_shows_no_more(api, make):
    organizer = make.organizer()
    draft = make.event(status="draft", organizer=organizer)
    client = api.as_(organizer)
    without, with_scope = (
        bearer(client.post("/auth/tokens", {"name": "x", "scopes": [scope]}).json["token"])
        for scope in ("users:read", "events:read")
    )
    for path in ("", "/health", "/openapi.json", "/events"):
        api.get(path, headers=without)
    api.get(f"/events/{draft.id}", headers=with_scope)
    api.get(f"/events/{draft.id}", status=404, headers=without)
    new = {"first_name": "Ada", "last_name": "L", "email": organizer.email}
    assert api.post("/attendees", new, headers=without).json["user_id"] is None


@pytest.mark.parametrize(
    "scope", ["users:list", "users:update", "auth:create_tokens", "nonsense", "users:create_staff"]
)
def test_a_token_cannot_have_what_its_user_has_not_or_no_token_may(client, scope):
    answer = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read", scope]}, status=400).json
    assert answer["errors"][0]["field"] == "scopes"
    assert scope in answer["errors"][0]["message"]


def test_a_token_loses_what_its_user_loses(api, make):
    boss, member = make.superuser(), make.staff()
    secret = api.as_(member).post("/auth/tokens", {"name": "x", "scopes": ["users:list"]}).json["token"]
    api.get("/users", headers=bearer(secret))
    api.as_(boss).patch(f"/users/{member.id}", {"is_staff": False})
    api.get("/users", status=403, headers=bearer(secret))


def test_a_revoked_token_is_gone(api, client):
    made = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]}).json
    client.delete(f"/auth/tokens/{made['id']}", status=204)
    api.get("/users/me", status=401, headers=bearer(made["token"]))
    client.delete(f"/auth/tokens/{made['id']}", status=404)


def test_nobody_sees_or_revokes_anothers_token(api, client, make):
    made = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]}).json
    for other in (make.user(), make.superuser()):
        assert api.as_(other).get("/auth/tokens").json["results"] == []
        api.as_(other).delete(f"/auth/tokens/{made['id']}", status=404)
    api.get("/users/me", headers=bearer(made["token"]))


def test_a_token_ends_when_it_was_said_to(api, client, clock):
    until = clock.now() + timedelta(days=2)
    secret = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"], "expires_at": until}).json["token"]
    clock.move(days=1, hours=23)
    api.get("/users/me", headers=bearer(secret))
    clock.move(hours=1)
    api.get("/users/me", status=401, headers=bearer(secret))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "users:read"}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"token": "mine"}, "token"),
    ],
)
def test_a_bad_token_is_refused_by_name(client, change, field):
    answer = client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]} | change, status=400).json
    assert [error["field"] for error in answer["errors"]] == [field]


def test_there_is_an_end_to_tokens(client, session, ada, clock):
    rows = [
        ApiToken(user_id=ada.id, name="x", token_hash=bytes([number] * 32), hint="", scopes=[], created_at=clock.now())
        for number in range(services.MOST_TOKENS)
    ]
    session.add_all(rows)
    session.flush()
    client.post("/auth/tokens", {"name": "x", "scopes": ["users:read"]}, status=400)
    assert client.get("/auth/tokens", page_size=100).json["count"] == services.MOST_TOKENS
