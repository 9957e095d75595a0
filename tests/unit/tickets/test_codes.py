"""QR codes, as pictures for mails and for screens."""

import re
import zlib
from xml.etree import ElementTree as ET

import segno

from turnout.tickets.codes import BORDER, MODULE, png, svg

SVG = "{http://www.w3.org/2000/svg}"


def test_a_png_is_its_secret():
    secret = "iesWrZdYpC6zcGgLtVjowJje"

    assert squares(png(secret)) == [list(row) for row in segno.make_qr(secret, error="m").matrix]


def squares(png):
    """Read a one-bit grey PNG: 1 is a dark square. The quiet zone must be light."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = (
        int.from_bytes(png[16:20]), int.from_bytes(png[20:24]), png[24], png[25],
    )  # fmt: skip
    assert (width, depth, colour) == (height, 1, 0)
    data, place = b"", 8
    while place < len(png):
        size, kind = int.from_bytes(png[place : place + 4]), png[place + 4 : place + 8]
        if kind == b"IDAT":
            data += png[place + 8 : place + 8 + size]
        place += 12 + size
    raw = zlib.decompress(data)
    row_bytes = (width + 7) // 8
    rows, above = [], bytes(row_bytes)
    for line in range(height):
        start = line * (row_bytes + 1)
        row = raw[start + 1 : start + 1 + row_bytes]
        assert raw[start] in {0, 2}, "a filter that this reader does not know"
        if raw[start] == 2:
            row = bytes((one + other) % 256 for one, other in zip(row, above, strict=True))
        above = row
        rows.append([1 - int(bit) for bit in "".join(f"{byte:08b}" for byte in row)[:width]])
    small = [row[MODULE // 2 :: MODULE] for row in rows[MODULE // 2 :: MODULE]]
    assert not any(map(any, small[:BORDER] + small[-BORDER:]))
    return [row[BORDER:-BORDER] for row in small[BORDER:-BORDER]]


def test_an_svg_is_its_secret_dark_on_white():
    secret = "iesWrZdYpC6zcGgLtVjowJje"

    drawn = ET.fromstring(svg(secret, "QR <code> & more"))

    assert drawn.find(f"{SVG}title").text == "QR <code> & more"
    background, dark = drawn.iter(f"{SVG}path")
    assert background.get("fill") == "#fff"
    assert rows_of(dark.get("d")) == [list(row) for row in segno.make_qr(secret, error="m").matrix]


def rows_of(path):
    """Read the runs of dark squares out of a path of segno's: a move to where one begins, and a line through it."""
    cells, x, y = set(), 0, 0.0
    for command, *numbers in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        first, second = (float(number or 0) for number in numbers)
        if command == "h":
            cells |= {(int(y - BORDER), int(x) - BORDER + step) for step in range(int(first))}
            x += first
        else:
            x, y = (first, second) if command == "M" else (x + first, y + second)
    size = max(row for row, _ in cells) + 1
    return [[int((row, column) in cells) for column in range(size)] for row in range(size)]
