"""There is one way to register a thing, for the core's features as for plugins: the directives that are published."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import turnout
from turnout.plugin.configurator import Configurator
from turnout.testing.applications import Application
from turnout.testing.databases import SQLiteDatabases

ROOT = Path(turnout.__file__).parent
PUBLISHED = set(re.findall(r"^        (\w+) = \1$", inspect.getsource(Configurator), re.MULTILINE))
REGISTRIES = {
    "api_services", "booking_extensions", "capabilities", "commands", "demo_servers", "event_extensions", "handlers", "health_checks", "injectables", "message_channels",
    "message_kinds", "message_senders", "periodic_tasks", "permissions", "queue_threads", "services", "webhook_events",
}  # fmt: skip
"""What directives fill, as attributes of the application's registry."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("directives")
    application = Application(SQLiteDatabases(folder).create(), folder)
    yield application.registry
    application.close()


def sources():
    for path in sorted(ROOT.rglob("*.py")):
        if not {"migrations", "template", "testing"} & set(path.relative_to(ROOT).parts):
            yield path


def of_turnout(registry):
    """Return the directives that the application has beside Pyramid's and its libraries' own."""
    return {
        name
        for name, (function, _wrapped) in registry._directives.items()
        if inspect.unwrap(function).__module__.startswith("turnout.")
    }


def test_every_directive_is_published(registry):
    assert of_turnout(registry) == PUBLISHED
    assert len(PUBLISHED) > 12


def test_a_published_directive_is_the_one_that_the_application_has(registry):
    source = inspect.getsource(inspect.getmodule(Configurator))
    for name in PUBLISHED:
        module = re.search(rf"from (turnout[\w.]*) import [^\n]*\b{name}\b", source)[1]
        assert (
            inspect.unwrap(registry._directives[name][0]).__module__
            == inspect.unwrap(getattr(__import__(module, fromlist=[name]), name)).__module__
        )


def entries_written(tree):
    """Give each registry that is written to, with the outermost function in which it happens."""
    for outer in tree.body:
        for node in ast.walk(outer):
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Attribute):
                    yield target.value.attr, getattr(outer, "name", "")


def test_what_directives_fill_nobody_else_fills():
    found = [
        (path.relative_to(ROOT), attribute, function)
        for path in sources()
        for attribute, function in entries_written(ast.parse(path.read_text("utf-8")))
        if attribute in REGISTRIES
    ]
    assert len(found) > 8
    assert [entry for entry in found if not re.match("_?add|set_|declare_", entry[2])] == []
