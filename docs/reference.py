"""Writes docs/plugins/reference.md from the docstrings and signatures of what plugins may use: ``make docs``."""

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import colander
from sqlalchemy.orm import DeclarativeBase

import turnout.plugin
from turnout.config import FEATURES
from turnout.errors import DomainError
from turnout.hooks import DomainEvent
from turnout.plugin.configurator import Configurator

PAGE = Path(__file__).parent / "plugins" / "reference.md"
HEAD = """\
# Reference of the plugin interface

Version {version} of the interface, written by `make docs` from the docstrings; do not edit. Begin with
[Your first plugin in ten minutes](first-plugin.md); how this interface may change is said in [Versions](versions.md).

A plugin imports `turnout.plugin`, in its tests `turnout.testing` and, of the features, the modules `services`, `models`,
`hooks` and `errors`, as they are listed here. Everything else may change without notice.

- [The manifest](#the-manifest)
- [Directives](#directives)
- [What turnout.plugin has](#what-turnoutplugin-has)
- [Schema fields](#schema-fields)
- [Tests](#tests)
- [Features](#features)
"""

NOT_FOR_PLUGINS = {"python_type", "views", "add_view"}
GIVEN_BY_FIXTURES = {
    "api": "Api",
    "browser": "Browser",
    "make": "Make",
    "clock": "ManualClock",
    "outbox": "Steps",
    "live": "Live",
}
LONGEST_LINE = 100
ROLE = "A role, for `declare_permission`; each includes those before it."
NOTES = {
    "ALL": "For `action(scope=...)`: a button of the list, about no thing in particular.",
    "ATTENTION": "For `panel(on=...)`: what staff have to look after, on the dashboard.",
    "DASHBOARD": "For `panel(on=...)`: the dashboard.",
    "WHOLE": "For `panel(width=...)`: as wide as the page; otherwise it is half of it.",
    "ANYONE": ROLE,
    "USER": ROLE,
    "ORGANIZER": ROLE,
    "STAFF": ROLE,
    "SUPERUSER": ROLE,
    "SYSTEM": "The actor that is the installation itself, and may do everything: for background work and commands.",
    "API_VERSION": "The version of this interface, for the manifest.",
    "Announce": "As a parameter of a service: what announces a domain event, `announce(ReviewWritten(review.id))`.",
    "Settings": "As a parameter of a service or handler: all settings by their full names, checked.",
    "ReadSession": "As a parameter of a handler: a session of its own to read with, before the transaction begins; close it.",
    "Id": "The column type of ids, and of foreign keys to them.",
    "NEVER_REUSED": "For `__table_args__`: ids of deleted rows are not given to others on SQLite either.",
}


def cleaned(annotation: str) -> str:
    """Return an annotation as it reads best: without the modules' names."""
    annotation = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z_]+)", "", annotation.replace("~", "")).replace("NoneType", "None")
    return re.sub(r"<class '([^']+)'>", r"\1", annotation)


def shown(default: Any) -> str:
    """Return a default value as one would write it."""
    if isinstance(default, Enum):
        return default.name
    if inspect.isfunction(default) or inspect.isclass(default):
        return default.__name__
    return "..." if re.search(r" at 0x|^<|frozenset", repr(default)) else repr(default)


def signature(name: str, function: Callable[..., Any], *, skip: int = 0) -> str:
    """Return how a function is called, on several lines where one would be long."""
    found = inspect.signature(function)
    parts = []
    star = False
    for parameter in list(found.parameters.values())[skip:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        marks = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        star = star or parameter.kind is parameter.VAR_POSITIONAL
        part = marks.get(parameter.kind, "") + parameter.name
        if parameter.annotation is not parameter.empty:
            part += f": {cleaned(inspect.formatannotation(parameter.annotation))}"
        if parameter.default is not parameter.empty:
            part += f" = {shown(parameter.default)}" if ":" in part else f"={shown(parameter.default)}"
        parts.append(part)
    end = ")"
    if found.return_annotation not in (found.empty, None, "None"):
        end = f") -> {cleaned(inspect.formatannotation(found.return_annotation))}"
    line = f"{name}({', '.join(parts)}{end}"
    if len(line) <= LONGEST_LINE:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + end


def said(thing: Any) -> str:
    """Return a docstring as Markdown: literals and names in single backquotes, indented examples fenced."""
    text = re.sub(r"`turnout\.(\w+)", r"`turnout.\1", inspect.getdoc(thing) or "").replace("``", "`")
    text = text.removeprefix("Directive: ")
    first, *others = text.split("\n\n")
    found = [first[:1].upper() + first[1:]]
    for paragraph in others:
        code = textwrap.dedent(paragraph)
        if not paragraph.startswith("    "):
            found.append(paragraph)
        elif found[-1].endswith("\n```"):
            found[-1] = found[-1].removesuffix("```") + f"\n{code}\n```"
        else:
            found.append(f"```python\n{code}\n```")
    return "\n\n".join(found)


def entry(title: str, code: str, text: str) -> str:
    """Return one entry."""
    return f"### {title}\n\n```python\n{code}\n```\n\n{text}\n"


def directives() -> Iterator[str]:
    """Give the directives, in the order of the class that lists them."""
    for name in re.findall(r"^        (\w+) = \1$", inspect.getsource(Configurator), re.MULTILINE):
        function = _directive(name)
        yield entry(name, signature(f"config.{name}", function, skip=1), said(function))
    subscriber = inspect.unwrap(Configurator.add_subscriber)
    yield entry("add_subscriber", signature("config.add_subscriber", subscriber, skip=1), said(subscriber))


def _directive(name: str) -> Callable[..., Any]:
    source = inspect.getsource(sys.modules[Configurator.__module__])
    module = re.search(rf"from (turnout[\w.]*) import [^\n]*\b{name}\b", source)
    if module is None:
        raise LookupError(name)
    return getattr(import_module(module[1]), name)


def exported() -> Iterator[str]:
    """Give what else `turnout.plugin` has."""
    for name in turnout.plugin.__all__:
        thing = getattr(turnout.plugin, name)
        if name in {"Plugin", "Configurator", "fields"}:
            continue
        if inspect.isclass(thing):
            yield from of_class(name, thing)
        elif inspect.isfunction(thing):
            yield entry(name, signature(name, thing), said(thing))
        else:
            yield f"### {name}\n\n{NOTES.get(name, '')} `{shown(thing)}`\n".replace(" `...`", "")


def of_class(name: str, thing: type) -> Iterator[str]:
    """Give a class with its public methods and fields."""
    if not thing.__module__.startswith("turnout"):
        yield f"### {name}\n\n`{thing.__module__}.{thing.__qualname__}`, as its own documentation has it.\n"
        return
    text = said(thing)
    if issubclass(thing, DomainError) and thing is not DomainError:
        text += f"\n\nIts `code` is `{thing.code}`, its title “{thing.title}”."
    has_constructor = "__init__" in vars(thing) and not issubclass(thing, (DeclarativeBase, colander.SchemaType))
    bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
    code = signature(name, vars(thing)["__init__"], skip=1) if has_constructor else f"class {name}({bases})"
    code = code.replace("()", "")
    members = "\n".join(part for part in (attributes(thing), methods(thing)) if part)
    yield entry(name, code, f"{text}\n\n{members}".strip())


def fields_of(thing: type) -> str:
    """Return the fields of a dataclass as a list."""
    return "\n".join(
        f"- `{field.name}: {cleaned(str(field.type) if isinstance(field.type, str) else inspect.formatannotation(field.type))}`"
        for field in dataclasses.fields(thing)
    )


def attributes(thing: type) -> str:
    """Return what a class lets its subclasses declare, as a list; a docstring stands below each."""
    (body,) = (
        node.body
        for node in ast.parse(textwrap.dedent(inspect.getsource(thing))).body
        if isinstance(node, ast.ClassDef)
    )
    found = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).startswith("ClassVar["):
            code = ast.unparse(node).replace(ast.unparse(node.annotation), ast.unparse(node.annotation)[9:-1], 1)
            is_said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            text = inspect.cleandoc(str(after.value.value)) if is_said else ""
            found.append(f"- `{code}`{': ' if text else ''}{' '.join(re.sub('``', '`', text).split())}")
    return "\n".join(found)


def methods(thing: type) -> str:
    """Return the public methods of a class as a list."""
    found = []
    for name, member in vars(thing).items():
        function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        if name.startswith("_") or not getattr(function, "__doc__", None) or name in NOT_FOR_PLUGINS:
            continue
        if inspect.isfunction(function):
            code = one_line(name, function, skip=0 if isinstance(member, staticmethod) else 1)
            found.append(f"- `{code}`: {' '.join(said(function).split())}")
        elif isinstance(function, property):
            found.append(f"- `{name}`: {' '.join(said(function).split())}")
    return "\n".join(found)


def module_of(feature: str, kind: str) -> ModuleType | None:
    """Return a module of a feature, or None if it has none of this kind."""
    try:
        return import_module(f"{feature}.{kind}")
    except ModuleNotFoundError as error:
        if error.name == f"{feature}.{kind}":
            return None
        raise


def public(module: ModuleType, kind: type | None = None) -> list[tuple[str, Any]]:
    """Return the classes that a module (or, of a package, what it names in ``__all__``) defines."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    found = [(name, getattr(module, name)) for name in names]
    return [
        (name, thing)
        for name, thing in found
        if inspect.isclass(thing)
        and thing.__module__.startswith(module.__name__)
        and (kind is None or issubclass(thing, kind))
    ]


def features() -> Iterator[str]:
    """Give what features publish."""
    for feature in (*FEATURES, "turnout.demo"):
        parts = list(_feature(feature))
        if parts:
            about = (inspect.getdoc(import_module(feature)) or "").partition("\n")[0]
            yield f"### {feature}\n\n{about}\n\n" + "\n".join(parts)


def _feature(feature: str) -> Iterator[str]:
    if hooks := module_of(feature, "hooks"):
        for name, thing in public(hooks, DomainEvent):
            text = " ".join(said(thing).split())
            yield f"#### {name} (`{feature}.hooks`)\n\n{text}\n\n{fields_of(thing)}\n"
    if services := module_of(feature, "services"):
        for name, thing in public(services):
            if listed := methods(thing):
                yield f"#### {name} (`{feature}.services`)\n\n{said(thing)}\n\n{listed}\n"
    if models := module_of(feature, "models"):
        for name, thing in public(models, DeclarativeBase):
            columns = ", ".join(f"`{column.name}`" for column in thing.__table__.columns)
            yield f"#### {name} (`{feature}.models`)\n\n{said(thing)}\n\nTable `{thing.__tablename__}`: {columns}.\n"
    if errors := module_of(feature, "errors"):
        rows = [f"- `{name}` (`{thing.code}`): {thing.title}." for name, thing in public(errors, DomainError)]
        if rows:
            yield f"#### Errors (`{feature}.errors`)\n\n" + "\n".join(rows) + "\n"


def schema_fields() -> Iterator[str]:
    """Give the vocabulary of schemas."""
    for name, thing in vars(turnout.plugin.fields).items():
        if inspect.isfunction(thing) and thing.__module__ == "turnout.schema" and not name.startswith("_"):
            yield f"- `{one_line(name, thing)}`: {' '.join(said(thing).split())}"


def one_line(name: str, function: Callable[..., Any], *, skip: int = 0) -> str:
    """Return how a function is called, on one line."""
    return " ".join(signature(name, function, skip=skip).split()).replace("( ", "(").replace(", )", ")")


def fixtures() -> Iterator[str]:
    """Give the fixtures for tests."""
    from turnout.testing import fixtures as module

    for name, thing in vars(module).items():
        function = getattr(thing, "_get_wrapped_function", lambda: None)()
        if function is not None and inspect.getdoc(function):
            yield f"- `{name}`: {' '.join(said(function).split())}"


def given_by_fixtures() -> Iterator[str]:
    """Give the classes of what fixtures give, with their methods."""
    from turnout.testing import fixtures as module

    for fixture, name in GIVEN_BY_FIXTURES.items():
        thing = getattr(module, name)
        origin = f"What the fixture `{fixture}` gives; for annotations, `from {thing.__module__} import {name}`."
        yield f"### {name}\n\n{origin}\n\n{said(thing)}\n\n{methods(thing)}\n"


def page() -> str:
    """Return the whole page."""
    from turnout import testing

    parts = [
        HEAD.format(version=turnout.plugin.API_VERSION),
        "## The manifest\n",
        entry("Plugin", signature("Plugin", turnout.plugin.Plugin), said(turnout.plugin.Plugin)),
        f"## Directives\n\n{said(Configurator)}\n",
        *directives(),
        "## What turnout.plugin has\n",
        *exported(),
        f"## Schema fields\n\n{said(turnout.plugin.fields)}\n\n`from turnout.plugin import fields`\n",
        "\n".join(schema_fields()) + "\n",
        f"## Tests\n\n{said(testing)}\n",
        "\n".join(fixtures()) + "\n",
        *given_by_fixtures(),
        "## Features\n",
        *features(),
    ]
    return re.sub(r"[ \t]+\n", "\n", re.sub(r"\n{3,}", "\n\n", "\n".join(parts))).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
