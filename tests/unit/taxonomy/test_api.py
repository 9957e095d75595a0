import pytest


@pytest.fixture(params=["/categories", "/tags"])
def path(request):
    return request.param


@pytest.fixture
def staff(api, make):
    return api.as_(make.staff())


def test_staff_make_what_anyone_can_read(api, staff, path):
    made = staff.post(path, {"name": "Live music 🎷", "description": "Played, not streamed"}, status=201)

    assert made.json.items() >= {"name": "Live music 🎷", "slug": "live-music"}.items()
    assert made.json["description"] == "Played, not streamed"
    assert made.headers["Location"].endswith(f"/api/v1{path}/{made.json['id']}")
    read = api.get(f"{path}/{made.json['id']}")
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]
    assert api.get(path).json["results"] == [made.json]


def test_only_staff_write(api, make, staff, path):
    made = staff.post(path, {"name": "Jazz"}).json
    one = f"{path}/{made['id']}"

    for client, status in ((api, 401), (api.as_(make.user()), 403), (api.as_(make.organizer()), 403)):
        client.post(path, {"name": "Blues"}, status=status)
        client.put(one, {"name": "Blues"}, status=status)
        client.patch(one, {"name": "Blues"}, status=status)
        client.delete(one, status=status)
    assert api.get(path).json["results"] == [made]


def test_put_replaces_and_patch_changes_only_what_it_names(staff, path):
    one = f"{path}/{staff.post(path, {'name': 'Jazz', 'slug': 'j', 'description': 'Swings'}).json['id']}"

    changed = staff.patch(one, {"name": "Jazz!"}).json
    assert (changed["name"], changed["slug"], changed["description"]) == ("Jazz!", "j", "Swings")
    replaced = staff.put(one, {"name": "Free jazz"}).json
    assert (replaced["name"], replaced["slug"], replaced["description"]) == ("Free jazz", "free-jazz", "")


def test_a_taken_slug_is_a_conflict_that_names_the_field(staff, path):
    staff.post(path, {"name": "Jazz"})
    one = f"{path}/{staff.post(path, {'name': 'Blues'}).json['id']}"

    for answer in (
        staff.post(path, {"name": "Jazz"}, status=409),
        staff.put(one, {"name": "Jazz"}, status=409),
        staff.patch(one, {"slug": "jazz"}, status=409),
    ):
        assert answer.json["code"] == "slug_taken"
        assert answer.json["errors"] == [{"field": "slug", "message": "is taken"}]
    assert staff.patch(one, {"slug": "blues"}).json["slug"] == "blues"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", None),
        ("name", "音楽\x00"),
        ("slug", "Live Music"),
        ("slug", "live--music"),
        ("slug", "x" * 61),
        ("slug", 7),
        ("description", "x" * 2001),
        ("description", None),
        ("colour", "red"),
    ],
)
def test_bad_values_are_named_and_nothing_is_made(api, staff, path, field, value):
    answer = staff.post(path, {"name": "Jazz"} | {field: value}, status=400)

    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert api.get(path).json["count"] == 0


def test_a_name_that_makes_no_slug_needs_one(staff, path):
    answer = staff.post(path, {"name": "音楽"}, status=400)

    assert [error["field"] for error in answer.json["errors"]] == ["slug"]
    assert staff.post(path, {"name": "音楽", "slug": "ongaku"}).json["name"] == "音楽"


def test_what_is_deleted_is_gone(api, staff, path):
    one = f"{path}/{staff.post(path, {'name': 'Jazz'}).json['id']}"

    staff.delete(one, status=204)

    api.get(one, status=404)
    staff.delete(one, status=404)
    staff.put(one, {"name": "Jazz"}, status=404)
    staff.patch(one, {"name": "Jazz"}, status=404)


def test_a_category_with_events_is_in_use(staff, make):
    category = make.category()
    make.event(category=category)

    assert staff.delete(f"/categories/{category.id}", status=409).json["code"] == "in_use"


def test_a_tag_with_events_can_be_deleted(staff, make):
    tag = make.tag()
    make.event(tags=[tag])

    staff.delete(f"/tags/{tag.id}", status=204)


def test_nobody_overwrites_what_they_have_not_seen(api, staff, path):
    one = f"{path}/{staff.post(path, {'name': 'Jazz'}).json['id']}"
    seen = {"If-Match": api.get(one).headers["ETag"]}

    staff.patch(one, {"description": "Swings"}, headers=seen)
    for method, body in (("PATCH", {"name": "Blues"}), ("PUT", {"name": "Blues"}), ("DELETE", None)):
        assert staff.request(method, one, body, headers=seen, status=412).json["code"] == "version_mismatch"
    assert api.get(one).json["name"] == "Jazz"


def test_the_list_filters_and_leafs_in_two_statements(api, staff, path, statements):
    for name in ("Jazz", "Jazz dance", "Blues"):
        staff.post(path, {"name": name})

    with statements() as seen:
        answer = api.get(path, search="jazz", page_size=1).json
    assert len(seen) == 2
    assert (answer["count"], [term["slug"] for term in answer["results"]]) == (2, ["jazz"])
    assert [term["slug"] for term in api.get(answer["next"]).json["results"]] == ["jazz-dance"]
    assert [term["slug"] for term in api.get(path, slug="blues").json["results"]] == ["blues"]
    assert api.get(path, status=400, ordering="name").json["errors"][0]["field"] == "ordering"
