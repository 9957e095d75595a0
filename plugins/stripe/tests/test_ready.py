"""The application with an account at Stripe."""

import pytest


@pytest.fixture(scope="module")
def settings():
    return {"stripe.secret_key": "sk_test_private", "stripe.webhook_secret": "whsec_private"}


def test_it_is_healthy(api):
    assert api.get("/health").json["components"]["stripe"] == {"status": "ok"}


def test_its_secrets_are_masked(api):
    answer = api.as_role("staff").get("/plugins", page_size=100)
    assert "********" in answer.text
    assert "private" not in answer.text
