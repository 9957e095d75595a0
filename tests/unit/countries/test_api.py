import pytest


def test_all_countries_are_listed_at_once(api):
    answer = api.get("/countries").json

    assert answer["count"] == len(answer["results"])
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


def test_countries_take_no_parameters(api):
    answer = api.get("/countries", status=400, page=1)

    assert answer.json["errors"] == [{"field": "page", "message": "takes no parameters"}]
