"""What is written in a file, whatever it was written with."""

import codecs

from turnout_external_events.sources.contract import Malformed

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PACKED = b"PK\x03\x04"
"""How ZIP files begin, and so the workbooks of spreadsheet programs."""
_SEEN = 1000


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8 and UTF-16, with or without a byte order mark, else Windows-1252. Raises `Malformed`."""
    if content.startswith(_PACKED):
        raise Malformed("This is a workbook or an archive; save it as CSV or iCalendar first.")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _text(content.removeprefix(mark), (encoding,))
    return _text(content, (_wide(content),) if b"\x00" in content[:_SEEN] else ("utf-8", "cp1252"))


def _wide(content: bytes) -> str:
    """Return which UTF-16 it is, by where the zeros are: most characters of headings have one in their upper half."""
    seen = content[:_SEEN]
    return "utf-16-le" if seen[1::2].count(0) >= seen[::2].count(0) else "utf-16-be"


def _text(content: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            found = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in found:
            return found
    raise Malformed("This is no text: it is neither UTF-8, nor UTF-16, nor Windows-1252.")
