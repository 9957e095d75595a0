"""What a new password and a disabled account do to those who are signed in."""

from turnout.security import passwords

PASSWORD = "a quiet harbour at dawn"


def sign_in(api, username):
    return api.post("/auth/login", {"username": username, "password": PASSWORD}).json


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def register(api):
    api.post("/users", {"username": "mara", "email": "mara@example.com", "password": PASSWORD})


def test_a_new_password_ends_the_other_sessions_and_keeps_the_one_that_set_it(api):
    register(api)
    here, elsewhere = sign_in(api, "mara"), sign_in(api, "mara")
    change = {"password": "another quiet harbour", "current_password": PASSWORD}
    api.patch("/users/me", change, headers=bearer(here))
    api.get("/users/me", headers=bearer(here))
    api.get("/users/me", headers=bearer(elsewhere), status=401)
    api.post("/auth/refresh", {"refresh_token": elsewhere["refresh_token"]}, status=401)


def test_a_disabled_user_who_is_enabled_again_has_to_sign_in_again(api, make):
    register(api)
    tokens = sign_in(api, "mara")
    user_id = api.get("/users/me", headers=bearer(tokens)).json["id"]
    scopes = {"name": "printer", "scopes": ["bookings:read"]}
    secret = api.post("/auth/tokens", scopes, headers=bearer(tokens)).json["token"]
    staff = api.as_(make.staff())
    staff.patch(f"/users/{user_id}", {"is_active": False})
    staff.patch(f"/users/{user_id}", {"is_active": True})
    api.get("/users/me", headers=bearer(tokens), status=401)
    api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, status=401)
    api.get("/bookings", headers={"Authorization": f"Token {secret}"}, status=401)
    sign_in(api, "mara")


def test_signing_in_verifies_the_password_before_it_begins_to_write(api, make, statements, monkeypatch):
    """A hash takes a tenth of a second, and SQLite has one write lock for everybody."""
    register(api)
    seen_before = []
    with statements() as seen:

        def verify(password, hashed):
            seen_before.extend(seen)
            return passwords.verify_password(password, hashed)

        monkeypatch.setattr("turnout.auth.services.verify_password", verify)
        sign_in(api, "mara")
    assert [statement.split()[0] for statement in seen_before] == ["SELECT"]


def test_nobody_inherits_the_tokens_of_somebody_deleted(api, make):
    register(api)
    tokens = sign_in(api, "mara")
    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "mara"})
    api.post("/users", {"username": "nora", "email": "nora@example.com", "password": PASSWORD})
    sign_in(api, "nora")
    api.get("/users/me", headers=bearer(tokens), status=401)
    api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, status=401)
