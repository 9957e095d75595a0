"""Templates: subject, text and HTML; dates in the event's time zone, money with its currency."""

import sys

import pytest

from turnout.errors import StartError
from turnout.messages import rendering
from turnout.messages.rendering import Templates, one_line


@pytest.mark.parametrize(
    ("moment", "timezone", "day", "clock", "zone"),
    [
        (
            "2027-05-01T18:30:00+00:00", "Europe/Lisbon", "Saturday, 1 May 2027", "19:30",
            "Western European Summer Time (Europe/Lisbon)",
        ),
        ("2027-05-01T18:30:00+00:00", "Asia/Tokyo", "Sunday, 2 May 2027", "03:30", "Japan Standard Time (Asia/Tokyo)"),
        ("2027-01-01T00:00:00+00:00", "UTC", "Friday, 1 January 2027", "00:00", "Coordinated Universal Time (UTC)"),
    ],
)  # fmt: skip
def test_moments_are_told_where_the_event_is(moment, timezone, day, clock, zone):
    assert rendering.day(moment, timezone) == day
    assert rendering.clock(moment, timezone) == clock
    assert rendering.zone(moment, timezone) == zone


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [("12.5", "EUR", "€12.50"), ("1500", "JPY", "¥1,500"), ("1.5", "KWD", "KWD1.500"), ("0", "USD", "$0.00")],
)
def test_money(amount, currency, said):
    assert rendering.money(amount, currency) == said


def test_paragraphs():
    assert rendering.paragraphs("a\r\nb\n\n\n  \nc\n") == ["a\nb", "c"]
    assert rendering.paragraphs("\n") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a \n b\r\n\tc ", "a b c"),
        ("a\x00b\x1fc\x7fd\x85e\u2028f\u2029g", "a b c d e f g"),
        ("family 👨‍👩‍👧 שלום", "family 👨‍👩‍👧 שלום"),
        ("\n", ""),
    ],
)
def test_one_line(text, line):
    assert one_line(text) == line


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of templates; return its name."""
    package = tmp_path / "letters_of_a_plugin"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    rendering._environment.cache_clear()

    def write(**files):
        for name, content in files.items():
            (package / "templates" / name.replace("_", ".")).write_text(content)
        return "letters_of_a_plugin:templates"

    yield write
    rendering._environment.cache_clear()
    sys.modules.pop(package.name, None)


def test_a_message(folder):
    templates = Templates(
        "a", folder(a_txt="Subject: To {{ x }}\n\n{{ x }} & co\n\n\n", a_html="<b>{{ x }} {{ subject }}</b>")
    )

    rendered = templates.render({"x": "<Ada>\nBcc: b"})

    assert rendered.subject == "To <Ada> Bcc: b"
    assert rendered.text == "<Ada>\nBcc: b & co\n"
    assert rendered.html == "<b>&lt;Ada&gt;\nBcc: b To &lt;Ada&gt; Bcc: b</b>"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a_txt": "Hello\n", "a_html": "x"}, "first line of a.txt in letters_of_a_plugin:templates must be 'Subject"),
        ({"a_txt": "Subject: {{ x\n", "a_html": "x"}, "TemplateSyntaxError"),
        ({"a_txt": "Subject: x\n", "a_html": "{% if %}"}, "TemplateSyntaxError"),
        ({"a_txt": "Subject: x\n"}, "TemplateNotFound: a.html"),
    ],
)
def test_what_cannot_be_read_stops_the_start(folder, files, message):
    with pytest.raises(StartError, match=message):
        Templates("a", folder(**files))
