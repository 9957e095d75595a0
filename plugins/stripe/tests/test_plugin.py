"""The plugin within the application: its settings, its health, and a provider made by it."""

import pytest
from turnout.errors import StartError
from turnout.testing.applications import Application


def test_without_an_account_it_says_that_it_is_not_set_up(api):
    assert api.get("/health").json["components"]["stripe"] == {"status": "not_set_up"}


def test_its_secrets_are_shown_to_nobody(api):
    shown = api.as_role("staff").get("/plugins", page_size=100).json["results"]
    settings = next(plugin["settings"] for plugin in shown if plugin["name"] == "stripe")
    assert settings["stripe.base_url"] == "https://api.stripe.com"
    assert set(settings) == {
        "stripe.base_url",
        "stripe.secret_key",
        "stripe.timeout_seconds",
        "stripe.webhook_secret",
    }


def start(workshop, plugins, tmp_path, **settings):
    given = {"turnout.plugins": plugins} | {f"stripe.{name}": value for name, value in settings.items()}
    return Application(workshop.fresh("sqlite", plugins=plugins), tmp_path, None, **given)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.stripe.com",
        "https://api.stripe.com/",
        "https://api.stripe.com/v1",
        "https://user@api.stripe.com",
        "ftp://api.stripe.com",
        "http://127.0.0.1.example.com",
        "api.stripe.com",
    ],
)
def test_the_key_is_not_sent_where_others_can_read_it(workshop, plugins, tmp_path, base_url):
    with pytest.raises(StartError, match=r"stripe\.base_url"):
        start(workshop, plugins, tmp_path, base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    ["https://api.stripe.com", "https://stripe.example.com:8443", "http://127.0.0.1:4000", "http://[::1]:4000"],
)
def test_where_stripe_may_be(workshop, plugins, tmp_path, base_url):
    start(workshop, plugins, tmp_path, base_url=base_url).close()


def test_a_setting_that_does_not_fit_is_not_shown_if_it_is_secret(workshop, plugins, tmp_path):
    private = "sk_live_" + "x" * 300
    with pytest.raises(StartError) as raised:
        start(workshop, plugins, tmp_path, secret_key=private)
    assert "stripe.secret_key" in str(raised.value)
    assert private not in str(raised.value)
