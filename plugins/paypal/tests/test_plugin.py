"""The plugin within the application, while nobody has set it up."""


def test_without_an_account_it_says_that_it_is_not_set_up(api):
    assert api.get("/health").json["components"]["paypal"] == {"status": "not_set_up"}


def test_its_secrets_are_shown_to_nobody(api):
    shown = api.as_role("staff").get("/plugins", page_size=100).json["results"]
    settings = next(plugin["settings"] for plugin in shown if plugin["name"] == "paypal")
    assert settings["paypal.base_url"] == "https://api-m.paypal.com"
    assert set(settings) == {
        "paypal.base_url",
        "paypal.client_id",
        "paypal.timeout_seconds",
        "paypal.client_secret",
        "paypal.webhook_id",
    }
