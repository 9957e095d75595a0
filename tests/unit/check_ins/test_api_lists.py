"""Who is expected, and who is in."""

import pytest


@pytest.fixture
def names():
    return lambda answer: [row["name"] for row in answer["results"]]


@pytest.fixture
def guests(book, event, make):
    """Five who are expected: two with Ada Marsh, Zoë who booked for herself, and two whom Bob booked for by name."""
    ada = book(event, quantity=2)
    zoe = book(event, make.user(first_name="Zoë", last_name="van Lier"))
    bob = book(event, make.user(first_name="Bob", last_name="Stone"),
               tickets=[{"name": "émile Ash"}, {"name": "Carla de Souza"}])  # fmt: skip
    return {"ada": ada, "zoe": zoe, "bob": bob}


def test_who_is_expected_by_name(door, guests, names, book, event, api, make):
    book(event, status="pending")
    cancelled = book(event)
    api.as_(make.staff()).delete(f"/bookings/{cancelled['id']}")
    book(make.event())

    found = door.list()

    assert sorted(names(found)) == ["Ada Marsh", "Ada Marsh", "Carla de Souza", "Zoë van Lier", "émile Ash"]
    assert names(found)[:3] == ["Ada Marsh", "Ada Marsh", "Carla de Souza"]
    assert names(door.list(ordering="-name")) == names(found)[::-1]
    assert (found["count"], found["counts"]) == (5, {"expected": 5, "checked_in": 0})
    carla = found["results"][2]
    assert carla.items() >= {"attendee_name": "Bob Stone", "checked_in_at": None, "checked_in_by_id": None}.items()
    assert (carla["booking_code"], carla["event_id"]) == (guests["bob"]["code"], event.id)


def test_who_is_in_and_who_is_not(door, guests, names, clock):
    door.check_in(guests["zoe"]["tickets"][0]["secret"])
    clock.move(minutes=1)
    door.check_in(guests["bob"]["tickets"][1]["id"])

    assert sorted(names(door.list(checked_in=True))) == ["Carla de Souza", "Zoë van Lier"]
    assert sorted(names(door.list(checked_in=False))) == ["Ada Marsh", "Ada Marsh", "émile Ash"]
    assert names(door.list(ordering="-checked_in_at"))[:2] == ["Carla de Souza", "Zoë van Lier"]
    assert names(door.list(ordering="checked_in_at"))[3:] == ["Zoë van Lier", "Carla de Souza"]
    nobody = door.list(checked_in=True, search="ada")
    assert (nobody["count"], nobody["counts"]) == (0, {"expected": 5, "checked_in": 2})
    door.undo(guests["zoe"]["tickets"][0]["id"])
    assert door.counts() == (5, 1)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada", ["Ada Marsh", "Ada Marsh"]),
        ("MARSH", ["Ada Marsh", "Ada Marsh"]),
        ("ada ma", ["Ada Marsh", "Ada Marsh"]),
        ("bob", ["Carla de Souza", "émile Ash"]),
        ("souz", ["Carla de Souza"]),
        ("lier", ["Zoë van Lier"]),
        ("arsh", []),
        ("%", []),
        ("_da", []),
        ("\\", []),
        ("' OR 1=1", []),
    ],
)
def test_names_are_found_by_the_beginning_of_a_word(door, guests, names, search, found):
    assert sorted(names(door.list(search=search))) == found


def test_bookings_are_found_by_their_code(door, guests, names):
    code = guests["bob"]["code"]
    assert sorted(names(door.list(search=code.lower()))) == ["Carla de Souza", "émile Ash"]


def test_pages_and_walks_meet_everybody_once(door, guests, names):
    everybody = names(door.list())
    for ordering in ("name", "-name", "checked_in_at", "-checked_in_at"):
        if ordering == "checked_in_at":
            door.check_in(guests["ada"]["tickets"][1]["id"])
        for query in ({"page": 1}, {"cursor": ""}):
            part, found = door.list(page_size=2, ordering=ordering, **query), []
            found += part["results"]
            while part["next"]:
                part = door.client.get(part["next"]).json
                found += part["results"]
            assert len({row["ticket_id"] for row in found}) == 5
            if ordering == "name":
                assert names({"results": found}) == everybody


def test_an_event_of_nobody(door):
    found = door.list()
    assert (found["results"], found["counts"]) == ([], {"expected": 0, "checked_in": 0})


def test_a_list_needs_as_many_statements_however_long_it_is(door, book, event, statements):
    def asked():
        with statements() as seen:
            door.list(page_size=100, checked_in=False, search="a")
        return len(seen)

    book(event)
    few = asked()
    book(event, quantity=9)
    assert asked() == few <= 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"checked_in": "perhaps"}, "checked_in"),
        ({"ordering": "secret"}, "ordering"),
        ({"search": "x" * 101}, "search"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"page_size": 101}, "page_size"),
        ({"event": 1}, "event"),
    ],
)
def test_bad_parameters_are_named(door, query, field):
    answer = door.client.get(door.path, **query, status=400).json
    assert [error["field"] for error in answer["errors"]] == [field]
