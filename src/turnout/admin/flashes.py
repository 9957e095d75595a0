"""What is said on the next page. It travels in a cookie, so it has to be short, and there cannot be much of it."""

import json

from pyramid.request import Request

MOST = 4
LONGEST = 500
"""Bytes of one message in JSON; browsers keep cookies of 4,096 bytes, Base64 and the signature included."""


def flash(request: Request, *messages: str, level: str = "") -> None:
    """Say something on the next page; `level` is "" or "danger". Of many messages the first ones, and how many more there are."""
    shown = messages if len(messages) <= MOST else (*messages[: MOST - 1], f"And {len(messages) - MOST + 1} more.")
    for message in shown:
        request.session.flash(_cut(message), level)


def _cut(message: str) -> str:
    while len(json.dumps(message)) > LONGEST:
        message = message[: len(message) * 9 // 10 - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return message
