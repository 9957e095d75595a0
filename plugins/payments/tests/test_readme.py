"""The README: the provider on the page is written down and passes its suite."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
FILES = dict(re.findall(r"^`((?:turnout_acme|tests)/\w+\.py)`\..*?\n```python\n(.*?)^```$", README, re.M | re.S))
METADATA = {"METADATA": "Metadata-Version: 2.1\nName: turnout-acme\nVersion: 1\n", "top_level.txt": "turnout_acme\n"}
ENTRY_POINTS = "[turnout.plugins]\nacme = turnout_acme\n"
CONFIG = "[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\nmarkers =\n    postgresql: needs a server\n"


@pytest.mark.slow
def test_the_provider_of_the_page_passes_its_suite(tmp_path):
    said = {f"turnout_acme-1.dist-info/{name}": text for name, text in METADATA.items()}
    said |= {"turnout_acme-1.dist-info/entry_points.txt": ENTRY_POINTS, "pytest.ini": CONFIG}
    for name, text in (FILES | said).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not postgresql", "tests"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed > 100
