"""Lists as sheets, CSV and Excel's, written row by row: however long a list is, no more than a part of it is in memory.

Columns are (title, kind). Values are as the API represents them, and None is an empty cell; what is not of its column's kind
is written as text. Text remains text: whatever a guest calls themself, no program that opens the sheet takes it for a formula.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from turnout.errors import DomainError
from turnout.schema import iso

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

TEXT, WHOLE, MONEY, MOMENT, DAY, FLAG = "text", "whole", "money", "moment", "day", "flag"
Column = tuple[str, str]
Row = Sequence[Any]

BOM = "\ufeff"
"""By which Excel knows that a CSV file is UTF-8."""
CHUNK = 65_536
MOST_ROWS = 1_048_576
"""Of Excel's sheets, with the heading."""
LONGEST_CELL = 32_767
"""Of Excel's cells, in UTF-16."""
LONGEST_NAME = 31
WIDTHS = (8, 60)
MOST_DIGITS = 10**15
"""Larger numbers Excel would round."""
FIRST_DAY = date(1900, 3, 1)
"""Days before it Excel does not have, or counts otherwise than everybody."""
MORE = "…"

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - spreadsheets take the wide ones for the others
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class SheetTooLong(DomainError):
    """A list has more rows than Excel's sheets may have."""

    code: ClassVar[str] = "sheet_too_long"
    title: ClassVar[str] = "The list is too long for a sheet of Excel"

    def __init__(self) -> None:
        super().__init__(f"A sheet of Excel has at most {MOST_ROWS - 1:,} rows: filter the list, or take CSV.")


def csv_rows(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Give a CSV file (RFC 4180) in parts. Moments are in UTC; text that begins like a formula has a ' before it."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow([_guarded(title) for title, _ in columns])
    kinds = [kind for _, kind in columns]
    for row in rows:
        writer.writerow([_in_csv(kind, value) for kind, value in zip(kinds, row, strict=True)])
        if buffer.tell() >= CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: StringIO) -> bytes:
    taken = buffer.getvalue().encode(errors="replace")
    buffer.seek(0)
    buffer.truncate()
    return taken


def _in_csv(kind: str, value: Any) -> str:
    value = _typed(kind, value)
    match value:
        case int():
            return str(value).lower()  # a flag is a number, too: "true", "false"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return iso(value)
        case date():
            return value.isoformat()
    return "" if value is None else _guarded(str(value))


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


_EXPECTED: dict[str, type[Any]] = {WHOLE: int, MOMENT: datetime, DAY: date, FLAG: bool}


def _typed(kind: str, value: Any) -> Any:
    """Return `value` as its column's kind: a number, moment, day or flag; or else as text."""
    if value is None:
        return None
    if kind == MONEY:
        try:
            amount = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            return str(value)
        return amount if amount.is_finite() and abs(amount) < MOST_DIGITS else str(value)
    is_so = type(value) is _EXPECTED.get(kind) and (kind != MOMENT or value.tzinfo is not None)
    return value if is_so else str(value)


def xlsx(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row], *, title: str, zone: str) -> None:
    """Write an Excel file with one sheet, called `title`; its moments are in the time zone `zone`, which the heading names.

    Raises `SheetTooLong`.
    """
    from xlsxwriter import Workbook

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(file, options) as book:
        _Sheet(book, columns, title, ZoneInfo(zone)).write(rows)


class _Sheet:
    """A sheet that is being written."""

    def __init__(self, book: "Workbook", columns: Sequence[Column], title: str, zone: ZoneInfo) -> None:
        self.book = book
        self.sheet: Worksheet = book.add_worksheet(sheet_name(title))
        self.zone = zone
        self.kinds = [kind for _, kind in columns]
        self.titles = [f"{title} ({zone.key})" if kind == MOMENT else title for title, kind in columns]
        self.widths = [len(title) + 3 for title in self.titles]  # with room for the filter's button
        self.formats: dict[str, Format] = {}

    def write(self, rows: Iterable[Row]) -> None:
        """Write everything."""
        bold = self.book.add_format({"bold": True})
        for column, title in enumerate(self.titles):
            self.sheet.write_string(0, column, _in_cell(title), bold)
        number = 0
        for number, row in enumerate(rows, 1):
            if number >= MOST_ROWS:
                raise SheetTooLong
            for column, (kind, value) in enumerate(zip(self.kinds, row, strict=True)):
                self._cell(number, column, _typed(kind, value))
        self.sheet.freeze_panes(1, 0)
        if self.titles:
            self.sheet.autofilter(0, 0, number, len(self.titles) - 1)
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, min(max(width, WIDTHS[0]), WIDTHS[1]))

    def _cell(self, row: int, column: int, value: Any) -> None:
        match value:
            case None:
                return
            case bool():
                shown = str(value)
                self.sheet.write_boolean(row, column, value)
            case int() | Decimal() if -MOST_DIGITS < value < MOST_DIGITS:
                shown = str(value)
                self.sheet.write_number(row, column, value, self._format(_number_format(value)))
            case datetime():
                local = value.astimezone(self.zone).replace(tzinfo=None)
                shown = f"{local:%Y-%m-%d %H:%M}"
                self.sheet.write_datetime(row, column, local, self._format("yyyy-mm-dd hh:mm"))
            case date() if value >= FIRST_DAY:
                shown = value.isoformat()
                self.sheet.write_datetime(row, column, value, self._format("yyyy-mm-dd"))
            case _:
                shown = _in_cell(str(value))
                self.sheet.write_string(row, column, shown)
        self.widths[column] = max(self.widths[column], len(shown) + 1)

    def _format(self, shape: str) -> "Format":
        if shape not in self.formats:
            self.formats[shape] = self.book.add_format({"num_format": shape})
        return self.formats[shape]


def _number_format(value: int | Decimal) -> str:
    """Return how a number is shown: an amount with the decimals that it was given with."""
    if isinstance(value, int):
        return "0"
    decimals = max(0, -int(value.as_tuple().exponent))
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _in_cell(text: str) -> str:
    """Return `text` as a cell can hold it."""
    text = _NOT_IN_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 > LONGEST_CELL and len(text.encode("utf-16-le")) > LONGEST_CELL * 2:
        text = text.encode("utf-16-le")[: (LONGEST_CELL - 1) * 2].decode("utf-16-le", errors="ignore") + MORE
    # XlsxWriter would take it for XML that it has made itself.
    return text + " " if text.startswith("<r>") and text.endswith("</r>") else text


def sheet_name(title: str) -> str:
    """Return what a sheet may be called: not any text is allowed."""
    name = _NOT_IN_NAMES.sub(" ", title)[:LONGEST_NAME].strip(" '")
    return "Sheet" if name.lower() in {"", "history"} else name
