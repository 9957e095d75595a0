"""Tickets on paper: what is said on them can be read, whatever it is."""

import io
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from turnout.schema import _currencies
from turnout.tickets import printing
from turnout.tickets.codes import squares
from turnout.tickets.printing import BOLD, FONTS, PLAIN, UNKNOWN, UNKNOWN_SAID, printed
from turnout.tickets.services import Admission, Bundle
from turnout.words import money

SECRET = "iesWrZdYpC6zcGgLtVjowJje"
TICKET = Admission(1, "General admission", "", Decimal("12.50"), SECRET)
STARTS = datetime(2027, 5, 1, 18, 30, tzinfo=UTC)
BUNDLE = Bundle(
    code="K7QPXW", guest="Ada Marsh", currency="EUR", title="Fado", starts_at=STARTS,
    ends_at=STARTS + timedelta(hours=3), timezone="Europe/Lisbon", place="Teatro do Rio", event_status="published",
    admissions=[TICKET],
)  # fmt: skip


def read(bundle):
    return PdfReader(io.BytesIO(printed(bundle)))


def text_of(bundle):
    """Return what is on the one page, its line breaks as spaces."""
    (page,) = read(bundle).pages
    return " ".join(page.extract_text().split())


def test_a_ticket():
    (page,) = read(BUNDLE).pages

    assert page.extract_text().strip().split("\n") == [
        "Ticket 1 of 1",
        "Fado",
        "Saturday, 1 May 2027, 19:30 to 22:30",
        "Western European Summer Time (Europe/Lisbon)",
        "Teatro do Rio",
        "Ticket",
        "General admission",
        "Name",
        "Ada Marsh",
        "Price",
        "€12.50",
        "Booking",
        "K7QPXW",
        SECRET,
        "Show the code at the door, on paper or on a screen. It lets one person in, once.",
    ]
    assert tuple(map(round, page.mediabox[2:])) == (595, 842)
    assert read(BUNDLE).metadata.title == "Tickets: Fado"


def test_an_event_of_several_days_far_away():
    long = replace(BUNDLE, timezone="Asia/Tokyo", ends_at=STARTS + timedelta(days=1), currency="JPY")

    said = text_of(replace(long, admissions=[replace(TICKET, price=Decimal(1500))]))

    assert "Sunday, 2 May 2027, 03:30 to Monday, 3 May 2027, 03:30 Japan Standard Time (Asia/Tokyo)" in said
    assert "¥1,500" in said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("published", None),
        ("cancelled", "This event is cancelled."),
        ("postponed", "This event is postponed; its new date is not known yet."),
    ],
)
def test_what_is_not_held_says_so(status, said):
    found = text_of(replace(BUNDLE, event_status=status))
    assert (said in found) if said else ("This event is" not in found)


@pytest.mark.parametrize(
    "name",
    [
        "Łukasz Żółć-Gęślą",
        "Γιώργος Παπαδόπουλος",
        "Дмитрий Ёлкин",
        "Nguyễn Thị Hồng Đào",
        "Nguye\u0302\u0303n",
        "Ğöksel Şimşek İnan",
        "Þórður Æsir",
        "ვახტანგ",
        "Հայկ",
        "O\u2019Brien \u2013 \u201cBo\u201d",
    ],
)
def test_names_of_many_alphabets_are_printed_and_can_be_read_out(name):
    said = text_of(replace(BUNDLE, title=name, admissions=[replace(TICKET, holder=name)]))

    assert said.count(unicodedata.normalize("NFC", name)) == 2
    assert UNKNOWN not in said


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("李小龍", UNKNOWN * 3),
        ("Kenji 健二", f"Kenji {UNKNOWN * 2}"),
        ("สมชาย", UNKNOWN * 5),
        ("שלום", UNKNOWN * 4),
        ("محمد", UNKNOWN * 4),
        ("Ada 🎭", f"Ada {UNKNOWN}"),
    ],
)
def test_letters_that_the_font_lacks_are_told_of(name, drawn):
    said = text_of(replace(BUNDLE, guest=name))

    assert f"Name {drawn} Price" in said
    assert UNKNOWN_SAID in said
    assert UNKNOWN_SAID not in text_of(BUNDLE)


@pytest.mark.parametrize(
    "hostile",
    [
        "<b>Loud</b> &amp; <font size=99>clear</font>",
        "<para><img src='file:///etc/passwd'/></para> <a href='https://example.com'>x</a>",
        "</para><seq/> <onDraw name=x/> <!-- & --> ]]> %s {0} \\n (a) Tj",
    ],
)
def test_markup_is_text(hostile):
    bundle = replace(BUNDLE, title=hostile, place=hostile, guest=hostile, admissions=[replace(TICKET, kind=hostile)])
    (page,) = read(bundle).pages

    assert " ".join(page.extract_text().split()).count(hostile) == 4
    assert "/Annots" not in page
    assert not page.images


def test_signs_that_are_no_text_are_left_out():
    said = text_of(replace(BUNDLE, title="A\x00B\nC\u202eD\u200dE\ufe0f\u2028F"))
    assert "A B CDE F" in said


@pytest.mark.parametrize("letter", ["W", "W ", "i", "Wort-"])
def test_the_longest_texts_wrap_and_stay_on_their_page(letter):
    title, place, name, kind = (f"{letter * 1000}"[:most].strip() for most in (200, 900, 200, 100))
    bundle = replace(
        BUNDLE,
        title=title,
        place=place,
        event_status="cancelled",
        ends_at=STARTS + timedelta(days=200),
        admissions=[replace(TICKET, holder=name, kind=kind, price=Decimal("9999999999.99"))],
    )
    (page,) = read(bundle).pages
    found = []

    def visit(text, matrix, text_matrix, _font, _size):
        if text.strip():
            x = matrix[0] * text_matrix[4] + matrix[4]
            y = matrix[3] * text_matrix[5] + matrix[5]
            found.append((x, y))

    said = "".join(page.extract_text(visitor_text=visit).split())
    for text in (title, place, name, kind):
        assert "".join(text.split()) in said
    assert all(printing.MARGIN <= x < 595 - printing.MARGIN for x, _ in found)
    assert all(printing.MARGIN < y < 842 - printing.MARGIN for _, y in found)
    assert said.endswith("once.")


def test_the_code_is_drawn_as_shapes_and_is_the_secret():
    reader = read(BUNDLE)
    (page,) = reader.pages
    assert not page.images
    runs = [
        tuple(map(float, operands))
        for operands, operator in ContentStream(page.get_contents(), reader).operations
        if operator == b"re"
    ]
    left, top = min(x for x, *_ in runs), max(y + height for _, y, _, height in runs)
    size = runs[0][3]
    dark = {
        (round((top - y - height) / size), round((x - left) / size) + step)
        for x, y, width, height in runs
        for step in range(round(width / size))
    }

    rows = squares(SECRET)

    assert dark == {(row, column) for row, column in product(range(len(rows)), repeat=2) if rows[row][column]}
    assert size * len(rows) == pytest.approx(printing.CODE, abs=0.1)
    assert 4 * size < printing.QUIET


def test_the_fonts_have_every_currency():
    printing._register_fonts()
    for code, font in product(sorted(_currencies()), (PLAIN, BOLD)):
        assert UNKNOWN not in printing._drawable(money(Decimal("1234.5"), code), font), code


def test_fonts_come_with_their_licence():
    assert {path.name for path in FONTS.iterdir()} == {f"{PLAIN}.ttf", f"{BOLD}.ttf", "LICENSE", "README.md"}


def test_several_are_printed_at_a_time():
    bundles = [replace(BUNDLE, title=f"Número {number} ąęΩЖ", admissions=[TICKET] * 3) for number in range(8)]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(read, bundles))

    for number, reader in enumerate(found):
        assert [f"Número {number} ąęΩЖ" in page.extract_text() for page in reader.pages] == [True] * 3
