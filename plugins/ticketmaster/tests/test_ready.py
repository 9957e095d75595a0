"""The application with a key."""

import pytest


@pytest.fixture(scope="module")
def settings():
    return {"ticketmaster.api_key": "kept-private"}


def test_it_is_healthy(api):
    assert api.get("/health").json["components"]["ticketmaster"] == {"status": "ok"}


def test_its_key_is_masked(api):
    answer = api.as_role("staff").get("/plugins", page_size=100)
    assert "********" in answer.text
    assert "kept-private" not in answer.text
