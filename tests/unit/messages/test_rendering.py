"""Templates: subject, text and HTML."""

import sys

import pytest

from turnout.errors import StartError
from turnout.messages import rendering
from turnout.messages.rendering import Templates


def test_paragraphs():
    assert rendering.paragraphs("a\r\nb\n\n\n  \nc\n") == ["a\nb", "c"]
    assert rendering.paragraphs("\n") == []


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
