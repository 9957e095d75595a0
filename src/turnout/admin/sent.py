"""What browsers send in fields and parameters, where anybody can send anything."""

import re
from typing import Any


def number(sent: Any) -> int | None:
    """Return the whole number, zero or more, that was sent; None for anything else, and for what no id or version can be."""
    return int(sent) if isinstance(sent, str) and re.fullmatch("[0-9]{1,15}", sent) else None


def text(sent: Any) -> str:
    """Return the text that was sent; "" for what is none, such as a file."""
    return sent if isinstance(sent, str) else ""
