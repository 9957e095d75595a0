"""A real browser: Debian's Chromium, driven by Playwright, against a server with the demo."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from tests.browser.watching import Visitor

from turnout.testing.live import Live

ARGUMENTS = (
    "--no-sandbox",  # as root, in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def pytest_collection_modifyitems(items):
    """Keep one server and one browser for all of them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium():
    """Start the browser; where there is none, the tests are skipped, but not under CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        wanting = pytest.fail if os.environ.get("CI", "").lower() in {"1", "true"} else pytest.skip
        wanting("These tests need Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(workshop, tmp_path_factory):
    """Start a server with the demo, which all tests of the browser share."""
    url = workshop.fresh("postgresql", plugins="reviews")
    server = Live(url, tmp_path_factory.mktemp("site"), {"turnout.plugins": "reviews"})
    try:
        server.run("demo", "load")
        server.start()
        yield server
    finally:
        server.stop()
        workshop.databases("postgresql").drop(url)


@pytest.fixture
def visit(chromium, site):
    """Return a function that opens a browser window of its own; at the end, nothing may have gone wrong in any."""
    visitors = []

    def visit(**options):
        visitor = Visitor(
            chromium.new_context(base_url=f"http://127.0.0.1:{site.port}", **({"viewport": DESKTOP} | options))
        )
        visitors.append(visitor)
        return visitor

    yield visit
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    for visitor in visitors:
        visitor.context.close()
    assert troubles == []


@pytest.fixture
def admin(visit):
    """Open a window in which the demo's administrator has signed in."""
    visitor = visit()
    visitor.sign_in("admin", "admin")
    return visitor
