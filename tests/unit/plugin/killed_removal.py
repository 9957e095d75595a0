"""Removes a plugin again and again, and is killed at another line of the removal each time: run by `test_removal`.

Prints how often it was killed.
"""

import itertools
import json
import os
import signal
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from sqlalchemy import insert, inspect, text  # noqa: E402

URL, DATA, SHELF = sys.argv[1:]
sys.path.insert(0, SHELF)
os.environ |= {"TURNOUT_DATABASE_URL": URL, "TURNOUT_DATA": DATA, "TURNOUT_PLUGINS": ""}

from turnout import migrate  # noqa: E402
from turnout.cli import cli  # noqa: E402
from turnout.clock import Clock  # noqa: E402
from turnout.db import make_engine  # noqa: E402
from turnout.outbox.models import Job  # noqa: E402
from turnout.plugin import export, removal  # noqa: E402
from turnout.plugin.discovery import find, installed, load  # noqa: E402

FILES = {removal.__file__, export.__file__, migrate.__file__}
EVERY = 61
LINE = migrate.line_of(load(find("alpha", installed())))
EXPORTS = Path(DATA) / "exports"


def prepare():
    """Bring everything back that a removal takes away."""
    engine = make_engine(URL)
    migrate.bring_up(engine, LINE)
    with engine.begin() as connection:
        now = Clock().now()
        job = {
            "queue": "default",
            "payload": "{}",
            "due_at": now,
            "created_at": now,
            "handler": "turnout_alpha.tasks.one",
        }
        connection.execute(insert(Job).values(job))
    engine.dispose()


def remove(dying_at=None):
    """Run the command in a process of its own; tell whether it was killed."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if dying_at is not None:
            removal.Removal.__init__ = dying(removal.Removal.__init__, dying_at)
        cli(["plugin", "remove", "alpha", "--yes"], standalone_mode=False)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def dying(begin, line):
    """Return `begin`, from which on the lines are counted."""

    def counted(*arguments):
        sys.settrace(killer(line))
        begin(*arguments)

    return counted


def killer(line):
    """Return a trace function that kills this process when so many lines of the removal have run."""
    counter = itertools.count(1)

    def count(_frame, what, _argument):
        if what == "line" and next(counter) == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    return lambda frame, _what, _argument: count if frame.f_code.co_filename in FILES else None


def check(exports_before):
    """See that nothing is left, and that the last export is whole."""
    engine = make_engine(URL)
    names = inspect(engine).get_table_names()
    assert not [name for name in names if "alpha" in name], names
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM jobs WHERE handler LIKE '%alpha%'")) == 0
    engine.dispose()
    exports = set(EXPORTS.iterdir()) - exports_before
    whole = [folder for folder in exports if (folder / export.MANIFEST).exists()]
    assert whole
    for folder in whole:
        assert json.loads((folder / export.MANIFEST).read_text())["tables"]["alpha_things"]["rows"] == 1
        assert "made by the migration" in (folder / "alpha_things.jsonl").read_text()


kills = 0
for dying_at in itertools.count(5, EVERY):
    exports_before = set(EXPORTS.iterdir()) if EXPORTS.exists() else set()
    prepare()
    if not remove(dying_at):
        break
    kills += 1
    assert not remove()
    check(exports_before)
print(kills)  # noqa: T201
