"""The demo of a source: whoever tries Turnout has no key, and finds events at a fake on the same machine."""

from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1")


def port_of_fake(base_url: str, key: str) -> int | None:
    """Return where the demo runs the fake: the port, if the settings name one of this machine, and a key; else None.

    Raises `ValueError` for a port that no machine has.
    """
    address = urlsplit(base_url)
    return address.port if key and address.hostname in LOOPBACK else None
