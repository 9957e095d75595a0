"""Who runs the work that workers take: they themselves, or Celery's processes, to which they then hand it."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pyramid.registry import Registry

from turnout.errors import StartError
from turnout.settings import SettingsError

if TYPE_CHECKING:
    from turnout.outbox.relay import Relay

LOCAL, CELERY = "local", "celery"
SCHEMES = ("amqp", "amqps", "redis", "rediss")
Engine = Callable[[Registry], "Relay"]


def require_celery() -> None:
    """Raise `StartError` unless Celery is installed."""
    if find_spec("celery") is None:
        raise StartError("Celery is not installed. Run: pip install 'turnout[celery]'")


def engine_of(settings: Mapping[str, Any]) -> Engine | None:
    """Return what makes a worker's way to Celery, or None if workers run the work themselves.

    Raises `StartError` if Celery cannot be used; the message never shows the broker's address, which has a password.
    """
    if settings["outbox.engine"] == LOCAL:
        return None
    require_celery()
    _check(settings["outbox.broker_url"])

    def connect(registry: Registry) -> "Relay":
        from turnout.outbox.relay import Relay

        return Relay(registry)

    return connect


def _check(broker_url: str) -> None:
    name = "Setting outbox.broker_url (or TURNOUT_OUTBOX_BROKER_URL)"
    if not broker_url:
        raise SettingsError(
            f"{name} is missing: outbox.engine is celery. For example amqp://user:password@host/vhost or redis://host/0."
        )
    try:
        address = urlsplit(broker_url)
        is_usable = address.scheme in SCHEMES and address.hostname and address.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise SettingsError(
            f"{name} cannot be used: it must be {', '.join(f'{scheme}://' for scheme in SCHEMES[:-1])} "
            f"or {SCHEMES[-1]}:// with a host (special characters of a password written as %40 and the like)."
        )
