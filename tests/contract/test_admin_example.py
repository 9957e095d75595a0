"""`docs/plugins/admin.md`: the plugin on the page is written, started and tested as the page says."""

import re

import pytest
from tests.environments import ROOT
from tests.plugins_on_disk import Shelf

from turnout.db import Base
from turnout.testing.applications import Application
from turnout.testing.browsers import Browser
from turnout.testing.factories import Make

PAGE = (ROOT / "docs" / "plugins" / "admin.md").read_text("utf-8")
FILES = dict(re.findall(r"`turnout_lost/(\w+)\.py`.*?\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
[TEST] = re.findall(r"^## A test\n.*?\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TESTS = re.findall(r"^def (test_\w+)", TEST, re.MULTILINE)


def test_the_page_has_a_whole_plugin():
    assert set(FILES) == {"models", "schemas", "services", "admin", "__init__"}
    assert len(TESTS) == 2


@pytest.fixture
def connection(workshop, tmp_path):
    with Shelf(tmp_path / "shelf") as shelf:
        shelf.package("turnout_lost", FILES["__init__"], **{name: FILES[name] for name in FILES if name != "__init__"})
        shelf.distribution("turnout-lost", {"lost": "turnout_lost"})
        application = Application(workshop.fresh("sqlite"), tmp_path, None, **{"turnout.plugins": "lost"})
        with application.rolled_back() as connection:
            own = [table for name, table in Base.metadata.tables.items() if name.startswith("lost_")]
            Base.metadata.create_all(connection, own)
            yield application, connection
        application.close()


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_of_the_page_pass(connection, name):
    from sqlalchemy.orm import Session

    application, opened = connection
    names = {}
    exec(compile(TEST, "docs/plugins/admin.md", "exec"), names)
    with Session(opened, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        names[name](Browser(application, session), Make(session, application.registry.clock))
