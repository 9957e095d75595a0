"""The settings that plugins have whose source is called with a key."""

import colander
import pytest
from turnout.plugin import Schema

from turnout_external_events.sources.calling import settings


class AcmeSettings(Schema):
    base_url = settings.base_url(missing="https://api.acme.example.com")
    per_second = settings.per_second(missing=5)
    per_day = settings.per_day(missing=5000, description="Acme allows 6000")


def read(**given):
    return AcmeSettings().deserialize(given)


def test_what_is_not_said_is_what_the_plugin_says():
    assert read() == {"base_url": "https://api.acme.example.com", "per_second": 5, "per_day": 5000}
    assert {node.name: node.description for node in AcmeSettings().children} == {
        "base_url": "Where the API is",
        "per_second": "How many calls are made in a second at most",
        "per_day": "Acme allows 6000",
    }


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.acme.example.com",
        "https://api.acme.example.com:8443",
        "https://proxy.example.com/acme/v2.1",
        "http://localhost",
        "http://localhost:6544/v2",
        "http://127.0.0.1:6544",
        "http://[::1]:6544/v2",
    ],
)
def test_where_the_key_may_be_sent(base_url):
    assert read(base_url=base_url)["base_url"] == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.acme.example.com",
        "ftp://api.acme.example.com",
        "http://api.acme.example.com",
        "http://127.0.0.1.example.com",
        "http://example.com/localhost",
        "http://localhost@example.com",
        "http://localhost:80:80",
        "https://",
        "https://user@api.acme.example.com",
        "https://api.acme.example.com/",
        "https://api.acme.example.com/v2/",
        "https://api.acme.example.com//v2",
        "https://api.acme.example.com/v2?key=1",
        "https://api.acme.example.com/#v2",
        "https://api.acme.example.com/a b",
        "https://api.acme.example.com/v2\nhttps://example.com",
        "https://api.acme.example.com/" + "x" * 300,
    ],
)
def test_where_it_may_not(base_url):
    with pytest.raises(colander.Invalid, match="base_url"):
        read(base_url=base_url)


@pytest.mark.parametrize("name", ["per_second", "per_day"])
@pytest.mark.parametrize("value", [0, -1, 10_000_001, "many"])
def test_how_often_it_may_be_called_is_a_number(name, value):
    with pytest.raises(colander.Invalid, match=name):
        read(**{name: value})
