"""Settings that a plugin has whose source is called with a key.

class AcmeSettings(Schema):
    base_url = settings.base_url(missing="https://api.acme.example.com")
    api_key = fields.text(255, 0, missing="", secret=True, description="Key of the account at Acme")
    per_second = settings.per_second(missing=5)
    per_day = settings.per_day(missing=5000)

All take colander's options, as those of `turnout.plugin.fields` do; ``missing`` is the default.
"""

from typing import Any

from turnout.plugin import fields

_HOST = r"(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)"
_PATH = r"(/[A-Za-z0-9._~-]+)*"


def base_url(**options: Any) -> Any:
    """Where the source is; the key goes there, so what lies between must not be able to read it."""
    return fields.matching(
        f"^{_HOST}{_PATH}$",
        "must be https://, a host and perhaps a path, without a / at its end; plain http:// only on this very machine",
        255,
        **{"description": "Where the API is"} | options,
    )


def per_second(**options: Any) -> Any:
    """How many calls are made in a second."""
    return fields.whole(1, 1000, **{"description": "How many calls are made in a second at most"} | options)


def per_day(**options: Any) -> Any:
    """How many calls are made in a day."""
    usual = "How many calls are made in a day at most; half of them at most for those who wait"
    return fields.whole(1, 10_000_000, **{"description": usual} | options)
