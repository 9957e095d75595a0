import pytest


def test_countries_come_in_pages_like_everything(api):
    first = api.get("/countries").json

    assert list(first) == ["count", "count_is_exact", "next", "previous", "results"]
    assert (len(first["results"]), first["count_is_exact"], first["previous"]) == (10, True, None)
    second = api.get(first["next"]).json
    assert second["previous"].endswith("/countries?page=1")
    assert [row["name"] for row in first["results"]] < [row["name"] for row in second["results"]]
    last = api.get("/countries", page_size=100, page=3).json
    assert (len(last["results"]), last["next"]) == (last["count"] - 200, None)


def test_all_countries_are_listed_at_once_by_a_walk(api):
    answer = api.get("/countries?cursor=").json

    assert (answer["count"], answer["next"]) == (len(answer["results"]), None)
    assert 240 < answer["count"] < 260
    assert {"code": "PT", "name": "Portugal"} in answer["results"]


@pytest.mark.parametrize("path", ["/countries", "/countries/PT"])
def test_answers_may_be_kept_for_a_day_and_are_confirmed_by_their_etag(api, path):
    answer = api.get(path)

    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    again = api.get(path, headers={"If-None-Match": answer.headers["ETag"]}, status=304)
    assert again.body == b""
    assert again.headers["Cache-Control"] == "public, max-age=86400"


def test_no_statement_is_needed(api, statements):
    with statements() as seen:
        api.get("/countries")

    assert seen == []


@pytest.mark.parametrize("code", ["PT", "pt"])
def test_a_country_is_read_by_its_code(api, code):
    assert api.get(f"/countries/{code}").json == {"code": "PT", "name": "Portugal"}


@pytest.mark.parametrize("code", ["XX", "PRT", "%C3%9F", "1"])
def test_an_unknown_code_is_not_found_and_not_kept(api, code):
    answer = api.get(f"/countries/{code}", status=404)

    assert answer.json["code"] == "not_found"
    assert answer.headers["Cache-Control"] == "no-store"


def test_countries_take_no_other_parameters(api):
    answer = api.get("/countries", status=400, search="P")

    assert answer.json["errors"] == [{"field": "search", "message": "is not a parameter of this list"}]
