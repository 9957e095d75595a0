"""Tables in CSV files, whichever program wrote them: with commas, semicolons, tabs or bars, in whatever encoding."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from turnout_external_events.files.texts import decoded
from turnout_external_events.sources.contract import Malformed

MOST_ROWS, MOST_COLUMNS = 5000, 100
MOST_LINES = 100_000
"""How many lines a file may have, with those that are empty, and those within cells."""
LONGEST_HEADING = 100
LONGEST_CELL = 50_000
_DELIMITERS = (",", ";", "\t", "|")
_TRIED = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its `columns`, no two of one name; its `rows`, all as wide; and on which line of the file each row begins (`lines`)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


def table(content: bytes) -> Table:
    """Return the table in a file; its first row that is not empty has the headings. Raises `Malformed`."""
    text = decoded(content)
    if max(text.count("\n"), text.count("\r")) > MOST_LINES:
        raise Malformed(f"The table has more than {MOST_LINES:,} lines.")
    found = list(islice(_records(text, _delimiter(text)), MOST_ROWS + 2))
    if len(found) > MOST_ROWS + 1:
        raise Malformed(f"The table has more than {MOST_ROWS:,} rows; import it in parts.")
    if not found:
        raise Malformed("The table is empty.")
    if len(found) == 1:
        raise Malformed("The table has headings, and no rows below them.")
    width = max(len(cells) for _, cells in found)
    if width > MOST_COLUMNS:
        raise Malformed(f"The table has more than {MOST_COLUMNS} columns.")
    (_, headings), *rows = found
    return Table(
        columns=_named([*headings, *[""] * (width - len(headings))]),
        rows=tuple((*cells, *[""] * (width - len(cells))) for _, cells in rows),
        lines=tuple(line for line, _ in rows),
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Give the lines on which rows begin, and their cells; rows without anything in them are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            cells = [cell.strip() for cell in record]
            if max(map(len, cells), default=0) > LONGEST_CELL:
                raise Malformed(f"Line {line}: A cell has more than {LONGEST_CELL:,} characters.")
            while cells and not cells[-1]:
                del cells[-1]
            if cells and not (line == 1 and _says_delimiter(text)):
                yield line, tuple(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise Malformed(f"Line {line}: The table cannot be read: {error}.") from None


def _says_delimiter(text: str) -> bool:
    """Tell whether the first line says by which character cells are parted, as "sep=;"."""
    return len(text) > len("sep=") and text[:4].lower() == "sep=" and text[4] in _DELIMITERS and text[5:6] in "\r\n"


def _delimiter(text: str) -> str:
    """Return what parts the cells: that by which most rows have as many as the first, and most of them."""
    if _says_delimiter(text):
        return text[4]
    return max(_DELIMITERS, key=lambda delimiter: _agreement(text, delimiter))


def _agreement(text: str, delimiter: str) -> tuple[int, int]:
    try:
        widths = [len(cells) for _, cells in islice(_records(text, delimiter), _TRIED)]
    except Malformed:
        return 0, 0
    if not widths or widths[0] == 1:
        return 0, 0
    return sum(0 < width <= widths[0] for width in widths if width > 1), widths[0]


def _named(headings: list[str]) -> tuple[str, ...]:
    """Return what columns are called: by their headings, and those by number that have none, or another's."""
    names: list[str] = []
    taken: set[str] = set()
    for number, heading in enumerate(headings, 1):
        name = base = " ".join(heading.split())[:LONGEST_HEADING] or f"Column {number}"
        count = 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        names.append(name)
    return tuple(names)
