import pytest

NEW = {
    "first_name": "Ada 🎟",
    "last_name": "Moreira",
    "email": "ada@example.com",
    "phone": "+351 555 0100",
    "date_of_birth": "2000-02-29",
}


def test_anybody_registers(api):
    made = api.post("/attendees", NEW, status=201)

    assert made.json.items() >= (NEW | {"user_id": None}).items()
    assert set(made.json) == set(NEW) | {"id", "user_id", "created_at", "updated_at"}
    assert made.headers["Location"].endswith(f"/api/v1/attendees/{made.json['id']}")


def test_little_has_to_be_said(api):
    made = api.post("/attendees", {"first_name": "Ada", "last_name": "Moreira", "email": "ada@example.com"}).json

    assert (made["phone"], made["date_of_birth"]) == ("", None)


def test_with_their_own_address_a_user_registers_themself_and_sees_it(api, make):
    user = make.user(email="ADA@example.com")
    make.attendee()

    made = api.as_(user).post("/attendees", NEW, status=201)

    assert made.json["user_id"] == user.id
    read = api.as_(user).get(f"/attendees/{made.json['id']}")
    assert (read.json, read.headers["ETag"]) == (made.json, made.headers["ETag"])
    assert api.as_(user).get("/attendees").json["results"] == [made.json]
    again = api.as_(user).post("/attendees", NEW, status=409).json
    assert (again["code"], again["attendee_id"]) == ("attendee_exists", made.json["id"])


def test_an_address_registers_once(api):
    api.post("/attendees", NEW)

    answer = api.post("/attendees", NEW | {"email": "Ada@EXAMPLE.com"}, status=409)

    assert answer.json["code"] == "attendee_exists"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("first_name", "", "must not be empty"),
        ("last_name", None, "must not be null"),
        ("first_name", "x" * 101, "must have at most 100 characters"),
        ("email", "ada", "must be an email address such as ada@example.com"),
        ("phone", 351, "must be text"),
        ("date_of_birth", "2027-03-02", "must not be in the future"),
        ("date_of_birth", "1899-12-31", "must not be before 1900"),
        ("date_of_birth", "2023-02-29", 'must be a date such as "2027-05-01"'),
        ("user_id", 1, "is not known here"),
    ],
)
def test_bad_values_are_named_and_nothing_is_made(api, make, field, value, message):
    answer = api.post("/attendees", NEW | {field: value}, status=400)

    assert answer.json["errors"] == [{"field": field, "message": message}]
    assert api.as_(make.staff()).get("/attendees").json["count"] == 0


def test_nobody_sees_the_attendees_of_others(api, make):
    own = make.attendee(user=make.user())
    without = make.attendee()

    api.get("/attendees", status=401)
    other = api.as_(make.organizer())
    assert other.get("/attendees").json["results"] == []
    assert other.get("/attendees", email=own.email).json["results"] == []
    for attendee in (own, without):
        path = f"/attendees/{attendee.id}"
        for method, body in (("GET", None), ("PUT", NEW), ("PATCH", {"phone": "1"}), ("DELETE", None)):
            api.request(method, path, body, status=401)
            other.request(method, path, body, status=404)


def test_staff_see_find_and_change_all(api, make):
    staff = api.as_(make.staff())
    first, second = make.attendee(first_name="Ana", email="Ana@example.com"), make.attendee(last_name="Anastas")
    third = make.attendee(user=make.user())

    def found(**query):
        return [attendee["id"] for attendee in staff.get("/attendees", **query).json["results"]]

    assert found() == [first.id, second.id, third.id]
    assert found(ordering="-id", page_size=2) == [third.id, second.id]
    assert found(search="ana") == [first.id, second.id]
    assert found(email="ana@EXAMPLE.com") == [first.id]
    assert staff.patch(f"/attendees/{second.id}", {"phone": "1"}).json["phone"] == "1"
    assert staff.get("/attendees", status=400, ordering="name").json["errors"][0]["field"] == "ordering"


def test_an_attendee_is_deleted_by_themself_and_by_staff(api, make):
    user = make.user()
    for client, attendee in ((api.as_(user), make.attendee(user=user)), (api.as_(make.staff()), make.attendee())):
        path = f"/attendees/{attendee.id}"
        client.delete(path, status=204)
        client.get(path, status=404)


def test_put_replaces_and_patch_changes_only_what_it_names(api, make):
    user = make.user()
    client, path = api.as_(user), f"/attendees/{make.attendee(user=user, phone='1').id}"

    changed = client.patch(path, {"date_of_birth": "1990-05-01"}).json
    assert (changed["phone"], changed["date_of_birth"]) == ("1", "1990-05-01")
    replaced = client.put(path, {"first_name": "Ada", "last_name": "Lopes", "email": "lopes@example.com"}).json
    assert (replaced["last_name"], replaced["phone"], replaced["date_of_birth"]) == ("Lopes", "", None)
    assert replaced["user_id"] == user.id
    client.patch(path, {"date_of_birth": "2999-01-01"}, status=400)
    client.put(path, {"first_name": "Ada"}, status=400)


def test_an_address_is_not_changed_to_one_that_is_taken(api, make):
    make.attendee(email="ada@example.com")
    path = f"/attendees/{make.attendee().id}"

    assert api.as_(make.staff()).patch(path, {"email": "ADA@example.com"}, status=409).json["code"] == "attendee_exists"


def test_nobody_overwrites_what_they_have_not_seen(api, make):
    user = make.user()
    client, path = api.as_(user), f"/attendees/{make.attendee(user=user).id}"
    seen = {"If-Match": client.get(path).headers["ETag"]}

    client.patch(path, {"phone": "1"}, headers=seen)
    for method, body in (("PATCH", {"phone": "2"}), ("PUT", NEW), ("DELETE", None)):
        assert client.request(method, path, body, headers=seen, status=412).json["code"] == "version_mismatch"
    assert client.get(path).json["phone"] == "1"


def test_a_list_takes_two_statements_besides_the_sign_in(api, make, statements):
    staff = api.as_(make.staff())
    for _ in range(12):
        make.attendee()
    with statements() as seen:
        staff.get("/attendees")

    assert len([statement for statement in seen if "FROM attendees" in statement]) == len(seen) - 1 == 2


def test_attendees_are_deleted_with_their_users(api, make):
    staff = api.as_(make.staff())
    gone, stays = make.attendee(user=make.user(username="trial1")).id, make.attendee().id

    assert staff.post("/users/bulk-delete", {"prefix": "trial"}).json == {"deleted": 1}

    staff.get(f"/attendees/{gone}", status=404)
    staff.get(f"/attendees/{stays}", status=200)
