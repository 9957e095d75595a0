"""Lists over HTTP."""

import pytest


@pytest.fixture
def staff(api, make):
    for number in range(6):
        make.user(username=f"reader{number}")
    return api.as_(make.staff())


def test_pages_are_linked_both_ways(staff):
    first = staff.get("/users", page_size=3, search="reader").json
    assert (first["count"], first["count_is_exact"], first["previous"]) == (6, True, None)
    second = staff.get(first["next"]).json
    assert second["next"] is None
    assert staff.get(second["previous"]).json == first
    names = [user["username"] for user in first["results"] + second["results"]]
    assert sorted(names) == [f"reader{number}" for number in range(6)]


def test_a_walk_by_cursor_finds_everything_once(staff):
    link, names = "/users?cursor=&page_size=2&search=reader", []
    while link is not None:
        answer = staff.get(link).json
        assert answer["previous"] is None
        names += [user["username"] for user in answer["results"]]
        link = answer["next"]
    assert names == [f"reader{number}" for number in range(6)]


def test_ten_results_unless_told(staff, make):
    for _ in range(10):
        make.user()
    assert len(staff.get("/users").json["results"]) == 10
    assert len(staff.get("/users", page_size=100).json["results"]) == 17


@pytest.mark.parametrize("query", ["page=101&page_size=100", "cursor=nonsense", "cursor=" + "x" * 501])
def test_what_leads_nowhere_is_refused_by_name(staff, query):
    response = staff.get(f"/users?{query}", status=400)
    assert response.json["errors"][0]["field"] == query.partition("=")[0]


def test_what_was_asked_stays_in_the_links(staff, make):
    for number in range(12):
        make.user(username=f"a+b&c_{number}")
    answer = staff.get("/users", search="a+b&c_", page_size=5).json
    assert answer["count"] == 12
    assert staff.get(answer["next"]).json["count"] == 12
