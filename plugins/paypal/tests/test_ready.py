"""The application with an app at PayPal."""

import pytest


@pytest.fixture(scope="module")
def settings():
    return {"paypal.client_id": "app", "paypal.client_secret": "private", "paypal.webhook_id": "1JE4291016473214C"}


def test_it_is_healthy(api):
    assert api.get("/health").json["components"]["paypal"] == {"status": "ok"}


def test_its_secrets_are_masked(api):
    answer = api.as_role("staff").get("/plugins", page_size=100)
    assert "********" in answer.text
    assert "private" not in answer.text
