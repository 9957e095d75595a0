"""Tables in CSV as spreadsheet programs of several countries write them, before anybody asks what is in them."""

import pytest

from turnout_external_events.files import sheets
from turnout_external_events.files.tables import MOST_ROWS
from turnout_external_events.sources import Malformed


class TestTable:
    @pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
    def test_whatever_parts_the_cells(self, delimiter):
        rows = [["title", "date", "price"], ["Fado", "2027-04-10", "a"], ["Jazz; or, rock", "b", ""]]
        text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
        table = sheets.table(text.encode())
        assert table.columns == ("title", "date", "price")
        assert table.rows == (("Fado", "2027-04-10", "a"), ("Jazz; or, rock", "b", ""))

    def test_commas_in_prices_part_no_cells(self):
        assert sheets.table(b"title;price;date\na;12,50;x\nb;3,00;y\n").columns == ("title", "price", "date")

    def test_it_may_say_what_parts_the_cells(self):
        table = sheets.table(b"sep=|\r\na,b,c|d\r\n1,2,3|4\r\n")
        assert (table.columns, table.rows, table.lines) == (("a,b,c", "d"), (("1,2,3", "4"),), (3,))

    @pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-be", "utf-16-le", "utf-8", "utf-8-sig"])
    def test_every_encoding(self, encoding):
        table = sheets.table("Größe;Café\nñ;€".encode(encoding))
        assert (table.columns, table.rows) == (("Größe", "Café"), (("ñ", "€"),))

    def test_columns_have_names_of_their_own(self):
        table = sheets.table(b"Date,,Date, date ,\n1,2,3,4,5,6\n")
        assert table.columns == ("Date", "Column 2", "Date (2)", "date", "Column 5", "Column 6")
        assert table.rows == (("1", "2", "3", "4", "5", "6"),)

    def test_lines_are_those_of_the_file(self):
        table = sheets.table(b'\n\ntitle,about\n\n"a","one\ntwo"\n,,\nb,x\n')
        assert table.rows == (("a", "one\ntwo"), ("b", "x"))
        assert table.lines == (5, 8)

    def test_one_column(self):
        assert sheets.table(b"title\nFado\n").rows == (("Fado",),)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "empty"),
            (b"\n ,\n\n", "empty"),
            (b"title,date\n", "no rows"),
            (b'title,date\n"Fado,1\n', "Line 2: The table cannot be read"),
            (b"title,date\n" + b"a,b\n" * (MOST_ROWS + 1), "more than 5,000 rows"),
            (b"," * 100 + b"x\n1", "more than 100 columns"),
            (b"title,date\n" + b"x" * 60_000 + b",1\n", "more than 50,000 characters"),
            (b"title,date\n" + b"x" * 200_000 + b",1\n", "Line 2: "),
            (b"PK\x03\x04\x00\x00", "workbook"),
            (b"\x00\x00\x00\x00", "no text"),
            (b"\x89PNG\r\n\x81\x8d", "no text"),
        ],
    )
    def test_what_is_no_table(self, content, reason):
        with pytest.raises(Malformed, match=reason):
            sheets.table(content)

    def test_as_many_rows_as_there_may_be(self):
        assert len(sheets.table(b"title\n" + b"a\n" * MOST_ROWS).rows) == MOST_ROWS
