"""Tables that mean harm, or nothing: each row is read or refused, in bounded time."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from turnout_external_events.files import cells, sheets
from turnout_external_events.files.tables import MOST_LINES, MOST_ROWS
from turnout_external_events.sources import Malformed

ZONE = "Europe/Lisbon"
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from([
        "", "1/2/2027", "10.4.2027 19:30", "12,50 €", "2027-04-10", "2027-04-10T19:30Z", "7 pm", "=1+1", "Asia/Tokyo", "Europe/Lisbon", "PT",
        "cancelled", "https://example.com", "23:00", "0:00", "America/New_York", "9999-12-31 23:00", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00", "99", "free",
    ]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=1000), st.text(max_size=300).map(str.encode)))
@example(b"\xff\xfe\x00")
@example(b'"')
def test_any_bytes_are_a_table_or_none(content):
    try:
        table = sheets.table(content)
    except Malformed:
        return
    assert len(set(table.columns)) == len(table.columns)
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert len(table.lines) == len(table.rows)


FAR = st.sampled_from(["0001-01-01", "9999-12-31", "2027-04-10"])
TIMES = {
    "date": FAR, "time": st.sampled_from(["", "0:00", "23:59"]), "starts_at": st.just(""),
    "end_date": st.one_of(st.just(""), FAR), "end_time": st.sampled_from(["", "0:00", "23:59"]),
    "ends_at": st.sampled_from(["", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"]),
    "timezone": st.sampled_from(["", "America/New_York", "Asia/Tokyo"]),
}  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries(TIMES))
def test_any_times_are_read_or_refused(said):
    columns = ("title", *said)
    table = sheets.Table(columns, (("Fado", *said.values()),), (2,))
    found, refusals = sheets.read(
        table, {column: column for column in columns}, scope="x", timezone=ZONE, day_first=None
    )
    assert len(found) + len(refusals) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=len(sheets.FIELDS), max_size=len(sheets.FIELDS)), min_size=1, max_size=3),
    st.sampled_from([ZONE, None]),
)
def test_any_cells_are_read_or_refused(rows, timezone):
    table = sheets.Table(sheets.FIELDS, tuple(map(tuple, rows)), tuple(range(2, len(rows) + 2)))
    found, refusals = sheets.read(
        table, {field: field for field in sheets.FIELDS}, scope="x", timezone=timezone, day_first=None
    )
    assert len(found) + len(refusals) == len(rows)
    assert all(refusal.reason.startswith("Line ") for refusal in refusals)


@pytest.mark.parametrize(
    "read_cell", [cells.amount, cells.clock_time, cells.count, cells.day_and_time], ids=lambda read: read.__name__
)
@pytest.mark.parametrize("text", ["1" * 50_000, "1 " * 25_000, "1.111," * 8000, " " * 50_000 + "x", "1" + "/" * 50_000])
def test_no_cell_takes_long(read_cell, text):
    began = time.monotonic()
    with pytest.raises(Malformed):
        read_cell(text)
    assert time.monotonic() - began < 1


def test_no_table_takes_long():
    row = 'Fado,10.4.2027 19:30,Lantern Hall,Lisbon,PT,"12,50 €",120,' + "x" * 500
    content = (
        "title,date,venue,city,country,price,capacity,id\n" + "\n".join(f"{row}{number}" for number in range(MOST_ROWS))
    ).encode()
    began = time.monotonic()
    table = sheets.table(content)
    rows, refusals = sheets.read(table, sheets.guess(table.columns), scope="x", timezone=ZONE, day_first=None)
    assert (len(rows), refusals) == (MOST_ROWS, ())
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", ",\n"])
def test_lines_without_anything_are_not_read_for_ever(end):
    with pytest.raises(Malformed, match="more than 100,000 lines"):
        sheets.table(("title,date\n" + end * (MOST_LINES + 1) + "Fado,2027-04-10\n").encode())
    some = sheets.table(("title,date\n" + end * (MOST_LINES // 2) + "Fado,2027-04-10\n").encode())
    assert some.rows == (("Fado", "2027-04-10"),)


@pytest.mark.parametrize("read_cell", [cells.country, cells.status], ids=lambda read: read.__name__)
def test_words_that_are_too_long_are_not_even_compared(read_cell, monkeypatch):
    """Some letters become eighteen when they are compared."""
    monkeypatch.setattr(cells, "normalized", None)
    with pytest.raises(Malformed, match="too long"):
        read_cell("\ufdfa" * 100)


def test_what_takes_too_long_is_refused_as_a_whole(monkeypatch):
    monkeypatch.setattr(sheets, "SECONDS", 0.0)
    table = sheets.table(b"title,date\nFado,2027-04-10\n")
    with pytest.raises(Malformed, match="takes too long to read"):
        sheets.read(table, sheets.guess(table.columns), scope="x", timezone=ZONE, day_first=None)


def test_what_looks_like_markup_takes_no_longer():
    row = f'Fado,2027-04-10,"{"<br" * 16_000}"\n'
    table = sheets.table(("title,date,description\n" + row * 20).encode())
    began = time.monotonic()
    sheets.read(table, sheets.guess(table.columns), scope="x", timezone=ZONE, day_first=None)
    assert time.monotonic() - began < 2
