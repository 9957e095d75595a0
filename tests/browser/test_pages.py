"""Every page: nothing goes wrong, axe finds nothing, in light and dark, on a desk and in a hand."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE

MOST_BYTES = 200_000
MOST_SHIFT = 0.01
SIGHTS = [
    pytest.param(DESKTOP, "light", id="desktop-light"),
    pytest.param(PHONE, "dark", id="phone-dark"),
]


def pages_of(visitor):
    """Give the addresses of all pages that the menu and the first thing of each list lead to."""
    page = visitor.go("/admin")
    lists = [link.get_attribute("href") for link in page.locator("#menu a").all()]
    found = list(dict.fromkeys(lists))
    for address in lists[1:]:
        page.goto(address)
        new = page.locator(f'a[href="{address}/new"]')
        if new.count():
            found.append(f"{address}/new")
        first = page.locator("#results tbody a.fw-medium").first
        if first.count():
            one = first.get_attribute("href")
            found.append(one)
            page.goto(one)
            found += [
                link.get_attribute("href")
                for link in page.locator(".page-header .btn-list a.btn").all()
                if link.get_attribute("href").startswith("/admin/")
            ]
    return list(dict.fromkeys(found))


def name_of(address):
    return (
        re.sub(r"[^a-z0-9]+", "-", re.sub(r"/\d+", "/one", address.removeprefix("/admin")).lower()).strip("-")
        or "dashboard"
    )


@pytest.mark.parametrize(("size", "colours"), SIGHTS)
def test_every_page_is_good_to_everybody(visit, size, colours):
    visitor = visit(viewport=size, color_scheme=colours)
    visitor.page.goto("/admin/sign-in")
    found = visitor.check()
    visitor.picture(f"sign-in-{'phone' if size is PHONE else 'desktop'}-{colours}")
    visitor.sign_in("admin", "admin")
    addresses = pages_of(visitor)
    assert len(addresses) > 20
    for address in addresses:
        visitor.go(address)
        found += visitor.check()
        if visitor.page.get_by_text("could not be shown").count():
            found.append(f"{address} has a panel that failed")
        shifted = visitor.shifted()
        if shifted > MOST_SHIFT:
            found.append(f"{address} moves by {shifted}")
        wide = visitor.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"{address} is {wide} pixels too wide")
        visitor.picture(f"{name_of(address)}-{'phone' if size is PHONE else 'desktop'}-{colours}")
    assert not found, "\n".join(found)


def refused(page):
    page.goto("/admin/events/new")
    page.evaluate("() => document.querySelectorAll('[required]').forEach((one) => { one.required = false; })")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Title is required").first).to_be_visible()


def to_confirm(page):
    page.goto("/admin/events")
    page.locator("#results tbody input[name=ids]").first.check()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_label("To confirm, type")).to_be_visible()


def secret(page):
    page.goto("/admin/api-tokens/new")
    page.get_by_label("Name", exact=True).fill("Shop")
    page.locator("select[name=scopes]").evaluate("(select) => select.tomselect.addItem('bookings:read')")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Secret")).to_be_visible()


def not_there(page):
    page.goto("/admin/events/999999")
    expect(page.get_by_text("404")).to_be_visible()


@pytest.mark.parametrize(("size", "colours"), SIGHTS)
def test_what_no_menu_leads_to_is_good_to_everybody_too(visit, size, colours):
    visitor = visit(viewport=size, color_scheme=colours)
    visitor.expect(400, 404)
    visitor.sign_in("admin", "admin")
    found = []
    for lead in (refused, to_confirm, secret, not_there):
        lead(visitor.page)
        found += visitor.check()
    organizer = visit(viewport=size, color_scheme=colours)
    organizer.sign_in("harbour", "demo")
    found += organizer.check()
    assert not found, "\n".join(found)


def test_a_first_visit_to_any_list_is_light(visit):
    lists = [address for address in pages_of_menu(visit) if address != "/admin"]
    heavy = []
    visitor = visit()
    visitor.sign_in("admin", "admin")
    for address in lists:
        weighed = weigh(visitor, address)
        if weighed > MOST_BYTES:
            heavy.append((address, weighed))
    assert heavy == []


def pages_of_menu(visit):
    visitor = visit()
    visitor.sign_in("admin", "admin")
    return [link.get_attribute("href") for link in visitor.page.locator("#menu a").all()]


def weigh(visitor, address):
    """Return the bytes that come over the line for a page when the browser has kept nothing."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visitor.go(address)
    return sum(sizes)
