"""`turnout plugin new`, where Turnout is installed as a wheel: what it writes passes its own tests at once."""

import os
import zipfile

import pytest
from tests.environments import ROOT, install, make_environment, run

from turnout.testing.databases import URL_VARIABLE

pytestmark = pytest.mark.xdist_group("wheel")

TEMPLATE = "turnout/plugin/template/"


def test_the_wheel_has_the_template_and_nothing_that_work_on_it_left_behind(turnout_wheel):
    """What git would keep of the folder is what is in the wheel, and its script can be run."""
    listed = run(
        "git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "plugins/template"
    )
    with zipfile.ZipFile(turnout_wheel) as wheel:
        packed = {
            entry.filename.removeprefix(TEMPLATE): entry.external_attr >> 16 & 0o111
            for entry in wheel.infolist()
            if entry.filename.startswith(TEMPLATE)
        }
    assert set(packed) == {path.removeprefix("plugins/template/") for path in listed.splitlines()}
    assert [path for path, mode in packed.items() if mode] == ["ci.sh"]


def test_a_new_plugin_passes_its_own_tests_at_once(turnout_wheel, tmp_path):
    """By its own CI script, which asks for style and types, too."""
    folder = tmp_path / "seat-map"
    bin_folder = make_environment(tmp_path / "venv", turnout_wheel, requirements=ROOT / "requirements-test.lock")
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "CI", URL_VARIABLE) if name in os.environ}
    environment = kept | {"PATH": f"{bin_folder}:{os.environ['PATH']}"}
    run("turnout", "plugin", "new", "seat_map", "--into", folder, cwd=tmp_path, env=environment)
    install(bin_folder, "--no-deps", "--no-build-isolation", "-e", folder)
    assert " passed" in run("./ci.sh", cwd=folder, env=environment)
