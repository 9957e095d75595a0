"""Whoever reads the log cannot read bookings."""

import pytest


@pytest.fixture(scope="module")
def settings():
    return {"log.requests": "true", "log.level": "debug"}


def test_no_secret_of_a_link_is_logged(live):
    account = {
        "username": "ada",
        "email": "ada@example.com",
        "password": "four old bicycles",
        "first_name": "Ada",
        "last_name": "Marsh",
    }
    live.client.post("/users", json=account).raise_for_status()
    signed_in = live.client.post("/auth/login", json={"username": "ada", "password": account["password"]}).json()
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    url = live.client.post("/users/me/calendar-link", headers=headers).raise_for_status().json()["url"]
    secret = url.partition("token=")[2]
    assert live.client.get(url).status_code == 200
    assert live.client.get(url + "x").status_code == 404
    log = live.log.read_text("utf-8")
    assert log.count("/users/me/bookings.ics") == 2
    assert secret not in log
