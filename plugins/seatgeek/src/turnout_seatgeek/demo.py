"""The demo: a server that pretends to be SeatGeek, where the settings name one on this machine."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1")


def start(settings: Mapping[str, Any]) -> Any:
    """Return the fake at the address that the settings name; None where that is another machine's. Raises `OSError`."""
    address = urlsplit(settings["seatgeek.base_url"])
    if address.hostname not in LOOPBACK or address.port is None or not settings["seatgeek.client_id"]:
        return None
    from turnout_seatgeek.fake import FakeSeatGeek

    return FakeSeatGeek(address.port, client_id=settings["seatgeek.client_id"])
