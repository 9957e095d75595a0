"""The documentation in a browser: everything from files of ours, under a strict policy."""

import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest


class Page(HTMLParser):
    """Notes what a page loads, and what it brings along inline."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href", "data-openapi") if name in given]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self._inside = tag

    def handle_data(self, data):
        if self._inside in {"script", "style"} and data.strip():
            self.inline.append(data)


PAGES = ["/docs", "/redoc"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_only_files_of_ours_and_has_nothing_inline(world, path):
    response = world.api.get(path)
    assert response.content_type == "text/html"
    assert re.search(r"<title>Turnout API: [\w ]+</title>", response.text)
    page = Page(response.text)
    assert page.inline == []
    assert len(page.addresses) >= 4
    for address in page.addresses:
        assert address.startswith("/api/v1/"), address
        assert world.api.get(address).body


@pytest.mark.parametrize("path", PAGES)
def test_no_page_may_run_scripts_that_are_not_ours(world, path):
    policy = world.api.get(path).headers["Content-Security-Policy"]
    directives = dict(entry.strip().split(" ", 1) for entry in policy.split(";"))
    assert directives.get("script-src", directives["default-src"]) == "'self'"
    assert directives.get("connect-src", directives["default-src"]) == "'self'"
    assert "http" not in policy


def test_only_redoc_may_have_inline_styles(world):
    assert "unsafe" not in world.api.get("/docs").headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in world.api.get("/redoc").headers["Content-Security-Policy"]


def test_a_page_is_found_where_people_look_for_it(world):
    assert world.api.browser.get("/docs").text == world.api.get("/docs").text
    assert world.api.browser.get("/", status=302).location.endswith("/api/v1/docs")


def test_a_page_works_below_another_path(world):
    response = world.api.browser.get("/api/v1/docs", extra_environ={"SCRIPT_NAME": "/tickets"})
    assert all(address.startswith("/tickets/api/v1/") for address in Page(response.text).addresses)


def test_files_may_be_kept_for_long_because_their_addresses_change_with_them(world):
    for address in Page(world.api.get("/docs").text).addresses:
        if "/static/" in address:
            assert re.search(r"\?v=[0-9a-f]{8}$", address)
            assert world.api.get(address).headers["Cache-Control"] == "max-age=31536000"


def test_there_is_no_other_file(world):
    problem = world.api.get("/static/nothing.js", status=404).json
    assert problem["code"] == "not_found"
    world.api.get("/static/../docs.py", status=404)


def test_what_others_wrote_comes_with_its_licence_and_origin():
    packages = [entry for entry in (files("turnout.api") / "static" / "vendor").iterdir() if entry.is_dir()]
    assert packages
    for package in packages:
        name, _, version = package.name.rpartition("-")
        assert (package / "LICENSE").is_file(), package.name
        readme = (package / "README.md").read_text()
        assert f"{name} {version}, from the npm registry" in readme


def test_vendored_scripts_load_nothing_from_elsewhere_by_themselves():
    vendor = files("turnout.api") / "static" / "vendor"
    assert "cdn.redoc.ly" not in (vendor / "redoc-2.5.4" / "redoc.standalone.js").read_text()
