"""Plugins that a test writes: packages with a dist-info in a folder on ``sys.path``, as if they were installed."""

import importlib
import sys
from pathlib import Path
from textwrap import dedent

from turnout.db import Base, metadata
from turnout.migrate import load_models

MANIFEST = """
from turnout.plugin import *

plugin = Plugin(name={name!r}, title={title!r}, description="Of the tests", api_version=API_VERSION, {manifest})

def includeme(config):
    pass
"""


class Shelf:
    """Holds plugins that are there for one test, and forgets all of them that Python and SQLAlchemy would remember.

    Used as a context manager.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.packages = set()

    def __enter__(self):
        load_models()
        self._tables = set(metadata.tables)
        sys.path.insert(0, str(self.folder))
        return self

    def __exit__(self, *_error):
        sys.path.remove(str(self.folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in self.packages]:
            del sys.modules[name]
        for manager in list(Base.registry._managers):
            if manager.class_.__module__.partition(".")[0] in self.packages:
                Base.registry._dispose_manager_and_mapper(manager)
                Base.registry._managers.pop(manager, None)
                manager.class_.__module__ = "forgotten"  # somebody may still hold it
        for name in metadata.tables.keys() - self._tables:
            metadata.remove(metadata.tables[name])
        importlib.invalidate_caches()

    def add(self, name, source="", *, manifest="", package=None, distribution=None, version="1.0", **files):
        """Install a plugin and return its name.

        `source` follows a manifest with `manifest`'s further arguments and an empty ``includeme``, and may define both
        anew. `files` are modules of the package by their names.
        """
        package = package or f"turnout_{name}"
        head = MANIFEST.format(name=name, title=name.capitalize(), manifest=manifest)
        self.package(package, head + dedent(source), **files)
        self.distribution(distribution or f"turnout-{name}", {name: package}, version=version)
        return name

    def package(self, package, source, **files):
        """Write a package alone."""
        folder = self.folder.joinpath(*package.split("."))
        folder.mkdir(parents=True)
        self.packages.add(package.partition(".")[0])
        for file, text in {"__init__": source, **files}.items():
            (folder / f"{file}.py").write_text(dedent(text), "utf-8")
        importlib.invalidate_caches()

    def distribution(self, distribution, plugins, *, version="1.0", summary="Of the tests"):
        """Write what says that a distribution is installed, with plugins: their packages by their names."""
        folder = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        about = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\nSummary: {summary}\n"
        (folder / "METADATA").write_text(about, "utf-8")
        entries = "".join(f"{name} = {package}\n" for name, package in plugins.items())
        (folder / "entry_points.txt").write_text(f"[turnout.plugins]\n{entries}", "utf-8")
        self.packages |= {package.partition(".")[0].partition(":")[0] for package in plugins.values()}
        importlib.invalidate_caches()
