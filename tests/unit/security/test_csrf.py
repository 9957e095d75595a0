"""What a browser sends by itself proves nothing."""

import pytest

SESSION = "turnout_session=1"
BODY = {"refresh_token": "x"}


def test_a_browser_session_needs_the_token(api):
    response = api.post("/auth/refresh", BODY, status=400, headers={"Cookie": SESSION})
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == "csrf_failed"


@pytest.mark.parametrize("sent", ["other", "", "t0ken "])
def test_a_wrong_token_does_not_do(api, sent):
    headers = {"Cookie": f"{SESSION}; turnout_csrf=t0ken", "X-CSRF-Token": sent}
    assert api.post("/auth/refresh", BODY, status=400, headers=headers).json["code"] == "csrf_failed"


def test_the_right_token_does(api):
    headers = {"Cookie": f"{SESSION}; turnout_csrf=t0ken", "X-CSRF-Token": "t0ken"}
    assert api.post("/auth/refresh", BODY, status=401, headers=headers).json["code"] == "invalid_token"


def test_a_token_in_the_address_does_not_do(api):
    headers = {"Cookie": f"{SESSION}; turnout_csrf=t0ken"}
    response = api.post("/auth/refresh?csrf_token=t0ken", BODY, status=400, headers=headers)
    assert response.json["code"] == "csrf_failed"


def test_token_clients_need_none(api, make):
    client = api.as_(make.user())
    client.patch("/users/me", {"bio": "x"}, headers={"Cookie": SESSION})
    api.post("/auth/refresh", BODY, status=401)


def test_reading_needs_none(api):
    api.get("", headers={"Cookie": SESSION})
