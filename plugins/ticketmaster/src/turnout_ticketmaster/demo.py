"""The demo: a server that pretends to be Ticketmaster, where the settings name one on this machine."""

from collections.abc import Mapping
from typing import Any

from turnout_external_events.sources.demo import port_of_fake


def start(settings: Mapping[str, Any]) -> Any:
    """Return the fake at the address that the settings name; None where that is another machine's. Raises `OSError`."""
    port = port_of_fake(settings["ticketmaster.base_url"], settings["ticketmaster.api_key"])
    if port is None:
        return None
    from turnout_ticketmaster.fake import FakeTicketmaster

    return FakeTicketmaster(port, api_key=settings["ticketmaster.api_key"])
