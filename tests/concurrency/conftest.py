"""Houses: a database with several server processes on it."""

import pytest
from tests.concurrency.crowd import House

from turnout.testing.databases import KINDS
from turnout.testing.live import Live


@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=[pytest.mark.postgresql] * (kind == "postgresql")) for kind in KINDS],
)
def house(request, workshop, tmp_path_factory):
    """Open a house for all the tests of a module, with as many server processes as its `PROCESSES` says.

    They have the module's `SETTINGS`, if it has any.
    """
    url = workshop.fresh(request.param)
    first = Live(url, tmp_path_factory.mktemp("house"), getattr(request.module, "SETTINGS", None))
    try:
        first.start()
        house = House([first, *(first.another() for _ in range(request.module.PROCESSES - 1))])
        yield house
        house.close()
    finally:
        first.stop()
    workshop.databases(request.param).drop(url)
