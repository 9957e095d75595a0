"""QR codes of tickets. A scanner reads the ticket's secret, and nothing else: no address, no name."""

import io
from collections.abc import Sequence

import segno

MODULE = 6
"""Pixels of one square, so that it is sharp on a telephone, too."""
BORDER = 4
"""The quiet zone that ISO/IEC 18004 asks for, in squares."""


def _code(secret: str) -> segno.QRCode:
    return segno.make_qr(secret, error="m")  # readable with about a seventh of it torn off or dirty


def squares(secret: str) -> Sequence[Sequence[int]]:
    """Return the rows of the code without its quiet zone; 1 is dark."""
    return _code(secret).matrix


def png(secret: str) -> bytes:
    """Return the code as PNG."""
    written = io.BytesIO()
    _code(secret).save(written, kind="png", scale=MODULE, border=BORDER)
    return written.getvalue()


def svg(secret: str, title: str) -> bytes:
    """Return the code as SVG, dark on white whatever is behind it; `title` is for those who cannot see it."""
    written = io.BytesIO()
    _code(secret).save(written, kind="svg", scale=MODULE, border=BORDER, light="white", title=title)
    return written.getvalue()
