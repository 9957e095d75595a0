import pytest

NEW = {
    "name": "Teatro do Rio 🎭",
    "address": "Rua das Flores 12",
    "city": "Lisbon",
    "country": "PT",
    "capacity": 450,
    "facilities": ["bar", "wheelchair access"],
    "timezone": "Europe/Lisbon",
}


def test_an_organizer_makes_a_venue_that_anyone_can_read(api, make):
    organizer = make.organizer()

    made = api.as_(organizer).post("/venues", NEW, status=201)

    assert made.json.items() >= (NEW | {"created_by_id": organizer.id}).items()
    assert made.headers["Location"].endswith(f"/api/v1/venues/{made.json['id']}")
    read = api.get(f"/venues/{made.json['id']}")
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]


def test_little_has_to_be_said(api, make):
    made = api.as_(make.staff()).post("/venues", {"name": "Field", "city": "Porto", "country": "PT"}).json

    assert made.items() >= {"address": "", "capacity": None, "facilities": [], "timezone": "UTC"}.items()


def test_who_may_not_make_venues(api, make):
    assert api.post("/venues", NEW, status=401).json["code"] == "unauthenticated"
    assert api.as_(make.user()).post("/venues", NEW, status=403).json["code"] == "forbidden"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "must not be empty"),
        ("name", "x" * 201, "must have at most 200 characters"),
        ("name", "a\x00b", "must not contain a NUL character"),
        ("city", None, "must not be null"),
        ("country", "Portugal", 'must be an ISO 3166 code such as "PT"'),
        ("country", "pt", 'must be an ISO 3166 code such as "PT"'),
        ("capacity", 0, "must be at least 1"),
        ("capacity", 2**31, "must be at most 2147483647"),
        ("capacity", "450", "must be a whole number"),
        ("facilities", "bar", "must be a list"),
        ("facilities", ["x"] * 51, "must have at most 50 entries"),
        ("timezone", "Lisbon", 'must be an IANA time zone such as "Europe/Lisbon"'),
        ("id", 1, "is not known here"),
        ("created_by_id", 1, "is not known here"),
    ],
)
def test_bad_values_are_named_and_nothing_is_made(api, make, field, value, message):
    answer = api.as_(make.staff()).post("/venues", NEW | {field: value}, status=400)

    assert answer.json["errors"] == [{"field": field, "message": message}]
    assert api.get("/venues").json["count"] == 0


def test_a_bad_facility_is_named_by_its_place(api, make):
    answer = api.as_(make.staff()).post("/venues", NEW | {"facilities": ["bar", "x" * 61]}, status=400)

    assert answer.json["errors"] == [{"field": "facilities[1]", "message": "must have at most 60 characters"}]


def test_put_replaces_and_patch_changes_only_what_it_names(api, make):
    owner = make.organizer()
    path = f"/venues/{make.venue(created_by_id=owner.id, capacity=7, facilities=['bar']).id}"

    changed = api.as_(owner).patch(path, {"name": "Renamed"}).json
    assert changed.items() >= {"name": "Renamed", "capacity": 7, "facilities": ["bar"], "city": "Lisbon"}.items()
    replaced = api.as_(owner).put(path, {"name": "Replaced", "city": "Faro", "country": "PT"}).json
    assert replaced.items() >= {"name": "Replaced", "city": "Faro", "capacity": None, "facilities": []}.items()
    assert replaced["created_by_id"] == owner.id
    api.as_(owner).put(path, {"name": "Half"}, status=400)


def test_whoever_did_not_make_it_changes_and_deletes_nothing(api, make):
    venue = make.venue(name="Kept", created_by_id=make.organizer().id)
    path = f"/venues/{venue.id}"

    for client, status in ((api, 401), (api.as_(make.user()), 403), (api.as_(make.organizer()), 403)):
        client.put(path, NEW, status=status)
        client.patch(path, {"name": "Taken"}, status=status)
        client.delete(path, status=status)
    assert api.get(path).json["name"] == "Kept"


def test_owner_and_staff_delete(api, make):
    owner = make.organizer()
    for client in (api.as_(owner), api.as_(make.staff())):
        path = f"/venues/{make.venue(created_by_id=owner.id).id}"
        assert client.delete(path, status=204).body == b""
        api.get(path, status=404)


def test_a_venue_with_events_is_in_use(api, make):
    venue = make.venue()
    make.event(venue=venue)

    assert api.as_(make.staff()).delete(f"/venues/{venue.id}", status=409).json["code"] == "in_use"
    api.get(f"/venues/{venue.id}", status=200)


def test_a_change_that_an_event_there_refuses_is_refused_whole(api, make):
    venue = make.venue(name="Before", capacity=100)
    make.event(venue=venue, capacity=80)

    api.as_(make.staff()).patch(f"/venues/{venue.id}", {"name": "After", "capacity": 79}, status=409)

    assert api.get(f"/venues/{venue.id}").json.items() >= {"name": "Before", "capacity": 100}.items()
    assert api.as_(make.staff()).patch(f"/venues/{venue.id}", {"capacity": 80}).json["capacity"] == 80


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("venue_id", ["1", "999999999999999", "abc"])
def test_what_does_not_exist_is_not_found(api, make, method, venue_id):
    body = NEW if method in {"PUT", "PATCH"} else None

    api.as_(make.staff()).request(method, f"/venues/{venue_id}", body, status=404)


def test_nobody_overwrites_what_they_have_not_seen(api, make):
    staff = api.as_(make.staff())
    path = f"/venues/{make.venue().id}"
    seen = {"If-Match": api.get(path).headers["ETag"]}

    staff.patch(path, {"name": "First"}, headers=seen)
    for method, body in (("PATCH", {"name": "Second"}), ("PUT", NEW), ("DELETE", None)):
        assert staff.request(method, path, body, headers=seen, status=412).json["code"] == "version_mismatch"
    assert api.get(path).json["name"] == "First"


def test_the_list_filters_sorts_and_leafs(api, make):
    for name, city, country, capacity in (
        ("Alpha", "Porto", "PT", 50),
        ("Beta", "Vigo", "ES", 500),
        ("Gamma", "Porto", "PT", None),
    ):
        make.venue(name=name, city=city, country=country, capacity=capacity)

    def found(**query):
        return [venue["name"] for venue in api.get("/venues", **query).json["results"]]

    assert found() == ["Alpha", "Beta", "Gamma"]
    assert found(ordering="-name") == ["Gamma", "Beta", "Alpha"]
    assert found(search="vi") == ["Beta"]
    assert found(city="PORTO", min_capacity=60) == ["Gamma"]
    assert found(country="ES") == ["Beta"]
    first = api.get("/venues", page_size=2).json
    assert (first["count"], first["previous"], len(first["results"])) == (3, None, 2)
    assert [venue["name"] for venue in api.get(first["next"]).json["results"]] == ["Gamma"]


@pytest.mark.parametrize(
    "query",
    [{"ordering": "capacity"}, {"min_capacity": 0}, {"country": "XX"}, {"search": ""}, {"nearby": "me"}, {"page": 0}],
)
def test_a_bad_parameter_is_named(api, query):
    answer = api.get("/venues", status=400, **query)

    assert [error["field"] for error in answer.json["errors"]] == list(query)


def test_a_list_takes_two_statements_however_long_it_is(api, make, statements):
    for _ in range(12):
        make.venue()
    with statements() as seen:
        api.get("/venues")

    assert len(seen) == 2


def test_deleting_users_leaves_their_venues_to_staff(api, make):
    venue = make.venue(created_by_id=make.organizer(username="trial1").id)

    assert api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "trial"}).json == {"deleted": 1}

    assert api.get(f"/venues/{venue.id}").json["created_by_id"] is None
