"""Tickets on paper: a PDF with a page for each.

Text is drawn as it is, whatever it looks like; the fonts lie under `static/fonts`. ReportLab is slow to import, so whoever
prints imports this module then.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepInFrame, Paragraph

from turnout.events.models import CANCELLED, POSTPONED
from turnout.tickets.codes import squares
from turnout.tickets.services import Admission, Bundle
from turnout.words import clock, day, money, one_line, zone

FONTS = files("turnout.tickets") / "static" / "fonts" / "dejavu-2.37"
PLAIN, BOLD, TYPED = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold", "Courier-Bold"
UNKNOWN = "□"
"""Stands for a letter that the fonts lack, or that would stand in the wrong order."""
UNKNOWN_SAID = f"{UNKNOWN} stands for a letter that this page cannot show. The ticket is good all the same."
STATUS_SAID = {
    CANCELLED: "This event is cancelled.",
    POSTPONED: "This event is postponed; its new date is not known yet.",
}

INK, PALE, RULE, ALARM = HexColor("#1b2434"), HexColor("#5b6577"), HexColor("#c8ced8"), HexColor("#b42318")
SECRET_SIZE = 8
WIDTH, HEIGHT = A4
MARGIN, PADDING = 18 * mm, 10 * mm
LEFT, RIGHT = MARGIN + PADDING, WIDTH - MARGIN - PADDING
CODE, QUIET = 46 * mm, 8 * mm
"""How wide a QR code is, and what stays white around it: more than the four squares that it needs."""
MOST_OF_EVENT = 130 * mm
"""How high what is said of the event may be; what is longer is set smaller."""


def printed(bundle: Bundle) -> bytes:
    """Return the tickets of a booking as a PDF."""
    _register_fonts()
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=A4, lang="en")
    canvas.setTitle(f"Tickets: {one_line(bundle.title)}")
    canvas.setAuthor("Turnout")
    canvas.setSubject(f"Booking {bundle.code}")
    for number, admission in enumerate(bundle.admissions, 1):
        _draw(canvas, bundle, admission, number)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


@cache
def _register_fonts() -> None:
    for name in (PLAIN, BOLD):
        with as_file(FONTS / f"{name}.ttf") as path:
            pdfmetrics.registerFont(TTFont(name, path))


def _drawable(text: str, font: str) -> str:
    """Return `text` with `UNKNOWN` for what `font` lacks, and for letters that are written from right to left.

    These would have to be joined and put in order, which ReportLab does not do.
    """
    known = pdfmetrics.getFont(font).face.charToGlyph
    drawn = []
    for sign in one_line(unicodedata.normalize("NFC", text)):
        if unicodedata.category(sign) == "Cf" or sign == "\N{VARIATION SELECTOR-16}":
            continue  # says something about its neighbours, and has no shape
        is_drawable = ord(sign) in known and unicodedata.bidirectional(sign) not in {"R", "AL"}
        drawn.append(sign if is_drawable else UNKNOWN)
    return "".join(drawn)


def _paragraph(text: str, font: str, size: float, color: Color = INK, **style: float) -> Paragraph:
    said = escape(_drawable(text, font))
    return Paragraph(
        said, ParagraphStyle("", fontName=font, fontSize=size, leading=1.25 * size, textColor=color, **style)
    )


def _event(bundle: Bundle, number: int) -> Iterator[Flowable]:
    """Give what a ticket says of its event."""
    yield _paragraph(f"Ticket {number} of {len(bundle.admissions)}", PLAIN, 9, PALE)
    yield _paragraph(bundle.title, BOLD, 22, spaceBefore=4, spaceAfter=8)
    yield _paragraph(_when(bundle), BOLD, 12)
    yield _paragraph(zone(bundle.starts_at, bundle.timezone), PLAIN, 9, PALE)
    if bundle.place:
        yield _paragraph(bundle.place, PLAIN, 12, spaceBefore=6)
    if bundle.event_status in STATUS_SAID:
        yield _paragraph(STATUS_SAID[bundle.event_status], BOLD, 12, ALARM, spaceBefore=6)


def _when(bundle: Bundle) -> str:
    starts, ends, where = bundle.starts_at, bundle.ends_at, bundle.timezone
    last = clock(ends, where) if day(starts, where) == day(ends, where) else f"{day(ends, where)}, {clock(ends, where)}"
    return f"{day(starts, where)}, {clock(starts, where)} to {last}"


def _facts(bundle: Bundle, admission: Admission) -> Iterator[Flowable]:
    """Give what a ticket says of itself."""
    facts = {
        "Ticket": admission.kind,
        "Name": admission.holder or bundle.guest,
        "Price": money(admission.price, bundle.currency),
        "Booking": bundle.code,
    }
    for label, value in facts.items():
        if not value:
            continue  # nobody was named, and whoever prints it may not see who comes
        yield _paragraph(label, PLAIN, 8, PALE)
        yield _paragraph(value, BOLD, 13, spaceAfter=7)


def _notes(bundle: Bundle, admission: Admission) -> Iterator[Flowable]:
    yield _paragraph("Show the code at the door, on paper or on a screen. It lets one person in, once.", PLAIN, 9, PALE)
    said = (bundle.title, bundle.place, admission.kind, admission.holder or bundle.guest)
    if any(UNKNOWN in _drawable(text, BOLD) for text in said):
        yield _paragraph(UNKNOWN_SAID, PLAIN, 9, PALE, spaceBefore=3)


def _draw(canvas: Canvas, bundle: Bundle, admission: Admission, number: int) -> None:
    """Draw a ticket: a card with the event above and the admission below, the code at its right."""
    top = HEIGHT - MARGIN
    middle = _draw_text(canvas, _event(bundle, number), top - PADDING, RIGHT - LEFT, MOST_OF_EVENT) - PADDING
    foot = middle - PADDING - CODE - QUIET - SECRET_SIZE
    _draw_text(canvas, _facts(bundle, admission), middle - PADDING, RIGHT - LEFT - CODE - PADDING, CODE + QUIET)
    _draw_code(canvas, admission.secret, RIGHT - CODE, middle - PADDING - CODE)
    canvas.setFont(TYPED, SECRET_SIZE)
    canvas.drawCentredString(RIGHT - CODE / 2, foot, admission.secret)
    bottom = foot - PADDING
    canvas.setStrokeColor(RULE)
    canvas.roundRect(MARGIN, bottom, WIDTH - 2 * MARGIN, top - bottom, 4 * mm)
    canvas.setDash(2, 3)
    canvas.line(MARGIN, middle, WIDTH - MARGIN, middle)
    _draw_text(canvas, _notes(bundle, admission), bottom - 4 * mm, RIGHT - LEFT, bottom - MARGIN)


def _draw_text(canvas: Canvas, text: Iterable[Flowable], top: float, width: float, most: float) -> float:
    """Draw paragraphs below `top`, smaller where they would be higher than `most`; return where they end."""
    block = KeepInFrame(width, most, list(text), mode="shrink")
    _, height = block.wrapOn(canvas, width, most)
    block.drawOn(canvas, LEFT, top - height)
    return top - height


def _draw_code(canvas: Canvas, secret: str, x: float, y: float) -> None:
    """Draw a QR code as one shape, its lower left corner at (x, y); what is around it stays white."""
    rows = squares(secret)
    size = CODE / len(rows)
    path = canvas.beginPath()
    for number, row in enumerate(rows, 1):
        column = 0
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                path.rect(x + column * size, y + CODE - number * size, length * size, size)
            column += length
    canvas.setFillColor(black)
    canvas.drawPath(path, stroke=0, fill=1)
