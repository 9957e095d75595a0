"""What `pip install 'turnout[testing]'` brings is what `turnout.testing` needs."""

import ast
import configparser
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import turnout

ROOT = Path(__file__).parents[3]
LAZY = {"openapi-spec-validator"}
"""What is imported by `pytest.importorskip`."""


def plain(name):
    return name.lower().replace("_", "-")


def named(requirements):
    found = (re.split(r"[\[<>=; ]", line.strip())[0] for line in requirements.splitlines())
    return {plain(name) for name in found if name}


def imported():
    """Give the distributions of what is imported, but for Turnout and the standard library."""
    owners = packages_distributions()
    for path in (Path(turnout.__file__).parent / "testing").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top != "turnout" and top not in sys.stdlib_module_names:
                    yield plain(owners[top][0])


def test_the_extra_is_exactly_what_is_imported():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    extra = named(config["options.extras_require"]["testing"])
    assert extra - LAZY == set(imported()) - named(config["options"]["install_requires"])
