"""An organizer finds events elsewhere and imports them, one by one and out of a file, in a real browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.watching import Visitor

from turnout.testing.live import Live

FakeTicketmaster = pytest.importorskip("turnout_ticketmaster.fake").FakeTicketmaster
PATIENCE = 60_000
"""Milliseconds that background work may take on a busy machine."""
PLUGINS = "external_events ticketmaster seatgeek"


@pytest.fixture(scope="module")
def agency(workshop, tmp_path_factory):
    """Start a server that can ask a Ticketmaster which sells nothing, and no SeatGeek, for want of a key."""
    url = workshop.fresh("postgresql", plugins=PLUGINS)
    with FakeTicketmaster() as ticketmaster:
        settings = {"turnout.plugins": PLUGINS, "admin.timezone": "America/Los_Angeles"}
        server = Live(url, tmp_path_factory.mktemp("agency"), settings | ticketmaster.settings())
        server.ticketmaster = ticketmaster
        try:
            server.run("demo", "load")
            server.start()
            yield server
        finally:
            server.stop()
            workshop.databases("postgresql").drop(url)


@pytest.fixture
def visit_agency(chromium, agency):
    """Return a function that opens a browser window; at the end, nothing may have gone wrong in any."""
    visitors = []

    def visit(username="harbour", password="demo", **options):
        context = chromium.new_context(base_url=f"http://127.0.0.1:{agency.port}", **({"viewport": DESKTOP} | options))
        visitors.append(Visitor(context))
        visitors[-1].sign_in(username, password)
        return visitors[-1]

    yield visit
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    for visitor in visitors:
        visitor.context.close()
    assert troubles == []


def good(visitor, name):
    """Look at a page on a desk and in a hand: axe finds nothing, and nothing is wider than the window."""
    found = []
    for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        visitor.page.set_viewport_size(viewport)
        found += visitor.check()
        wide = visitor.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        found += [f"{name} is {wide} pixels too wide"] if wide > 0 else []
        visitor.picture(f"elsewhere-{name}-{size}")
    visitor.page.set_viewport_size(DESKTOP)
    assert found == []


def look_for(page, words):
    page.goto("/admin/find-elsewhere")
    page.get_by_label("Words", exact=True).fill(words)
    page.get_by_role("button", name="Search", exact=True).click()
    return page


def test_an_event_is_found_elsewhere_and_imported(visit_agency):
    visitor = visit_agency()
    page = visitor.go("/admin/find-elsewhere")
    expect(page.get_by_role("region", name="Sources").first).to_contain_text(re.compile("SeatGeek\\s*not set up"))
    good(visitor, "find-empty")
    look_for(page, "Lantern")
    row = page.get_by_role("row").filter(has_text="Lantern Parade").first
    expect(row).to_contain_text("Sacramento")
    good(visitor, "find")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Import those chosen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 chosen event")
    expect(page.locator("#thing")).to_contain_text("1 of 1", timeout=PATIENCE)
    expect(page.locator("#thing")).to_contain_text("done", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    good(visitor, "run")
    page.get_by_role("link", name="See them").click()
    good(visitor, "imported-events")
    page.get_by_role("link", name="Lantern Parade").first.click()
    good(visitor, "imported-event")
    page.locator("dd").get_by_role("link", name="Lantern Parade").click()
    expect(page.get_by_role("region", name="From elsewhere")).to_contain_text("Ticketmaster")
    good(visitor, "event")
    look_for(page, "Lantern")
    expect(page.get_by_role("row").filter(has_text="Lantern Parade").first).to_contain_text("already here")


def test_everything_that_a_search_finds_is_imported_while_one_looks(visit_agency):
    visitor = visit_agency()
    page = visitor.go("/admin/find-elsewhere")
    page.get_by_label("City").fill("Chicago")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Save this search").click()
    expect(page.get_by_label("City")).to_have_value("Chicago")
    good(visitor, "saved-search-form")
    page.go_back()
    page.get_by_role("button", name="Import everything from Ticketmaster").click()
    expect(page.locator("#thing")).to_contain_text("done", timeout=PATIENCE)
    total = re.search(r"([\d,]+) of ([\d,]+)", page.locator("#thing").inner_text())
    assert total[1] == total[2]
    visitor.go("/admin/imports")
    good(visitor, "imports")
    visitor.go("/admin/not-imported")
    good(visitor, "not-imported")


def test_without_scripts_it_goes_the_same_way(visit_agency):
    visitor = visit_agency(java_script_enabled=False)
    page = look_for(visitor.page, "")
    page.get_by_role("button", name="Import all on this page").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("chosen event")
    expect(page.locator("#thing")).to_contain_text("done", timeout=PATIENCE)


def test_a_table_is_imported(visit_agency, tmp_path):
    day = datetime.now(UTC).date() + timedelta(days=40)
    table = tmp_path / "summer.csv"
    rows = [
        "Event;Datum;Uhrzeit;Ort;Plätze;Kostet",
        f"Chess in the park;{day:%d.%m.%Y};10:00;Porto;30;0",
        "Nowhen;soon;;Porto;;",
    ]
    table.write_text("\n".join(rows), "utf-8")
    visitor = visit_agency()
    page = visitor.go("/admin/import-file")
    good(visitor, "file")
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload, and look at it").click()
    preview = page.get_by_role("region", name="What it would become").first
    # Places are not sold at a price that nobody has said.
    expect(preview).to_contain_text("No event in it can be imported")
    expect(page.locator("main")).to_contain_text("Line 2")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Event")
    expect(page.get_by_label("Places for sale here")).to_have_value("Plätze")
    page.get_by_label("Price", exact=True).select_option("Kostet")
    good(visitor, "preview")
    page.get_by_role("button", name="Preview again").click()
    expect(preview).to_contain_text("Chess in the park")
    expect(preview).to_contain_text("30 places")
    expect(page.locator("main")).to_contain_text("Line 3")
    good(visitor, "preview-again")
    page.get_by_role("button", name="Import 1 event").click()
    expect(page.locator("#thing")).to_contain_text("done", timeout=PATIENCE)
    expect(page.locator("main")).to_contain_text("Line 3")
    good(visitor, "file-imported")


def test_what_was_changed_by_hand_is_taken_over_from_the_source_again(visit_agency, agency):
    visitor = visit_agency("admin", "admin")
    found = agency.client.post("/auth/login", json={"username": "admin", "password": "admin"}).raise_for_status().json()
    token = {"Authorization": f"Bearer {found['access_token']}"}
    wanted = {"provider": "ticketmaster", "location": "Phoenix"}
    elsewhere = agency.client.get("/external-events", params=wanted, headers=token).raise_for_status().json()["results"]
    path = f"/external-events/ticketmaster/{elsewhere[0]['external_id']}/import"
    event_id = agency.client.post(path, json={}, headers=token).raise_for_status().json()["id"]
    page = visitor.go(f"/admin/events/{event_id}/edit")
    page.get_by_label("Title", exact=True).fill("With us, and twice as loud")
    page.get_by_role("button", name="Save").click()
    page.goto(f"/admin/imported-events/{event_id}")
    expect(page.get_by_role("region", name="Here, and at the source").first).to_contain_text("differs")
    good(visitor, "differs")
    page.get_by_role("link", name="Take over from the source").click()
    good(visitor, "take-over")
    page.get_by_role("button", name="Take over from the source").click()
    expect(page.get_by_role("status")).to_contain_text("what its source says")
