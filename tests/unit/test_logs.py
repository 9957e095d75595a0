"""Logs: JSON in production, readable in development, and the request's id in both."""

import json
import re
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
import structlog
from pyramid.config import Configurator

config = Configurator(settings={"turnout.environment": "testing", "log.format": sys.argv[1], "log.level": sys.argv[2]})
config.include("turnout.settings")
config.include("turnout.logs")
structlog.contextvars.bind_contextvars(request_id="abc")
log = structlog.get_logger()
log.info("quiet")
try:
    raise RuntimeError("broken")
except RuntimeError as error:
    log.error("unexpected error", exc_info=error)
logging.getLogger("library").warning("from a library")
"""


@pytest.fixture
def lines(tmp_path):
    def run(form, level):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, form, level],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        assert done.stdout == ""
        return done.stderr.splitlines()

    return run


def test_json_has_a_line_for_each_thing_that_happened(lines):
    quiet, error, library = (json.loads(line) for line in lines("json", "info"))
    assert (quiet["event"], quiet["level"], quiet["request_id"]) == ("quiet", "info", "abc")
    assert (error["event"], error["request_id"]) == ("unexpected error", "abc")
    assert "RuntimeError" in str(error["exception"])
    assert (library["event"], library["level"], library["request_id"]) == ("from a library", "warning", "abc")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", library["timestamp"])


def test_text_can_be_read(lines):
    text = "\n".join(lines("text", "info"))
    assert "quiet" in text
    assert "request_id=abc" in text
    assert "RuntimeError: broken" in text


def test_a_level_leaves_out_what_is_below(lines):
    assert [json.loads(line)["event"] for line in lines("json", "error")] == ["unexpected error"]
