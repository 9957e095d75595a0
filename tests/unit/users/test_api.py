"""Accounts over REST: registration, profiles, roles that nobody raises for themselves."""

import pytest
from sqlalchemy import func, select

from turnout.auth.models import SignInSession
from turnout.security.passwords import verify_password
from turnout.users.models import User

NEW = {"username": "ada", "email": "Ada@Example.com", "password": "four invented words"}


@pytest.fixture
def approval(application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "users.organizer_signup", "approval")


def errors_of(response):
    return {entry["field"]: entry["message"] for entry in response.json["errors"]}


def test_anybody_may_register(api, session, clock):
    response = api.post("/users", NEW | {"first_name": "Ada", "bio": "مرحبا 🎷"}, status=201)
    user = response.json
    assert response.headers["Location"].endswith(f"/users/{user['id']}")
    assert (user["username"], user["email"], user["first_name"], user["bio"]) == (
        "ada",
        "Ada@Example.com",
        "Ada",
        "مرحبا 🎷",
    )
    assert not any(user[role] for role in ("is_organizer", "wants_to_organize", "is_staff", "is_superuser"))
    assert user["is_active"]
    assert user["created_at"] == clock.now().isoformat().replace("+00:00", "Z")
    assert "password" not in response.text
    assert verify_password(NEW["password"], session.get(User, user["id"]).password_hash)


@pytest.mark.parametrize("taken", [{"username": "ADA"}, {"email": "ada@EXAMPLE.com"}])
def test_names_and_addresses_are_taken_whatever_their_case(api, make, taken):
    make.user(username="ada", email="ada@example.com")
    response = api.post("/users", {"username": "grace", "email": "grace@example.com"} | taken | {
        "password": NEW["password"]
    }, status=409)  # fmt: skip
    assert response.json["code"] == "user_taken"
    assert list(errors_of(response)) == list(taken)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"username": "ada@example.com"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": ""}, "username"),
        ({"email": "ada"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "password1"}, "password"),
        ({"username": "ada.lovelace", "password": "Ada.Lovelace"}, "password"),
        ({"is_staff": True}, "is_staff"),
        ({"is_superuser": True}, "is_superuser"),
        ({"is_active": True}, "is_active"),
        ({"wants_to_organize": True}, "wants_to_organize"),
        ({"id": 1}, "id"),
    ],
)
def test_a_bad_registration_is_refused_by_name(api, session, change, field):
    assert list(errors_of(api.post("/users", NEW | change, status=400))) == [field]
    assert session.scalar(select(func.count(User.id))) == 0


def test_who_asks_is_an_organizer_where_signup_is_open(api):
    user = api.post("/users", NEW | {"is_organizer": True}).json
    assert (user["is_organizer"], user["wants_to_organize"]) == (True, False)


@pytest.mark.usefixtures("approval")
def test_who_asks_waits_for_staff_where_signup_needs_approval(api, make):
    user = api.post("/users", NEW | {"is_organizer": True}).json
    assert (user["is_organizer"], user["wants_to_organize"]) == (False, True)
    staff = api.as_(make.staff())
    assert [row["id"] for row in staff.get("/users", wants_to_organize=True).json["results"]] == [user["id"]]
    user = staff.patch(f"/users/{user['id']}", {"is_organizer": True}).json
    assert (user["is_organizer"], user["wants_to_organize"]) == (True, False)


def test_one_reads_and_changes_ones_own_profile(api, make, clock):
    ada = make.user()
    client = api.as_(ada)
    assert client.get("/users/me").json["id"] == ada.id
    assert client.get(f"/users/{ada.id}").json["id"] == ada.id
    clock.move(minutes=1)
    changed = client.patch("/users/me", {"bio": "x", "preferences": {"favourite_categories": ["jazz"]}}).json
    assert (changed["bio"], changed["preferences"]) == ("x", {"favourite_categories": ["jazz"]})
    assert (changed["first_name"], changed["phone"]) == (ada.first_name, "")
    assert changed["updated_at"] > changed["created_at"]


def test_put_replaces_and_patch_does_not(api, make):
    ada = make.user(bio="old", phone="1")
    client = api.as_(ada)
    assert client.patch("/users/me", {"phone": "2"}).json["bio"] == "old"
    replaced = client.put("/users/me", {"email": ada.email, "phone": "3"}).json
    assert (replaced["bio"], replaced["first_name"], replaced["phone"]) == ("", "", "3")
    assert list(errors_of(client.put("/users/me", {"phone": "3"}, status=400))) == ["email"]


def test_a_lost_update_is_impossible(api, make):
    client = api.as_(make.user())
    tag = client.get("/users/me").headers["ETag"]
    client.patch("/users/me", {"bio": "first"}, headers={"If-Match": tag})
    for send in (client.patch, client.put):
        body = {"bio": "second"} | ({} if send == client.patch else {"email": "x@example.com"})
        assert send("/users/me", body, status=412, headers={"If-Match": tag}).json["code"] == "version_mismatch"
    assert client.get("/users/me").json["bio"] == "first"
    client.get("/users/me", status=200, headers={"If-None-Match": tag})


@pytest.mark.parametrize("role", ["is_staff", "is_superuser", "is_organizer", "is_active", "username"])
def test_nobody_raises_themself_by_their_profile(api, make, role):
    assert list(errors_of(api.as_(make.user()).patch("/users/me", {role: True}, status=400))) == [role]


@pytest.mark.parametrize("change", [{"password": "another good one"}, {"email": "new@example.com"}])
def test_what_guards_the_account_needs_the_password(api, make, session, change):
    ada = make.user()
    client = api.as_(ada)
    before = ada.email, ada.password_hash
    for proof in ({}, {"current_password": "wrong"}):
        assert list(errors_of(client.patch("/users/me", change | proof, status=400))) == ["current_password"]
    session.expire_all()
    assert (ada.email, ada.password_hash) == before
    client.patch("/users/me", change | {"current_password": make.PASSWORD})
    assert (ada.email, ada.password_hash) != before


@pytest.mark.parametrize("password", ["password1", "grace.hopper"])
def test_a_new_password_is_no_weaker(api, make, password):
    client = api.as_(make.user(username="grace.hopper"))
    body = {"password": password, "current_password": make.PASSWORD}
    assert list(errors_of(client.patch("/users/me", body, status=400))) == ["password"]


def test_an_address_that_somebody_has_is_refused(api, make):
    make.user(email="taken@example.com")
    body = {"email": "TAKEN@example.com", "current_password": make.PASSWORD}
    assert api.as_(make.user()).patch("/users/me", body, status=409).json["code"] == "user_taken"


def test_ones_own_address_may_change_its_case(api, make):
    ada = make.user(email="ada@example.com")
    assert api.as_(ada).patch("/users/me", {"email": "Ada@example.com"}).json["email"] == "Ada@example.com"


def test_others_are_not_there_but_for_staff(api, make):
    ada, grace = make.user(), make.user()
    refused = api.as_(ada).get(f"/users/{grace.id}", status=404)
    nobody = api.as_(ada).get("/users/999999", status=404)
    assert refused.json | {"request_id": ""} == nobody.json | {"request_id": ""}
    assert api.as_(make.staff()).get(f"/users/{grace.id}").json["id"] == grace.id


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/users"), ("GET", "/users/me"), ("PATCH", "/users/me"), ("GET", "/users/1"), ("PATCH", "/users/1"),
     ("POST", "/users/staff"), ("POST", "/users/bulk-delete")],
)  # fmt: skip
def test_nobody_in_particular_may_not(api, method, path):
    assert api.request(method, path, {}, status=401).json["code"] == "unauthenticated"


def test_users_are_filtered(api, make):
    ada = make.user(username="ada_l", email="countess@example.com")
    make.organizer(username="adaxl")
    disabled = make.user(is_active=False)
    staff = make.staff()
    client = api.as_(staff)

    def found(**query):
        return {row["id"] for row in client.get("/users", **query).json["results"]}

    assert found(search="ADA_") == {ada.id}
    assert found(search="countess@") == {ada.id}
    assert found(search="%") == set()
    assert found(is_active=False) == {disabled.id}
    assert found(is_staff=True) == {staff.id}
    assert len(found(is_organizer=True)) == 1


@pytest.mark.parametrize("role", ["user", "organizer", "staff"])
def test_only_superusers_make_staff(api, make, session, role):
    client = api.as_(getattr(make, role)())
    assert client.post("/users/staff", NEW, status=403).json["code"] == "forbidden"
    assert session.scalar(select(func.count()).where(User.username == "ada")) == 0


@pytest.mark.parametrize("is_superuser", [False, True])
def test_superusers_make_staff(api, make, is_superuser):
    made = api.as_(make.superuser()).post("/users/staff", NEW | {"is_superuser": is_superuser}, status=201).json
    assert (made["is_staff"], made["is_superuser"]) == (True, is_superuser)


@pytest.mark.parametrize("role", ["user", "organizer"])
def test_roles_are_not_given_by_those_without(api, make, role):
    client = api.as_(getattr(make, role)())
    client.patch(f"/users/{make.user().id}", {"is_organizer": True}, status=403)


@pytest.mark.parametrize("role", ["staff", "superuser"])
@pytest.mark.parametrize("change", [{"is_staff": True}, {"is_organizer": True}, {"is_active": True}])
def test_nobody_changes_their_own_roles(api, make, role, change):
    me = getattr(make, role)()
    assert api.as_(me).patch(f"/users/{me.id}", change, status=403).json["code"] == "forbidden"


@pytest.mark.parametrize("other", ["staff", "superuser"])
@pytest.mark.parametrize("change", [{"is_staff": False}, {"is_active": False}, {"is_organizer": True}])
def test_staff_do_not_change_staff(api, make, other, change):
    api.as_(make.staff()).patch(f"/users/{getattr(make, other)().id}", change, status=403)


def test_staff_do_not_make_staff(api, make):
    api.as_(make.staff()).patch(f"/users/{make.user().id}", {"is_staff": True}, status=403)


def test_superusers_change_staff(api, make):
    colleague = make.staff()
    client = api.as_(make.superuser())
    assert not client.patch(f"/users/{colleague.id}", {"is_staff": False}).json["is_staff"]
    api.as_(colleague).get("/users", status=403)


def test_roles_honour_versions(api, make):
    ada = make.user()
    client = api.as_(make.staff())
    tag = client.get(f"/users/{ada.id}").headers["ETag"]
    client.patch(f"/users/{ada.id}", {"is_organizer": True}, headers={"If-Match": tag})
    client.patch(f"/users/{ada.id}", {"is_organizer": False}, status=412, headers={"If-Match": tag})


def test_test_users_are_deleted_in_bulk(api, make, session):
    kept = [make.user(username="tes"), make.user(username="tesXload"), make.staff(username="test_staff")]
    make.user(username="test_1")
    signed_in = make.user(username="TEST_2")
    api.as_(signed_in).get("/users/me")
    signed_in_id = signed_in.id
    staff = make.staff(username="boss")
    assert api.as_(staff).post("/users/bulk-delete", {"prefix": "test_"}).json == {"deleted": 2}
    assert set(session.scalars(select(User.username))) == {user.username for user in [*kept, staff]}
    assert session.scalar(select(func.count()).where(SignInSession.user_id == signed_in_id)) == 0
    assert api.as_(staff).post("/users/bulk-delete", {"prefix": "test_"}).json == {"deleted": 0}


@pytest.mark.parametrize("prefix", ["", "te", "  te  ", None, 5])
def test_a_prefix_is_long_enough_to_mean_something(api, make, prefix):
    assert list(errors_of(api.as_(make.staff()).post("/users/bulk-delete", {"prefix": prefix}, status=400))) == [
        "prefix"
    ]


def test_only_staff_delete_in_bulk(api, make):
    api.as_(make.organizer()).post("/users/bulk-delete", {"prefix": "test"}, status=403)
