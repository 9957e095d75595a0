"""Which way knowledge flows: models <- services <- api, features only through their services, hooks and models."""

import ast
from pathlib import Path

import pytest

import turnout
from turnout.config import FEATURES

ROOT = Path(turnout.__file__).parent
FEATURE_NAMES = [name.removeprefix("turnout.") for name in FEATURES]
WEB = {"pyramid", "cornice", "colander", "deform", "webob", "pyramid_tm", "pyramid_retry", "pyramid_services"}
KINDS = {"models", "schemas", "services", "hooks", "errors", "api", "admin", "tasks"}
OPEN_TO_OTHERS = {"services", "hooks", "models", "errors"}


def modules():
    """Give every module of the package: its dotted name and the names that it imports."""
    for path in sorted(ROOT.rglob("*.py")):
        if {"migrations", "template"} & set(path.relative_to(ROOT).parts):
            continue
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        package = list(parts[:-1])
        name = ".".join(package if parts[-1] == "__init__" else parts)
        yield name, set(imported(ast.parse(path.read_text("utf-8")), package))


def imported(tree, package):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


MODULES = dict(modules())


def kind_of(name):
    """Return feature and kind of a module of a feature, or (None, None)."""
    parts = name.split(".")
    if len(parts) > 1 and parts[1] in FEATURE_NAMES:
        return parts[1], parts[2] if len(parts) > 2 else "__init__"
    return None, None


def of_kind(kind):
    return [name for name in MODULES if kind_of(name)[1] == kind]


def test_there_is_something_to_look_at():
    assert len(of_kind("services")) > 8
    assert len(of_kind("api")) > 8
    assert "turnout.users.models" in MODULES["turnout.users.services"]


@pytest.mark.parametrize("name", [*of_kind("services"), *of_kind("models"), *of_kind("hooks"), *of_kind("errors")])
def test_services_know_nothing_of_the_web(name):
    known = {module.split(".")[0] for module in MODULES[name]} & WEB
    assert not known
    assert not [module for module in MODULES[name] if module.startswith("turnout.api")]


@pytest.mark.parametrize(
    ("kind", "forbidden"),
    [
        ("models", {"services", "api", "admin", "tasks", "schemas"}),
        ("hooks", {"services", "api", "admin", "tasks", "schemas"}),
        ("errors", {"services", "api", "admin", "tasks", "schemas"}),
        ("services", {"api", "admin", "tasks", "schemas"}),
        ("schemas", {"api", "admin", "tasks"}),
        ("api", {"admin", "tasks"}),
    ],
)
def test_knowledge_flows_one_way(kind, forbidden):
    wrong = [
        f"{name} imports {module}"
        for name in of_kind(kind)
        for module in MODULES[name]
        if kind_of(module)[1] in forbidden
    ]
    assert not wrong


@pytest.mark.parametrize("name", [name for name in MODULES if kind_of(name)[0]])
def test_features_reach_each_other_through_their_services_hooks_and_models(name):
    feature, own_kind = kind_of(name)
    # One schema may hold another, as an event's holds its ticket types'.
    is_open = OPEN_TO_OTHERS | ({"schemas"} if own_kind == "schemas" else set())
    others = [module for module in MODULES[name] if kind_of(module)[0] not in {None, feature}]
    assert not [module for module in others if kind_of(module)[1] in KINDS - is_open]


def test_one_module_imports_cornice():
    found = [name for name, names in MODULES.items() if any(module.split(".")[0] == "cornice" for module in names)]
    assert found == ["turnout.api.service"]


def test_the_toolkit_knows_no_feature():
    toolkit = ("turnout.api", "turnout.security", "turnout.db", "turnout.schema", "turnout.errors", "turnout.injection",
               "turnout.settings", "turnout.paging", "turnout.versions", "turnout.hooks", "turnout.clock", "turnout.logs")  # fmt: skip
    wrong = [
        f"{name} imports {module}"
        for name, names in MODULES.items()
        if name in toolkit or name.startswith(("turnout.api.", "turnout.outgoing.", "turnout.security."))
        for module in names
        if kind_of(module)[0]
    ]
    assert not wrong


def test_the_core_knows_no_plugin_and_nothing_that_is_for_tests():
    core = {name: names for name, names in MODULES.items() if not name.startswith("turnout.testing")}
    for name, names in core.items():
        for module in names:
            top = module.split(".")[0]
            assert not top.startswith("turnout_"), name
            assert top not in {"pytest", "webtest", "factory", "hypothesis", "tests"}, name
            assert not module.startswith("turnout.testing"), name


@pytest.mark.parametrize("name", of_kind("models"))
def test_foreign_keys_name_tables_by_string(name):
    """A feature's tables need no other feature's models to be written down."""
    feature, _ = kind_of(name)
    assert not [module for module in MODULES[name] if kind_of(module)[0] not in {None, feature}]
