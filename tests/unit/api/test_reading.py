"""What a client sends is taken strictly, and refused with the name of what is wrong."""

import pytest
from tests.unit.api import probes

from turnout.api import reading
from turnout.api.errors import MalformedJSON


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, probes.includeme)


def errors_of(response):
    return {entry["field"]: entry["message"] for entry in response.json["errors"]}


def test_everything_that_is_right_arrives(api):
    sent = {
        "name": "  Grace 🎷 مرحبا \u202e  ",
        "note": "",
        "number": 100,
        "price": "150.00",
        "at": "2028-02-29T19:30:00+02:00",
        "born": "2028-02-29",
        "yes": True,
        "word": "green",
        "email": "grace@example.com",
        "slug": "live-music",
        "url": "https://example.com/a?b=c",
        "currency": "EUR",
        "country": "PT",
        "zone": "Europe/Lisbon",
        "words": ["a", "b"],
        "inner": {"word": "x", "number": None},
    }
    got = api.post("/probes", sent).json
    assert got == sent | {"name": "Grace 🎷 مرحبا \u202e", "at": "2028-02-29T17:30:00Z"}


def test_a_whole_number_may_be_written_with_a_point(api):
    assert api.post("/probes", b'{"name": "x", "number": 5.0}').json["number"] == 5


def test_what_is_missing_gets_its_default(api):
    got = api.post("/probes", {"name": "x"}).json
    assert (got["number"], got["word"], got["words"], got["url"]) == (1, "red", [], None)
    assert got["inner"] == {"word": "in"}


def test_a_patch_says_only_what_changes(api):
    assert api.patch("/probes", {"note": "n"}).json == {"note": "n"}
    assert api.patch("/probes", {}).json == {}


@pytest.mark.parametrize(
    "value",
    [
        {"name": None},
        {"name": 5},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 51},
        {"name": "a\x00b"},
        {"name": ["x"]},
        {"name": {}},
        {"number": "5"},
        {"number": 1.5},
        {"number": True},
        {"number": None},
        {"number": 0},
        {"number": 101},
        {"number": 10**100},
        {"number": -(10**100)},
        {"number": {}},
        {"price": ""},
        {"price": "1,5"},
        {"price": "NaN"},
        {"price": "Infinity"},
        {"price": "1e3"},
        {"price": "-0.01"},
        {"price": "1.00001"},
        {"price": 10**30},
        {"price": 1e300},
        {"price": True},
        {"at": "2027-05-01T19:30:00"},
        {"at": "2027-05-01"},
        {"at": "2027-02-29T12:00:00Z"},
        {"at": "2027-05-01T25:00:00Z"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "soon"},
        {"at": 1_800_000_000},
        {"at": {}},
        {"born": "2027-02-29"},
        {"born": "2027-02-28T00:00:00"},
        {"born": "١٩٩٩-01-01"},
        {"born": {}},
        {"yes": "true"},
        {"yes": 1},
        {"yes": None},
        {"word": "blue"},
        {"word": ""},
        {"email": "grace"},
        {"email": "grace@example.com\nBcc: all@example.com"},
        {"email": "grace@" + "a" * 250 + ".com"},
        {"slug": "Live Music"},
        {"url": "javascript:alert(1)"},
        {"currency": "XXXX"},
        {"currency": "eur"},
        {"country": "UK"},
        {"country": "EU"},
        {"zone": "Mars/Base"},
        {"zone": "../etc/passwd"},
        {"words": "abc"},
        {"words": {"0": "a"}},
        {"words": ["a", "b", "c", "d"]},
        {"inner": []},
        {"inner": "x"},
        {"unknown": 1},
        {"__proto__": {}},
    ],
    ids=lambda value: f"{value!r:.40}",
)
def test_a_bad_value_is_refused_by_name(api, value):
    field = next(iter(value))
    response = api.post("/probes", {"name": "x"} | value, status=400)
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == "validation_failed"
    assert list(errors_of(response)) == [field]


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999"])
@pytest.mark.parametrize("field", ["number", "price"])
def test_a_number_that_no_arithmetic_bears_is_refused_by_name(api, field, number):
    response = api.post("/probes", f'{{"name": "x", "{field}": {number}}}'.encode(), status=400)
    assert list(errors_of(response)) == [field]


def test_all_that_is_wrong_is_said_at_once_with_its_place(api):
    body = {"number": "1", "words": ["ok", "much too long", 3], "inner": {"number": "x", "more": 1}}
    assert errors_of(api.post("/probes", body, status=400)) == {
        "name": "is required",
        "number": "must be a whole number",
        "words[1]": "must have at most 5 characters",
        "words[2]": "must be text",
        "inner.word": "is required",
        "inner.number": "must be a whole number",
        "inner.more": "is not known here",
    }


def test_a_moment_without_a_zone_is_told_what_it_lacks(api):
    response = api.post("/probes", {"name": "x", "at": "2027-05-01T19:30:00"}, status=400)
    assert "needs a time zone" in errors_of(response)["at"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'name': 1}",
        b'{"name": "x",}',
        b'{"name": "x"} {}',
        b'{"name": NaN}',
        b'{"number": Infinity}',
        b'{"name": "\xff"}',
        b'{"name": "a\nb"}',
        b'\xef\xbb\xbf{"name": "x"}',
        b'{"name": "x", "name": "y"}',
        b'{"name": "x", "inner": {"word": "a", "word": "b"}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"number": ' + b"9" * 5000 + b"}",
        b'{"price": 1e99999999999999999999}',
    ],
    ids=lambda body: f"{body!r:.40}",
)
def test_what_is_not_json_is_called_so(api, body):
    assert api.post("/probes", body, status=400).json["code"] == "malformed_json"


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_a_body_is_an_object(api, body):
    assert errors_of(api.post("/probes", body, status=400)) == {"": "The body must be a JSON object"}


def test_a_lone_surrogate_is_no_text(api):
    response = api.post("/probes", b'{"name": "\\ud800"}', status=400)
    assert errors_of(response) == {"name": "must be valid Unicode text"}
    assert api.post("/probes", b'{"name": "\\ud83c\\udfb7"}').json["name"] == "🎷"


def test_a_lone_surrogate_in_a_member_is_refused_and_can_be_said(api):
    response = api.post("/probes", b'{"name": "x", "\\ud800": 1}', status=400)
    assert list(errors_of(response).values()) == ["is not known here"]


def test_a_lone_surrogate_twice_can_be_said(api):
    assert api.post("/probes", b'{"\\ud800": 1, "\\ud800": 1}', status=400).json["code"] == "malformed_json"


class CountedName(str):
    """A member's name that counts how often it is compared with another."""

    __slots__ = ()
    comparisons = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        CountedName.comparisons += 1
        return str.__eq__(self, other)


def test_a_member_that_is_there_twice_is_found_without_comparing_each_with_each():
    names = [f"m{number}" for number in range(2000)] + ["m1999"]
    with pytest.raises(MalformedJSON, match="m1999"):
        reading._object([(CountedName(name), 1) for name in names])
    assert CountedName.comparisons < 10 * len(names)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
def test_a_body_says_that_it_is_json(api, content_type):
    response = api.post("/probes", b'{"name": "x"}', status=415, headers={"Content-Type": content_type})
    assert response.json["code"] == "unsupported_media_type"


@pytest.mark.parametrize("content_type", ["APPLICATION/JSON", "Application/Json; Charset=UTF-8"])
def test_upper_case_does_no_harm(api, content_type):
    api.post("/probes", b'{"name": "x"}', headers={"Content-Type": content_type})


def test_a_charset_does_no_harm(api):
    api.post("/probes", b'{"name": "x"}', headers={"Content-Type": "application/json; charset=utf-8"})


def test_a_large_body_is_refused(api, application):
    most = application.registry.settings["api.max_body_bytes"]
    response = api.post("/probes", b'{"name": "x"}'.ljust(most + 1), status=413)
    assert response.json["code"] == "body_too_large"
    api.post("/probes", b'{"name": "x"}'.ljust(most))


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_a_large_body_is_refused_where_none_is_expected(api, application, headers):
    large = b" " * (application.registry.settings["api.max_body_bytes"] + 1)
    assert api.delete("/probe-pools", large, status=413, headers=headers).json["code"] == "body_too_large"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("number=x", "number"),
        ("number=", "number"),
        ("number=0", "number"),
        ("number=" + "9" * 5000, "number"),
        ("number=%D9%A1", "number"),
        ("number=1&number=2", "number"),
        ("at=2027-05-01T10:00:00", "at"),
        ("at=2027-02-29T10:00:00Z", "at"),
        ("yes=maybe", "yes"),
        ("word=blue", "word"),
        ("word=a%00b", "word"),
        ("page=0", "page"),
        ("page_size=101", "page_size"),
        ("nonsense=1", "nonsense"),
        ("Number=1", "Number"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(api, query, field):
    assert list(errors_of(api.get(f"/probes?{query:.6000}", status=400))) == [field]


def test_parameters_arrive(api):
    got = api.get("/probes", number=7, at="2027-05-01T10:00:00+02:00", yes=True, word="red").json
    assert (got["number"], got["at"], got["yes"], got["word"]) == (7, "2027-05-01T08:00:00Z", True, "red")


@pytest.mark.parametrize("query", ["word=%ff", "%ff=1", "word=%ed%a0%80"])
def test_a_query_is_utf_8(api, query):
    assert api.get(f"/probes?{query}", status=400).content_type == "application/problem+json"


@pytest.mark.parametrize("at", ["2027-05-01T10:00:00+02:00", "2027-05-01+10:00:00"])
def test_a_bare_plus_in_a_moment_is_told_what_it_must_be(api, at):
    assert errors_of(api.get(f"/probes?at={at}", status=400))["at"].endswith("; in a query, write + as %2B")


def test_no_plus_is_spoken_of_where_there_was_none(api):
    assert "%2B" not in errors_of(api.get("/probes?at=soon", status=400))["at"]
    assert "%2B" not in errors_of(api.get("/probes?number=a+b", status=400))["number"]
    assert api.get("/probes?at=2027-05-01T10:00:00%2B02:00").json["at"] == "2027-05-01T08:00:00Z"


def test_what_takes_no_parameters_says_so(api):
    assert errors_of(api.get("/probes/1?x=1", status=400)) == {"x": "takes no parameters"}
