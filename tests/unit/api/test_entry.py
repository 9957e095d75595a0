"""Where every request comes in."""

import re

import pytest


def test_every_answer_has_an_id(api):
    first, second = (api.get("").headers["X-Request-ID"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{16}", first)
    assert first != second


def test_an_id_that_was_given_is_kept(api):
    assert api.get("", headers={"X-Request-ID": "from-the-proxy.1"}).headers["X-Request-ID"] == "from-the-proxy.1"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "<script>alert(1)</script>"])
def test_an_id_that_is_none_is_replaced(api, given):
    assert api.get("", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given


def test_a_trailing_slash_is_tolerated(api, make):
    client = api.as_(make.user())
    assert client.get("/users/me/").json == client.get("/users/me").json
    assert api.get("/").json["name"] == "Turnout"


@pytest.mark.parametrize("path", ["/countries/%2f", "/countries/%2F/", "/countries//", "/countries/PT%2f/"])
def test_only_one_trailing_slash_is_tolerated(api, path):
    api.get("/countries/")
    assert api.get(path, status=404).json["code"] == "not_found"


def test_nobody_learns_how_the_transaction_went(api):
    assert "X-Tm" not in api.post("/auth/refresh", {"refresh_token": "x"}, status=401).headers


def test_the_entrance_lists_what_there_is(api):
    root = api.get("").json
    assert "users" in root["capabilities"]
    assert root["links"]["users"].endswith("/api/v1/users")
    assert not [link for link in root["links"] if "{" in link]
