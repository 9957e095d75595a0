"""The list of events: every filter, search and ordering, alone and together."""

from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from turnout.users.models import User

PUBLIC = ["opening", "fado", "circus", "yoga", "gala"]


@pytest.fixture
def programme(make, clock):
    """Seven events, by a short name each; `opening` has begun, `yoga` is sold out, `secret` and `gone` are not public."""
    now = clock.now()
    music, sport = make.category(name="Music", slug="music"), make.category(name="Sport", slug="sport")
    night, family = make.tag(name="Night", slug="night"), make.tag(name="Family", slug="family")
    theatre = make.venue(name="Teatro do Rio", address="Rua das Flores 12", city="Porto", country="PT")
    arena = make.venue(name="Arena Norte", address="Gran Via 1", city="Madrid", country="ES")
    ines, joao = make.organizer(username="ines"), make.organizer(username="joao")
    made = {}

    def add(name, days, **fields):
        times = {"starts_at": now + timedelta(days=days)}
        made[name] = make.event(**{"title": name.title(), "organizer": ines} | times | fields)
        clock.move(seconds=1)

    add("opening", -0.05, venue=theatre, category=music, price=0, tags=[night])
    add("fado", 2, title="Xylophone quartet", description="With singing violins", venue=theatre, category=music,
        price="20.00", tags=[night, family], organizer=joao)  # fmt: skip
    add("circus", 10, location="Old port, Faro", country="PT", price="12.50", tags=[family])
    kinds = [{"name": "Mat", "capacity": 5, "taken": 5, "price": "9.99"}]
    add("yoga", 20, venue=arena, category=sport, ticket_types=kinds, capacity=None)
    add("gala", 30, venue=arena, price="150.00", capacity=50, taken=49)
    add("secret", 40, venue=theatre, category=music, status="draft", tags=[night], organizer=joao)
    add("gone", 50, venue=arena, status="cancelled", price=5)
    return made


def names(answer, programme):
    by_id = {event.id: name for name, event in programme.items()}
    return [by_id[result["id"]] for result in answer.json["results"]]


def errors(answer):
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_the_list_shows_what_the_details_show(api, programme):
    answer = api.get("/events").json

    assert [result["id"] for result in answer["results"]] == [programme[name].id for name in PUBLIC]
    assert (answer["count"], answer["count_is_exact"], answer["next"], answer["previous"]) == (5, True, None, None)
    for result in answer["results"]:
        assert result == api.get(f"/events/{result['id']}").json


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "music"}, ["opening", "fado"]),
        ({"category": "no-such-thing"}, []),
        ({"category": "9" * 25}, []),
        ({"tags": "night"}, ["opening", "fado"]),
        ({"tags": "night, family,"}, ["opening", "fado", "circus"]),
        ({"tags": "no-such-thing"}, []),
        ({"tags": ","}, []),
        ({"country": "ES"}, ["yoga", "gala"]),
        ({"country": "FR"}, []),
        ({"min_price": "12.5"}, ["fado", "circus", "gala"]),
        ({"max_price": "12.50"}, ["opening", "circus", "yoga"]),
        ({"min_price": "9.99", "max_price": "20"}, ["fado", "circus", "yoga"]),
        ({"max_price": "0"}, ["opening"]),
        ({"min_price": "200"}, []),
        ({"available_only": True}, ["opening", "fado", "circus", "gala"]),
        ({"available_only": False}, PUBLIC),
        ({"upcoming_only": True}, ["fado", "circus", "yoga", "gala"]),
        ({"date_from": "2027-03-03T12:00:00Z"}, ["fado", "circus", "yoga", "gala"]),
        ({"date_from": "2027-03-03T12:00:00.000001Z"}, ["circus", "yoga", "gala"]),
        ({"date_to": "2027-03-03T12:00:00Z"}, ["opening", "fado"]),
        ({"date_to": "2027-03-03T13:59:59+02:00"}, ["opening"]),
        ({"date_from": "2027-03-05T00:00:00Z", "date_to": "2027-03-25T00:00:00Z"}, ["circus", "yoga"]),
        ({"status": "cancelled"}, ["gone"]),
        ({"status": "draft"}, []),
        ({"status": "archived"}, []),
        ({"location": "porto"}, ["opening", "fado"]),
        ({"location": "PORT"}, ["opening", "fado", "circus"]),
        ({"location": "faro port"}, ["circus"]),
        ({"location": "teatro"}, ["opening", "fado"]),
        ({"location": "norte madrid"}, ["yoga", "gala"]),
        ({"location": "xylophone"}, []),
        ({"location": "!?"}, []),
        ({"search": "xylophones"}, ["fado"]),
        ({"search": "VIOLIN sings"}, ["fado"]),
        ({"search": "violin nowhere"}, []),
        ({"search": "madrid"}, ["yoga", "gala"]),
        ({"search": "gala madrid"}, ["gala"]),
        ({"search": "secret"}, []),
        ({"ordering": "-starts_at"}, PUBLIC[::-1]),
        ({"ordering": "created_at"}, PUBLIC),
        ({"ordering": "-created_at"}, PUBLIC[::-1]),
        ({"ordering": "title"}, ["circus", "gala", "opening", "fado", "yoga"]),
        ({"ordering": "-title"}, ["yoga", "fado", "opening", "gala", "circus"]),
        ({"ordering": "price"}, ["opening", "yoga", "circus", "fado", "gala"]),
        ({"ordering": "-price"}, ["gala", "fado", "circus", "yoga", "opening"]),
        ({"category": "music", "tags": "family", "country": "PT", "max_price": "20", "search": "quartet"}, ["fado"]),
        ({"country": "PT", "upcoming_only": True, "ordering": "-price"}, ["fado", "circus"]),
        ({"location": "arena", "available_only": True}, ["gala"]),
        ({"tags": "family", "status": "cancelled"}, []),
        ({"search": "xylophones", "location": "port"}, ["fado"]),
        ({"search": "xylophones", "location": "madrid"}, []),
        ({"search": "old port", "location": "teatro"}, []),
        ({"search": "xylophones", "ordering": "-title", "page_size": 1}, ["fado"]),
    ],
    ids=lambda value: "&".join(f"{key}={text}" for key, text in value.items()) if isinstance(value, dict) else "",
)
def test_filters(api, programme, query, expected):
    answer = api.get("/events", **query)

    assert names(answer, programme) == expected
    assert answer.json["count"] == len(expected)


def test_filters_by_id(api, programme):
    fado = programme["fado"]

    assert names(api.get("/events", venue=fado.venue_id), programme) == ["opening", "fado"]
    assert names(api.get("/events", organizer=fado.organizer_id), programme) == ["fado"]
    assert names(api.get("/events", category=fado.category_id), programme) == ["opening", "fado"]
    together = {"venue": fado.venue_id, "category": fado.category_id, "organizer": programme["opening"].organizer_id}
    assert names(api.get("/events", **together), programme) == ["opening"]
    for name in ("venue", "organizer", "category"):
        assert api.get("/events", **{name: 999_999}).json["count"] == 0


def test_what_is_upcoming_depends_on_the_time(api, programme, clock):
    clock.set(programme["circus"].starts_at)
    assert names(api.get("/events", upcoming_only=True), programme) == ["yoga", "gala"]


def test_drafts_are_listed_for_their_owners_and_staff(api, make, programme):
    owner = make.session.get(User, programme["secret"].organizer_id)
    other = make.organizer()
    make.event(status="draft", organizer=other)

    assert names(api.as_(owner).get("/events", status="draft"), programme) == ["secret"]
    assert api.as_(other).get("/events", status="draft").json["count"] == 1
    assert api.as_(make.staff()).get("/events", status="draft").json["count"] == 2
    assert api.as_(make.user()).get("/events", status="draft").json["count"] == 0
    mine = {"status": "draft", "organizer": owner.id}
    assert api.as_(other).get("/events", **mine).json["count"] == 0
    assert "secret" not in names(api.as_(owner).get("/events"), programme)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("color", "red", "is not a parameter of this list"),
        ("date_from", "2027-03-03", 'needs a time zone, such as "2027-05-01T19:30:00Z" or "...+02:00"'),
        ("date_from", "soon", 'must be a date and time such as "2027-05-01T19:30:00+02:00"'),
        ("date_to", "", "must not be empty"),
        ("venue", "hall", "must be a whole number"),
        ("venue", "0", "must be at least 1"),
        ("venue", "9" * 19, "must be at most 9007199254740991"),
        ("organizer", "-1", "must be at least 1"),
        ("country", "Portugal", 'must be an ISO 3166 code such as "PT"'),
        ("min_price", "cheap", 'must be an amount such as "150.00"'),
        ("min_price", "-1", "must be at least 0"),
        ("max_price", "NaN", 'must be an amount such as "150.00"'),
        ("max_price", "1.00001", "must have at most four decimals"),
        ("available_only", "maybe", None),
        ("upcoming_only", "2", None),
        ("status", "sold", "must be one of: draft, published, cancelled, postponed, archived"),
        ("ordering", "venue", None),
        ("ordering", "--price", None),
        ("search", "", "must not be empty"),
        ("search", "x" * 201, "must have at most 200 characters"),
        ("search", "a\x00b", "must not contain a NUL character"),
        ("location", "  ", "must not be empty"),
        ("category", "x" * 61, "must have at most 60 characters"),
        ("page", "0", "must be at least 1"),
        ("page", "1.5", "must be a whole number"),
        ("page_size", "101", "must be at most 100"),
        ("page_size", "0", "must be at least 1"),
    ],
)
def test_a_bad_parameter_is_named(api, name, value, message):
    answer = api.request("GET", "/events?" + urlencode({name: value}), status=400)

    found = errors(answer)
    assert list(found) == [name]
    assert message is None or found[name] == message


def test_every_bad_parameter_is_named_at_once(api):
    answer = api.request("GET", "/events?color=red&venue=x&country=PT&page=0&tags=a&tags=b", status=400)

    assert errors(answer).keys() == {"color", "venue", "page", "tags"}


@pytest.mark.parametrize(
    "words",
    [
        '"', "'", '"quoted words"', "'; DROP TABLE events; --", "%", "_", "\\", "a%b_c", "*", "xylo*", "-xylophone", "- -",
        "NOT", "a AND", "OR OR", "NEAR(a b)", "title:xylophone", "title : x", "^a", "{a b}:c", "(", ")(", "a & b | !c", "a:*",
        "a <-> b", "!!!", "...", "?", "🎻", "xylophone 🎻", "שלום", "日本語", "ﷺ", "İstanbul", "ß", "a\u0301", "\u200d", "\u202e",
        "1e309", "_ a", "__", "é" * 200, "a " * 100, "x" * 200, "²", "Ⅷ", "٣", "\ufeffa", "a\tb\nc", "a\u2028b",
    ],
)  # fmt: skip
def test_no_search_is_too_odd(api, programme, words):
    for name in ("search", "location"):
        answer = api.get("/events", **{name: words}, status=200)
        assert answer.json["count"] <= len(PUBLIC)


def test_every_letter_there_is_can_be_searched_for(api, programme):
    letters = [chr(code) for code in range(0x2FFF) if chr(code).isalnum() or chr(code) == "_"]
    for start in range(0, len(letters), 98):
        words = " ".join(letters[start : start + 98])
        api.get("/events", search=words, status=200)
        api.get("/events", location=words, status=200)


def test_search_finds_inflected_words_and_follows_changes(api, make):
    event = make.event(title="Dancing in the gardens", description="Children's stories")
    for words in ("dance", "danced garden", "story", "children GARDENING"):
        assert api.get("/events", search=words).json["count"] == 1, words

    event.title = "Cooking by the river"

    assert api.get("/events", search="dance").json["count"] == 0
    assert api.get("/events", search="cooks rivers").json["count"] == 1


def walk(api, **query):
    """Follow `next` to the end; return the pages' results."""
    answer = api.get("/events", **query).json
    pages = [answer["results"]]
    while answer["next"]:
        answer = api.get(answer["next"]).json
        pages.append(answer["results"])
    return pages


@pytest.fixture
def alike(make, clock):
    """Twenty-three events that share titles, prices and times."""
    organizer = make.organizer()
    for number in range(23):
        start = clock.now() + timedelta(days=7 + number % 3)
        make.event(title=f"Twin {number % 2}", price=number % 4, starts_at=start, organizer=organizer)
        clock.move(seconds=number % 2)


@pytest.mark.parametrize("column", ["starts_at", "created_at", "title", "price"])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("start", [{}, {"cursor": ""}], ids=["pages", "cursors"])
def test_a_walk_meets_everything_once_in_order(api, alike, column, sign, start):
    pages = walk(api, page_size=5, ordering=sign + column, **start)

    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    found = [result for page in pages for result in page]
    assert len({result["id"] for result in found}) == 23
    keys = [(float(result[column]) if column == "price" else result[column], result["id"]) for result in found]
    assert all(a > b if sign else a < b for a, b in pairwise(keys))


def test_pages_have_neighbours(api, alike):
    first = api.get("/events", page_size=10, ordering="-price", max_price="5").json
    second = api.get(first["next"]).json
    third = api.get(second["next"]).json

    assert (first["previous"], third["next"]) == (None, None)
    assert [first["count"], second["count"], third["count"]] == [23] * 3
    assert api.get(second["previous"]).json == first
    assert api.get(third["previous"]).json == second
    assert api.get("/events", page=4).json.items() >= {"results": [], "next": None, "count": 23}.items()


def test_a_cursor_keeps_its_place_while_events_come_and_go(api, make, alike):
    first = api.get("/events", page_size=10, ordering="title", cursor="").json
    make.event(title="A newcomer before all that was seen")

    seen = [result["id"] for page in [first["results"], *walk_on(api, first)] for result in page]

    assert len(seen) == len(set(seen)) == 23
    assert "cursor=" in first["next"]
    assert first["previous"] is None


def walk_on(api, answer):
    while answer["next"]:
        answer = api.get(answer["next"]).json
        yield answer["results"]
