"""What a plugin says of itself, and what it imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from packaging.version import InvalidVersion, Version

import turnout.plugin
from turnout.config import FEATURES
from turnout.plugin.discovery import find, installed, load
from turnout.plugin.errors import MISSING, PluginError
from turnout.testing.conformance.subject import Checks, Subject, refuse

PUBLISHED_KINDS = frozenset({"services", "models", "hooks", "errors", "schemas"})
"""Which modules of a feature plugins may import; beside these `turnout.plugin` and `turnout.testing`."""
UNSET = "0.0.0"
LONGEST_TITLE = 60


def is_published(module: str, name: str | None) -> bool:
    """Tell whether plugins may import `name` from `module`, or, without a name, the module itself."""
    parts = module.split(".")
    if module == "turnout.plugin" and name is not None:
        return name == "*" or name in turnout.plugin.__all__
    if module == "turnout.plugin" or parts[:2] == ["turnout", "testing"]:
        return True
    if name is not None and module in {"turnout", *FEATURES}:
        return is_published(f"{module}.{name}", None)
    return ".".join(parts[:2]) in {*FEATURES, "turnout.demo"} and len(parts) > 2 and parts[2] in PUBLISHED_KINDS  # noqa: PLR2004 - turnout.<feature>.<kind>


def _imports(source: str) -> Iterator[tuple[int, str, str | None]]:
    """Give line, module and name of whatever is imported absolutely."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)


def unpublished(folder: Path) -> Iterator[str]:
    """Give what the Python files in `folder` import of Turnout without being allowed to."""
    for path in sorted(folder.rglob("*.py")):
        for line, module, name in _imports(path.read_text("utf-8")):
            if module.split(".")[0] == "turnout" and not is_published(module, name):
                what = module if name is None else f"{name} from {module}"
                yield (
                    f"{path.relative_to(folder.parent)}, line {line}, imports {what}, which may change without notice. "
                    f"Take it from turnout.plugin, or from a feature's {', '.join(sorted(PUBLISHED_KINDS))}; "
                    "if nothing there does it, ask for it."
                )


class ManifestChecks(Checks):
    """What a plugin says of itself, and what it imports."""

    def test_its_manifest_is_sound(self) -> None:
        """It is installed, can be imported, and says what people and Turnout must know of it."""
        try:
            plugin = load(find(self.plugin, installed()))
        except PluginError as error:
            here = " (One that is being written: pip install -e . in its folder.)" if error.reason == MISSING else ""
            return refuse([f"{error}{here}"])
        refuse(_faults_of_words(plugin.manifest.title, plugin.manifest.description))
        return refuse(_faults_of_version(plugin.installed.distribution, plugin.installed.version))

    def test_it_imports_only_what_is_published(self, subject: Subject) -> None:
        """A plugin that uses more of Turnout than what is promised breaks with the next version."""
        refuse(unpublished(subject.plugin.folder))


def _faults_of_words(title: str, description: str) -> Iterator[str]:
    if title != title.strip() or title.endswith(".") or len(title) > LONGEST_TITLE:
        yield f"The title {title!r} is shown in menus: a few words without a full stop, {LONGEST_TITLE} characters at most."
    if title[:1].islower():
        yield f"The title {title!r} begins with a small letter; write {title[:1].upper() + title[1:]!r}."
    if description.strip().casefold() == title.strip().casefold():
        yield "The description only repeats the title; say in a sentence what the plugin does for people."


def _faults_of_version(distribution: str, version: str | None) -> Iterator[str]:
    mend = "set version in the [metadata] of its setup.cfg, or in the [project] of its pyproject.toml."
    if not version or version == UNSET:
        yield f"The distribution {distribution} has no version; {mend}"
        return
    try:
        Version(version)
    except InvalidVersion:
        yield f"The distribution {distribution} has the version {version!r}, which pip does not understand; {mend}"
