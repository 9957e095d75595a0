"""The demo: a server that pretends to be SeatGeek, where the settings name one on this machine."""

from collections.abc import Mapping
from typing import Any

from turnout_external_events.sources.demo import port_of_fake


def start(settings: Mapping[str, Any]) -> Any:
    """Return the fake at the address that the settings name; None where that is another machine's. Raises `OSError`."""
    port = port_of_fake(settings["seatgeek.base_url"], settings["seatgeek.client_id"])
    if port is None:
        return None
    from turnout_seatgeek.fake import FakeSeatGeek

    return FakeSeatGeek(port, client_id=settings["seatgeek.client_id"])
