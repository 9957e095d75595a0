"""Sheets that can be read back, and in which nothing that a guest wrote is a formula."""

import csv
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO, StringIO
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from turnout.admin import sheets
from turnout.admin.sheets import SheetTooLong, csv_rows, sheet_name, xlsx

COLUMNS = [
    ("Name", "text"),
    ("Places", "whole"),
    ("Price", "money"),
    ("Begins", "moment"),
    ("Born", "day"),
    ("On", "flag"),
]
START = datetime(2027, 7, 1, 19, 30, tzinfo=UTC)
ROW = ["Fado", 12, "12.50", START, date(2027, 3, 1), True]
NOTHING = [None] * 6
FORMULAS = [
    "=1+1",
    "+351 12",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
    *(f"{wide}1" for wide in "\uff1d\uff0b\uff0d\uff20"),
]


def read_csv(parts):
    text = b"".join(parts).decode("utf-8-sig")
    return list(csv.reader(StringIO(text, newline=""), strict=True))


def book_of(columns, rows, title="Events", zone="Europe/Lisbon"):
    file = BytesIO()
    xlsx(file, columns, rows, title=title, zone=zone)
    return load_workbook(file)


def sheet_of(columns, rows, **options):
    return book_of(columns, rows, **options).worksheets[0]


def values(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_csv_can_be_read_back():
    found = read_csv(csv_rows(COLUMNS, [ROW, NOTHING]))
    assert found == [
        ["Name", "Places", "Price", "Begins", "Born", "On"],
        ["Fado", "12", "12.50", "2027-07-01T19:30:00Z", "2027-03-01", "true"],
        [""] * 6,
    ]


def test_csv_begins_with_what_excel_knows_utf_8_by_and_ends_lines_as_the_standard_says():
    data = b"".join(csv_rows([("Name", "text")], [["Inês"], ["a,b"], ['say "x"'], ["two\nlines"]]))
    assert data == '\ufeffName\r\nInês\r\n"a,b"\r\n"say ""x"""\r\n"two\nlines"\r\n'.encode()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula_in_csv(text):
    [heading], [cell] = read_csv(csv_rows([(text, "text")], [[text]]))
    assert heading == cell == f"'{text}"


@pytest.mark.parametrize("text", ["Fado = 1", "a-b", "'quoted", "", " =1", "1=1"])
def test_other_text_stays_as_it_is_in_csv(text):
    assert read_csv(csv_rows([("Name", "text"), ("B", "text")], [[text, "x"]]))[1] == [text, "x"]


def test_numbers_below_zero_are_no_formulas():
    columns = [("Places", "whole"), ("Price", "money"), ("Price", "money")]
    assert read_csv(csv_rows(columns, [[-3, Decimal("-1.50"), "-0.0001"]]))[1] == ["-3", "-1.50", "-0.0001"]


@pytest.mark.parametrize("kind", ["whole", "money", "moment", "day", "flag"])
def test_what_is_not_of_its_columns_kind_is_text(kind):
    assert read_csv(csv_rows([("A", kind)], [["=1+1"]]))[1] == ["'=1+1"]
    cell = sheet_of([("A", kind)], [["=1+1"]])["A2"]
    assert (cell.data_type, cell.value) == ("s", "=1+1")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "1e999999", Decimal("sNaN")])
def test_an_amount_that_is_none_is_text(amount):
    assert read_csv(csv_rows([("A", "money")], [[amount]]))[1] == [str(amount)]
    assert sheet_of([("A", "money")], [[amount]])["A2"].value == str(amount)


def test_a_moment_without_a_zone_is_text():
    assert read_csv(csv_rows([("A", "moment")], [[START.replace(tzinfo=None)]]))[1] == ["2027-07-01 19:30:00"]


def test_csv_comes_in_parts_while_rows_are_read():
    read = []

    def rows():
        for number in range(10_000):
            read.append(number)
            yield [f"Guest {number}"]

    parts = csv_rows([("Name", "text")], rows())
    first = next(parts)
    assert len(first) < 2 * sheets.CHUNK
    assert len(read) < 10_000
    assert len(read_csv([first, *parts])) == 10_001


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_any_text_is_there_again_in_csv(texts):
    columns = [(f"Column {number}", "text") for number in range(len(texts))]
    _, found = read_csv(csv_rows([*columns, ("End", "text")], [[*texts, "."]]))
    for text, cell in zip(texts, found, strict=False):
        assert cell in {text, f"'{text}"}
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_lone_surrogate_is_no_trouble():
    assert read_csv(csv_rows([("A", "text")], [["a\ud800b"]]))[1] == ["a?b"]
    assert sheet_of([("A", "text")], [["a\ud800b"]])["A2"].value == "a\ufffdb"


def test_excel_gets_real_numbers_dates_and_flags():
    sheet = sheet_of(COLUMNS, [ROW, NOTHING, ROW])
    heading, row, nothing, _ = values(sheet)
    assert heading == ["Name", "Places", "Price", "Begins (Europe/Lisbon)", "Born", "On"]
    assert row == ["Fado", 12, 12.5, datetime(2027, 7, 1, 20, 30), datetime(2027, 3, 1), True]  # noqa: DTZ001 - as Excel has it
    assert nothing == NOTHING
    formats = [cell.number_format for cell in sheet[2]]
    assert formats == ["General", "0", "#,##0.00", "yyyy-mm-dd hh:mm", "yyyy-mm-dd", "General"]
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "n", "d", "d", "b"]


@pytest.mark.parametrize(
    ("amount", "shape"),
    [
        ("150", "#,##0"),
        ("1.500", "#,##0.000"),
        (Decimal("0.0001"), "#,##0.0000"),
        (Decimal("1E+2"), "#,##0"),
        (7, "#,##0"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(amount, shape):
    cell = sheet_of([("Price", "money")], [[amount]])["A2"]
    assert (cell.value, cell.number_format) == (float(amount), shape)


def test_moments_are_in_the_zone_that_the_heading_names():
    winter, summer = datetime(2027, 1, 1, 12, tzinfo=UTC), datetime(2027, 7, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    sheet = sheet_of([("At", "moment")], [[winter], [summer]], zone="America/New_York")
    assert [row[0] for row in values(sheet)] == [
        "At (America/New_York)",
        datetime(2027, 1, 1, 7),  # noqa: DTZ001
        datetime(2027, 7, 1, 3),  # noqa: DTZ001
    ]


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(1, 1, 1), date(1900, 2, 28)])
def test_a_day_that_excel_does_not_know_is_text(day):
    assert sheet_of([("Born", "day")], [[day]])["A2"].value == day.isoformat()


def test_a_number_that_excel_would_round_is_text():
    sheet = sheet_of([("Id", "whole")], [[10**15 - 1], [10**15], [-(10**15)]])
    assert [row[0] for row in values(sheet)[1:]] == [10**15 - 1, str(10**15), str(-(10**15))]


@pytest.mark.parametrize(
    "text",
    [*FORMULAS, "http://example.com", "mailto:ada@example.com", "internal:Sheet1!A1", "12", "2027-01-01", "TRUE", "#N/A",
     "<r><t>x</t></r>", "<r></r></t></is></c><c><f>1+1</f></c><r></r>", "a&b<c>", " spaces ", "{=1}"],
)  # fmt: skip
def test_text_is_text_in_excel(text):
    file = BytesIO()
    xlsx(file, [(text, "text")], [[text]], title="Events", zone="UTC")
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if "rels" in name and "sheet" in name]  # no links
        root = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert root.find(f".//{space}f") is None
    cells = root.findall(f".//{space}c")
    assert [cell.get("t") for cell in cells] == ["inlineStr", "inlineStr"]
    assert "".join(cells[1].itertext()).rstrip() == text.replace("\r", "\n").rstrip()


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_there_again_in_excel(text):
    expected = sheets._NOT_IN_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    cell = sheet_of([("A", "text"), ("B", "text")], [[text, "."]])["A2"]
    if "_x" not in text:  # which Excel, but not openpyxl, reads back from how it is escaped
        assert (cell.value or "") in {expected, expected + " "}


def test_text_that_looks_like_an_escape_is_escaped_itself():
    file = BytesIO()
    xlsx(file, [("A", "text")], [["_x0041_"]], title="Events", zone="UTC")
    with zipfile.ZipFile(file) as archive:
        assert b"_x005F_x0041_" in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("one", ["x", "é", "🎟"])
def test_text_that_is_too_long_is_cut(one):
    text = one * 40_000
    kept = sheet_of([("A", "text")], [[text]])["A2"].value
    assert len(kept.encode("utf-16-le")) // 2 <= 32_767
    assert kept.endswith("…")
    assert text.startswith(kept[:-1])
    fits = "x" * 32_767
    assert sheet_of([("A", "text")], [[fits]])["A2"].value == fits


def test_a_list_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 4)
    assert len(values(sheet_of([("A", "whole")], [[number] for number in range(3)]))) == 4
    with pytest.raises(SheetTooLong, match="at most 3 rows: filter the list, or take CSV"):
        sheet_of([("A", "whole")], [[number] for number in range(4)])


def test_the_heading_stays_in_sight_and_filters():
    sheet = sheet_of(COLUMNS, [ROW, ROW])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:F3"
    assert all(cell.font.bold for cell in sheet[1])
    assert not any(cell.font.bold for cell in sheet[2])


def test_columns_are_as_wide_as_they_need_to_be():
    sheet = sheet_of(
        [("A", "text"), ("Long heading", "text"), ("C", "text")], [["x", "y", "z" * 20], ["", "", "w" * 500]]
    )
    widths = [round(sheet.column_dimensions[name].width) for name in "ABC"]
    assert widths[0] == 9
    assert 15 <= widths[1] <= 17
    assert widths[2] == 61


def test_a_list_of_nothing_is_a_heading():
    assert values(sheet_of(COLUMNS, [])) == [["Name", "Places", "Price", "Begins (Europe/Lisbon)", "Born", "On"]]
    assert read_csv(csv_rows(COLUMNS, [])) == [[title for title, _ in COLUMNS]]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Events", "Events"),
        ("Bookings: 2027/03 [all]*?\\", "Bookings  2027 03  all"),
        ("'Quoted'", "Quoted"),
        ("x" * 40, "x" * 31),
        ("x" * 30 + "'y", "x" * 30),
        ("", "Sheet"),
        ("'", "Sheet"),
        ("History", "Sheet"),
        ("Teatro São João", "Teatro São João"),
    ],
)
def test_a_sheet_is_called_what_it_may_be_called(title, expected):
    assert sheet_name(title) == expected
    assert book_of([("A", "text")], [], title=title).sheetnames == [expected]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_that_is_too_short_is_a_mistake(kind):
    with pytest.raises(ValueError, match="shorter"):
        list(csv_rows(COLUMNS, [["x"]])) if kind == "csv" else sheet_of(COLUMNS, [["x"]])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_list(kind, tmp_path):
    def rows(count):
        return ([f"Guest {number} of many, with a long name", number] for number in range(count))

    def peak(count):
        columns = [("Name", "text"), ("Number", "whole")]
        with (tmp_path / kind).open("wb") as file:
            tracemalloc.start()
            try:
                if kind == "csv":
                    file.writelines(csv_rows(columns, rows(count)))
                else:
                    xlsx(file, columns, rows(count), title="Guests", zone="UTC")
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak(10)  # what is imported stays
    assert peak(8_000) < peak(1_000) + 500_000
