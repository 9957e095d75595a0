"""The reference of the plugin interface: as new as the docstrings that it is made from, and complete."""

import importlib.util
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import turnout.plugin
from turnout.plugin.configurator import Configurator
from turnout.testing import fixtures

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("turnout_reference", DOCS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(reference):
    return reference.page()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of Python write some annotations otherwise")
def test_the_committed_page_is_new(page):
    assert (DOCS / "plugins" / "reference.md").read_text("utf-8") == page, "it is old; run: make docs"


@pytest.mark.parametrize("name", turnout.plugin.__all__)
def test_what_plugins_import_is_described(page, name, reference):
    if name == "fields":
        assert "## Schema fields" in page
    elif name == "Configurator":
        assert "## Directives" in page
    else:
        _, _, entry = page.partition(f"\n### {name}\n")
        text = re.sub(r"```.*?```", "", entry.partition("\n### ")[0], flags=re.DOTALL).strip()
        assert len(text) > 20


@pytest.mark.parametrize("name", re.findall(r"^        (\w+) = \1$", inspect.getsource(Configurator), re.MULTILINE))
def test_a_directive_is_described_with_how_it_is_called(page, name):
    _, _, entry = page.partition(f"\n### {name}\n")
    assert entry.lstrip().startswith(f"```python\nconfig.{name}(")
    assert len(entry.partition("\n### ")[0].split("```")[2].strip()) > 20


def test_domain_events_are_there_with_their_fields(page):
    _, _, entry = page.partition("#### BookingConfirmed (`turnout.bookings.hooks`)")
    assert "- `booking_id: int`" in entry.partition("####")[0]
    assert "- `event_id: int`" in entry.partition("####")[0]


@pytest.mark.parametrize("fixture", ["api", "make", "clock", "outbox", "live"])
def test_what_fixtures_give_is_described_with_its_methods(page, reference, fixture):
    thing = inspect.signature(getattr(fixtures, fixture)._get_wrapped_function()).return_annotation
    thing = next(iter(get_args(thing)), thing)
    _, _, entry = page.partition("\n## Tests\n")[2].partition(f"\n### {thing.__name__}\n")
    entry = re.split(r"\n##+ ", entry)[0]
    methods = [name for name, _ in inspect.getmembers(thing, inspect.isfunction) if not name.startswith("_")]
    assert methods
    for name in methods:
        assert re.search(rf"^- `{name}\(.*\).*`: .{{4,}}", entry, re.MULTILINE), name


@pytest.mark.parametrize("name", ["README", "first-plugin"])
def test_what_examples_import_is_there(name):
    text = (DOCS / "plugins" / f"{name}.md").read_text("utf-8")
    found = re.findall(r"^from (turnout(?:\.[\w.]+)?) import (.+)$", text, re.MULTILINE)
    assert found
    for module, names in found:
        for each in names.split(", "):
            assert hasattr(import_module(module), each), f"{module} has no {each}"


def test_no_address_of_an_object_or_path_of_a_machine_is_in_it(page):
    assert not re.search(r" at 0x[0-9a-f]+|/home/|/tmp/|site-packages", page)


@pytest.mark.parametrize("name", ["README", "first-plugin", "quality", "versions", "reference"])
def test_links_between_the_pages_lead_somewhere(name):
    path = DOCS / "plugins" / f"{name}.md"
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"
