"""The Prefer header, as RFC 7240 writes it."""

import pytest
from pyramid.request import Request

from turnout.api.preferences import preferences, prefers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("respond-async", {"respond-async": ""}),
        ("Respond-Async", {"respond-async": ""}),
        ("respond-async, wait=10", {"respond-async": "", "wait": "10"}),
        ("wait=10,respond-async", {"wait": "10", "respond-async": ""}),
        ('foo; bar, respond-async; x="y, z"; w', {"foo": "", "respond-async": ""}),
        ('foo="a, respond-async", bar', {"foo": "a, respond-async", "bar": ""}),
        (r'foo="a\"b"', {"foo": 'a"b'}),
        ('foo=""', {"foo": ""}),
        ("foo=", {"foo": ""}),
        ("foo = bar ; baz = 1 ,  qux", {"foo": "bar", "qux": ""}),
        ("foo;;bar", {"foo": ""}),
        ("wait=1, wait=2", {"wait": "1"}),
        (", ,respond-async,", {"respond-async": ""}),
        ("", {}),
        (" ", {}),
        ("=, respond-async", {"respond-async": ""}),
        ("a b, respond-async", {"respond-async": ""}),
        ('"respond-async", wait=3', {"wait": "3"}),
        ('foo="never closed, respond-async', {}),
        ("return=minimal; respond-async", {"return": "minimal"}),
    ],
)
def test_lists_of_preferences(header, expected):
    assert preferences(header) == expected


@pytest.mark.parametrize("header", ['x="' + "\\" * 50_000, "a;" * 50_000, "a=" * 50_000, "," * 50_000, '"' * 50_001])
def test_what_is_long_and_cannot_be_read_takes_no_time(header):
    assert "respond-async" not in preferences(header)


@pytest.mark.parametrize(
    ("header", "expected"), [("respond-async", True), ("respond-async=no", False), ("wait=1", False)]
)
def test_a_preference_without_a_value(header, expected):
    assert prefers(Request.blank("/", headers={"Prefer": header}), "respond-async") is expected
    assert not prefers(Request.blank("/"), "respond-async")
