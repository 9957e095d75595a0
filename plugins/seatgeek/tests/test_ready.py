"""The application with an account at SeatGeek."""

import pytest


@pytest.fixture(scope="module")
def settings():
    return {"seatgeek.client_id": "very-private-id", "seatgeek.client_secret": "very-private-secret"}


def test_it_is_healthy(api):
    assert api.get("/health").json["components"]["seatgeek"] == {"status": "ok"}


def test_its_secrets_are_masked(api):
    answer = api.as_role("staff").get("/plugins", page_size=100)
    assert "********" in answer.text
    assert "very-private" not in answer.text
