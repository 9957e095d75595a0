"""A day at the box office, from sign-in to sign-out, in a real browser."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

SOON = datetime.now().replace(second=0, microsecond=0) + timedelta(days=40)  # noqa: DTZ005 - as somebody types it


def local(moment):
    return moment.strftime("%Y-%m-%dT%H:%M")


def pick(page, label, typed, wanted):
    """Choose something in a picker that searches while one types."""
    page.get_by_role("combobox", name=label).click()
    with page.expect_response(re.compile(rf"search={re.escape(typed)}$")):
        page.keyboard.type(typed)
    # Until then the list is drawn anew, and what is clicked may be gone.
    expect(page.locator(".ts-wrapper.loading")).to_have_count(0)
    page.get_by_role("option", name=wanted).first.click()


def add_ticket_type(page, place, name, price, capacity=""):
    if place:
        page.get_by_role("button", name="Add ticket type").click()
    entry = page.locator("[data-sequence=ticket_types] [data-item]").nth(place)
    entry.get_by_label("Name", exact=True).fill(name)
    entry.get_by_label("Price", exact=True).fill(price)
    entry.get_by_label("Capacity", exact=True).fill(capacity)


@pytest.fixture
def event(admin):
    """Make an event with three ticket types by the form, and publish it."""
    page = admin.go("/admin/events")
    page.get_by_role("link", name="New event").click()
    page.get_by_label("Title", exact=True).fill("Lantern walk")
    page.get_by_label("Starts at", exact=True).fill(local(SOON))
    page.get_by_label("Ends at", exact=True).fill(local(SOON + timedelta(hours=2)))
    pick(page, "Venue", "Harbour", "Harbour Hall")
    if not page.locator("[data-sequence=ticket_types] [data-item]").count():
        page.get_by_role("button", name="Add ticket type").click()
    add_ticket_type(page, 0, "Adults", "12.50")
    add_ticket_type(page, 1, "Children", "4", "30")
    add_ticket_type(page, 2, "Friends of the hall", "0", "10")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Lantern walk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lantern walk")
    for name in ("Adults", "Children", "Friends of the hall"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".facts")).to_contain_text("published")
    return page.url


def book(page, event, name="Ada", email="ada.walker@example.com"):
    """Make an attendee and book for them at the box office; return the booking's page."""
    page.goto("/admin/attendees/new")
    page.get_by_label("First name", exact=True).fill(name)
    page.get_by_label("Last name", exact=True).fill("Walker")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.goto(event)
    page.get_by_role("link", name="Book for somebody").click()
    ticket_type = page.get_by_label("Ticket type")
    ticket_type.select_option(ticket_type.get_by_text("Adults").get_attribute("value"))
    page.get_by_label("Quantity", exact=True).fill("2")
    pick(page, "Attendee", email[:8], re.compile("Walker"))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_be_visible()
    return page.url


def test_an_event_is_made_booked_changed_exported_and_cancelled(admin, event):
    page = admin.page
    booking = book(page, event)
    code = page.get_by_role("heading", level=1).inner_text().split()[-1]
    expect(page.locator(".facts")).to_contain_text("confirmed")
    page.goto(event)
    expect(page.locator("main")).to_contain_text("2 of")
    page.goto("/admin/bookings")
    page.get_by_label("Search", exact=True).fill(code)
    expect(page.locator("#results tbody tr")).to_have_count(1)
    with page.expect_download() as sheet:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.reader(io.StringIO(sheet.value.path().read_text("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [code]
    page.goto(booking)
    page.get_by_role("link", name=re.compile("^Cancel")).click()
    expect(page.locator("main")).to_contain_text("This is what will happen")
    page.get_by_label(re.compile("To confirm")).fill("something else")
    admin.expect(400)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("type exactly")
    page.get_by_label(re.compile("To confirm")).fill(page.locator("label[for=confirmation] strong").inner_text())
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".facts")).to_contain_text("cancelled")
    page.goto(event)
    page.get_by_role("link", name=re.compile("^Cancel")).click()
    page.get_by_label(re.compile("To confirm")).fill("Lantern walk")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".facts")).to_contain_text("cancelled")
    page.goto("/admin/audit")
    expect(page.locator("#results")).to_contain_text("Lantern walk")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/events")
    expect(page).to_have_url(re.compile("/admin/sign-in"))


def test_the_form_says_what_is_wrong_where_it_is(admin):
    page = admin.go("/admin/events/new")
    page.get_by_label("Title", exact=True).fill("Backwards")
    page.get_by_label("Starts at", exact=True).fill(local(SOON))
    page.get_by_label("Ends at", exact=True).fill(local(SOON - timedelta(hours=2)))
    admin.expect(400)
    page.get_by_role("button", name="Save").click()
    wrong = page.get_by_label("Ends at", exact=True)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#{wrong.get_attribute('aria-describedby').split()[0]}")).to_contain_text("must not be before")
    expect(page.locator("[data-focus]")).to_be_focused()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Backwards")
    assert admin.check() == []


def test_the_keyboard_reaches_everything(admin):
    page = admin.go("/admin/venues")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate("() => (document.activeElement.textContent || document.activeElement.name || '').trim()")
        )
    assert {"New venue", "CSV", "Excel"} <= {text.split("\n")[0].strip() for text in seen}


def test_an_organizer_sees_their_own_and_nobody_else_s(visit):
    visitor = visit()
    visitor.sign_in("harbour", "demo")
    page = visitor.go("/admin/events")
    own = page.locator("#results tbody a.fw-medium").first.get_attribute("href")
    assert page.locator("#results").get_by_text("tannery").count() == 0
    staff = visit()
    staff.sign_in("admin", "admin")
    staff.go("/admin/events?page_size=100")
    every = {link.get_attribute("href") for link in staff.page.locator("#results tbody a.fw-medium").all()}
    page.goto("/admin/events?page_size=100")
    mine = {link.get_attribute("href") for link in page.locator("#results tbody a.fw-medium").all()}
    assert own in mine
    assert mine < every
    visitor.expect(403, 404)
    for path in (
        min(every - mine),
        f"{min(every - mine)}/edit",
        "/admin/users",
        "/admin/jobs",
        "/admin/audit",
        "/admin/plugins",
    ):
        assert page.goto(path).status in {403, 404}, path


def test_without_javascript_everything_can_be_done(visit):
    visitor = visit(java_script_enabled=False)
    visitor.sign_in("admin", "admin")
    page = visitor.go("/admin/events/new")
    page.get_by_label("Title", exact=True).fill("Without scripts")
    page.get_by_label("Starts at", exact=True).fill(local(SOON))
    page.get_by_label("Ends at", exact=True).fill(local(SOON + timedelta(hours=1)))
    page.get_by_role("button", name="Add ticket type").click()
    entry = page.locator("[data-item]").nth(1)  # the first is there already
    entry.get_by_label("Name", exact=True).fill("Everybody")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Without scripts")
    page.get_by_label("Venue").select_option(label="Harbour Hall")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Without scripts")
    page.goto("/admin/venues")
    page.get_by_label("Search", exact=True).fill("Harbour")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
