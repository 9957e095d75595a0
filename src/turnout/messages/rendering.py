"""Messages from Jinja2 templates: subject and text from ``<kind>.txt``, HTML from ``<kind>.html``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template, TemplateError, select_autoescape

from turnout.errors import StartError
from turnout.words import clock, day, money, one_line, zone

SUBJECT = "Subject:"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates of one kind of message, read at the start. Raises `StartError` for what cannot be read."""

    def __init__(self, kind: str, folder: str) -> None:
        try:
            environment = _environment(folder)
            assert environment.loader is not None  # noqa: S101 - for mypy: it was just given one
            source, _, _ = environment.loader.get_source(environment, f"{kind}.txt")
            first, _, rest = source.partition("\n")
            if not first.startswith(SUBJECT):
                raise StartError(f"The first line of {kind}.txt in {folder} must be 'Subject: ...'.")
            # A template of its own: whatever is filled into it stays in the subject.
            self._subject: Template = environment.from_string(first.removeprefix(SUBJECT))
            self._text: Template = environment.from_string(rest.lstrip("\n"))
            self._html: Template = environment.get_template(f"{kind}.html")
        except (TemplateError, ValueError, ImportError) as error:
            problem = f"{type(error).__name__}: {error}"
            raise StartError(f"The templates of the message {kind!r} in {folder!r} cannot be read: {problem}") from None

    def render(self, context: Mapping[str, Any]) -> Rendered:
        """Fill the templates. Raises `jinja2.TemplateError` for what they want and `context` has not."""
        subject = one_line(self._subject.render(context))
        text = self._text.render(context).strip() + "\n"
        return Rendered(subject, text, self._html.render(context, subject=subject))


@cache
def _environment(folder: str) -> Environment:
    package, _, path = folder.partition(":")
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, path), PackageLoader("turnout.messages", "templates")]),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=day, clock=clock, zone=zone, money=money, paragraphs=paragraphs)
    return environment


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, which blank lines part."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return [part.strip("\n") for part in lines.split("\n\n") if part.strip("\n")]
