"""The demo: a server that pretends to be Ticketmaster, where the settings name one on this machine."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1")


def start(settings: Mapping[str, Any]) -> Any:
    """Return the fake at the address that the settings name; None where that is another machine's. Raises `OSError`."""
    address = urlsplit(settings["ticketmaster.base_url"])
    if address.hostname not in LOOPBACK or address.port is None or not settings["ticketmaster.api_key"]:
        return None
    from turnout_ticketmaster.fake import FakeTicketmaster

    return FakeTicketmaster(address.port, api_key=settings["ticketmaster.api_key"])
