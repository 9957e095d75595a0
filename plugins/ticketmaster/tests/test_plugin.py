"""The plugin within the application: its settings."""


def test_its_settings(api):
    shown = api.as_role("staff").get("/plugins", page_size=100).json["results"]
    settings = next(plugin["settings"] for plugin in shown if plugin["name"] == "ticketmaster")
    assert settings == {
        "ticketmaster.base_url": "https://app.ticketmaster.com/discovery/v2",
        "ticketmaster.api_key": settings["ticketmaster.api_key"],
        "ticketmaster.per_second": 4,
        "ticketmaster.per_day": 4500,
    }
