"""What `turnout plugin new` writes."""

import ast
import configparser
import os
import re
import subprocess
import sys
import tomllib

import pytest

from turnout.errors import Conflict, Invalid
from turnout.plugin import scaffold
from turnout.plugin.manifest import LONGEST_NAME
from turnout.plugin.scaffold import TEMPLATE, names_of, taken_by, write

SHORTEST = "x"
LONGEST = "a_name_as_long_as_any_can_be_9"
"""The shortest and the longest name: what fits in a line with one does not with the other, and the other way round."""


def contents(folder):
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def written(tmp_path):
    def written(name, title=""):
        write(names_of(name, title), tmp_path / name)
        return tmp_path / name

    return written


class TestNames:
    @pytest.mark.parametrize(
        ("name", "title", "hyphenated", "camel"),
        [
            ("guestbook", "Guestbook", "guestbook", "Guestbook"),
            ("seat_map", "Seat map", "seat-map", "SeatMap"),
            ("my_plugin", "My plugin", "my-plugin", "MyPlugin"),
            ("a1_2b", "A1 2b", "a1-2b", "A12b"),
            (LONGEST, "A name as long as any can be 9", "a-name-as-long-as-any-can-be-9", "ANameAsLongAsAnyCanBe9"),
        ],
    )
    def test_every_form_follows_from_the_name(self, name, title, hyphenated, camel):
        names = names_of(name)
        assert (names.name, names.title, names.hyphenated, names.camel) == (name, title, hyphenated, camel)

    def test_a_title_is_kept_as_it_is_written(self):
        assert names_of("cafe", " Café & Bar (1. floor) ").title == "Café & Bar (1. floor)"

    def test_every_form_is_filled_in(self):
        text = "my_plugin my-plugin MY_PLUGIN_KEEP MyPluginSettings My plugin"
        assert names_of("seat_map", "Where people sit").fill(text) == (
            "seat_map seat-map SEAT_MAP_KEEP SeatMapSettings Where people sit"
        )

    def test_what_was_filled_in_is_not_filled_in_again(self):
        assert names_of("x", "Not my-plugin").fill("My plugin, my_plugin") == "Not my-plugin, x"

    @pytest.mark.parametrize(
        "name",
        ["", "Guestbook", "guest-book", "guest book", "_guest", "guest_", "guest__book", "1guest", "gäste", "../x", "a\nb",
         "guestbook\n", LONGEST + "0"],
    )  # fmt: skip
    def test_a_bad_name_is_refused(self, name):
        with pytest.raises(Invalid, match=f"name: .*{LONGEST_NAME} at most"):
            names_of(name)

    @pytest.mark.parametrize(
        "title", ['Say "hello"', "back\\slash", "two\nlines", "50%", "{braces}", "<b>", "-", "t" * 61]
    )
    def test_a_title_that_could_break_a_file_is_refused(self, title):
        with pytest.raises(Invalid, match="title: "):
            names_of("guestbook", title)


class TestWriting:
    def test_nothing_of_the_template_is_left(self, written):
        for path, file in contents(written("seat_map", "Where people sit")).items():
            assert not re.search("my[ _-]?plugin", path + file.read_text(), re.IGNORECASE), path

    def test_every_file_of_the_template_is_written(self, written):
        ours = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"], cwd=TEMPLATE.resolve(), capture_output=True, text=True, check=True)  # fmt: skip
        wanted = {path.replace("my_plugin", "seat_map") for path in ours.stdout.splitlines()}
        assert set(contents(written("seat_map"))) == wanted
        assert wanted >= {"setup.cfg", ".gitignore", "src/turnout_seat_map/api.py", "src/turnout_seat_map/py.typed"}

    def test_what_was_written_is_told(self, tmp_path):
        assert write(names_of("seat_map"), tmp_path / "new") == sorted(contents(tmp_path / "new"))

    def test_its_metadata_name_it(self, written):
        folder = written("seat_map", "Where people sit")
        cfg = configparser.RawConfigParser()
        cfg.read(folder / "setup.cfg")
        assert cfg["metadata"]["name"] == "turnout-seat-map"
        assert cfg["metadata"]["description"].startswith("Where people sit: ")
        assert cfg["options.entry_points"]["turnout.plugins"].strip() == "seat_map = turnout_seat_map"
        assert tomllib.loads((folder / "pyproject.toml").read_text())["build-system"]
        assert (folder / "README.md").read_text().startswith("# Where people sit\n")

    def test_its_script_can_be_run_and_nothing_else_can(self, written):
        modes = {path: file.stat().st_mode & 0o111 for path, file in contents(written("seat_map")).items()}
        assert [path for path, mode in modes.items() if mode] == ["ci.sh"]

    def test_what_working_on_the_template_leaves_behind_is_left_there(self, tmp_path, monkeypatch):
        template = tmp_path / "template"
        for path in ("src/turnout_my_plugin/api.py", "src/turnout_my_plugin/__pycache__/api.cpython-311.pyc",
                     "src/turnout_my_plugin.egg-info/PKG-INFO", "build/lib/x.py", "dist/x.whl", ".venv/bin/python",
                     ".ruff_cache/x", ".pytest_cache/README.md", "var/secret", ".gitignore"):  # fmt: skip
            (template / path).parent.mkdir(parents=True, exist_ok=True)
            (template / path).write_bytes(b"\xff" if path.endswith(".pyc") else b"")
        monkeypatch.setattr(scaffold, "TEMPLATE", template)
        assert write(names_of("seat_map"), tmp_path / "new") == [".gitignore", "src/turnout_seat_map/api.py"]

    @pytest.mark.parametrize("kind", ["folder", "file", "link"])
    def test_what_is_there_is_not_touched(self, tmp_path, kind):
        there = tmp_path / "there"
        {"folder": there.mkdir, "file": there.touch, "link": lambda: there.symlink_to("nowhere")}[kind]()
        with pytest.raises(Conflict, match="is there already"):
            write(names_of("seat_map"), there)
        assert [path.name for path in tmp_path.rglob("*")] == ["there"]

    def test_folders_above_are_made(self, tmp_path):
        write(names_of("seat_map"), tmp_path / "plugins" / "new" / "seats")
        assert (tmp_path / "plugins" / "new" / "seats" / "setup.cfg").is_file()


@pytest.mark.parametrize(("name", "title"), [(SHORTEST, ""), (LONGEST, "A title " + "long " * 10), ("my_plugin", "")])
def test_what_is_written_is_in_shape_whatever_its_name(written, name, title):
    folder = written(name, title)
    for command in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."], cwd=folder, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())


class TestTaken:
    @pytest.mark.parametrize(
        "name",
        [
            "bookings",
            "webhooks",
            "turnout",
            "server",
            "venues",
            "rsvp",
            "ticket",
            "availability",
            "api",
            "event",
            "events",
            "user",
            "venue",
            "booking",
            "pg",
            "sqlite",
            "alembic",
            "alembic_version",
            "events_search",
        ],
    )
    def test_a_name_that_turnout_itself_has_in_some_way_is_taken(self, workshop, name):
        assert taken_by(name, workshop.application("sqlite").registry)

    @pytest.mark.parametrize("name", ["guestbook", "my_plugin", SHORTEST, LONGEST, "even"])
    def test_any_other_is_free(self, workshop, name):
        assert taken_by(name, workshop.application("sqlite").registry) is None


def test_two_plugins_that_are_written_live_together(written, tmp_path):
    """In a process of its own: what is imported stays."""
    for name in ("guestbook", "seat_map"):
        source = written(name) / "src"
        about = source / f"turnout_{name}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: turnout-{name}\nVersion: 1\n", "utf-8")
        (about / "entry_points.txt").write_text(f"[turnout.plugins]\n{name} = turnout_{name}\n", "utf-8")
    folders = os.pathsep.join(str(tmp_path / name / "src") for name in ("guestbook", "seat_map"))
    code = """
from turnout.api.openapi.document import document
from turnout.plugin.assembly import assemble
registry = assemble({"turnout.plugins": "guestbook seat_map", "turnout.environment": "testing"}).registry
document(registry)
print(*registry.plugins.enabled)
"""
    environment = os.environ | {"PYTHONPATH": folders, "TURNOUT_DATA": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "guestbook seat_map\n", done.stderr
