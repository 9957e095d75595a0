"""The house: `<feature>/<kind>.py`, everywhere the same, and no room too large."""

from pathlib import Path

import pytest

import turnout
from turnout.config import FEATURES

SOURCE = Path(turnout.__file__).parent
ROOT = Path(__file__).parents[2]
KINDS = {"__init__", "models", "schemas", "services", "hooks", "errors", "api", "admin", "tasks"}
MOST_LINES = 400
FURTHER = {
    "audit": {"changes"},
    "auth": {"authenticator", "throttle", "tokens"},
    "bookings": {"extensions"},
    "events": {"extensions", "switches"},
    "health": {"checks"},
    "images": {"pictures", "stores"},
    "metrics": {"collectors"},
    "outbox": {
        "bell",
        "celery",
        "checks",
        "engines",
        "handlers",
        "hand",
        "heartbeat",
        "queue",
        "relay",
        "retries",
        "runner",
        "schedule",
        "worker",
    },
    "messages": {"channels", "delivery", "enclosures", "kinds", "mail", "rendering", "templates"},
    "plugin": {
        "assembly",
        "boundary",
        "checks",
        "configurator",
        "discovery",
        "export",
        "loading",
        "manifest",
        "paths",
        "mapping",
        "plugins",
        "removal",
        "scaffold",
        "template",
    },
    "tickets": {"codes", "printing", "static"},
    "webhooks": {"event_types", "payloads", "representations", "sending", "signing", "templates"},
}
"""What a feature has beside the kinds: each one is a thing of its own that the security policy or an operator uses."""


def features():
    return [name.removeprefix("turnout.") for name in FEATURES]


@pytest.mark.parametrize("feature", features())
def test_a_feature_has_the_fixed_kinds_of_files(feature):
    found = {path.stem for path in (SOURCE / feature).iterdir() if path.name != "__pycache__"}
    assert found - KINDS - FURTHER.get(feature, set()) == set()
    assert "__init__" in found


@pytest.mark.parametrize("feature", features())
def test_a_feature_registers_itself(feature):
    assert "def includeme(config: Configurator)" in (SOURCE / feature / "__init__.py").read_text("utf-8")


@pytest.mark.parametrize("feature", features())
def test_tests_mirror_features(feature):
    folder = ROOT / "tests" / "unit" / feature
    tests = {path.stem for path in folder.glob("test_*.py")} if folder.is_dir() else set()
    assert tests, f"tests/unit/{feature} has no tests"
    if (SOURCE / feature / "api.py").exists():
        assert "test_api" in tests


def python_files():
    for top in ("src", "tests", "alembic", "benchmarks", "plugins"):
        links = {SOURCE / "migrations", SOURCE / "plugin" / "template"}
        yield from (path for path in (ROOT / top).rglob("*.py") if not links & set(path.parents))


@pytest.mark.parametrize("path", list(python_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_be_read(path):
    if path.parent.name == "versions":
        pytest.skip("a migration is written once")
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


def test_the_folder_of_migrations_does_not_shadow_the_library():
    assert (ROOT / "alembic" / "env.py").exists()
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert (SOURCE / "migrations").resolve() == ROOT / "alembic"


def test_the_template_of_plugins_is_a_plugin_beside_the_others():
    assert (SOURCE / "plugin" / "template").resolve() == ROOT / "plugins" / "template"
