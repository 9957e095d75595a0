"""An evening at the door: a hand scanner, a camera and a list, on a desk and on a phone."""

import re
import shutil
from collections import defaultdict

import pytest
import segno
from PIL import Image
from playwright.sync_api import expect
from tests.browser.conftest import ARGUMENTS, DESKTOP, PHONE
from tests.browser.watching import Visitor

SIZE = (640, 480)


def scan(page, code):
    """Type a code as a hand scanner does: at once, wherever the focus is, with Enter at the end."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def answered(page, colour, words):
    expect(page.locator(f"#answer .answer-{colour}")).to_contain_text(words)


def count(page):
    return int(page.locator(".door-count strong").inner_text())


class Evening:
    """The demo's event with the most tickets: where its door is, and codes of guests who are not in yet."""

    def __init__(self, page):
        self.page = page
        found = page.request.get("/api/v1/bookings?status=confirmed&page_size=100").json()["results"]
        by_event = defaultdict(list)
        for booking in found:
            by_event[booking["event_id"]] += booking["tickets"]
        is_on = {one: page.request.get(f"/api/v1/events/{one}").json()["status"] == "published" for one in by_event}
        event = max((one for one in by_event if is_on[one]), key=lambda one: len(by_event[one]))
        self.path = f"/admin/events/{event}/door"
        self.codes = [one["secret"] for one in by_event[event] if one["checked_in_at"] is None]


@pytest.fixture
def evening(admin):
    return Evening(admin.page)


def test_a_hand_scanner_lets_each_ticket_in_once(admin, evening):
    page = admin.go(evening.path)
    assert admin.check() == []
    expect(page.get_by_label("Ticket code")).to_be_focused()
    before = count(page)
    first, second, third, *_ = evening.codes
    scan(page, first)
    answered(page, "green", "Welcome, ")
    name = re.match(r"Welcome, (.*): ", page.locator(".answer-title").inner_text())[1]
    expect(page.locator(".door-count strong")).to_have_text(str(before + 1))
    assert admin.check() == []
    scan(page, first)
    answered(page, "red", "Already in since ")
    answered(page, "red", name)
    assert admin.check() == []
    scan(page, "no-ticket-of-anybody-2026")
    answered(page, "red", "Unknown ticket")
    page.get_by_role("switch", name="Sound").check()
    scan(page, second)  # two, quicker than the answers
    scan(page, third)
    expect(page.locator(".door-count strong")).to_have_text(str(before + 3))
    answered(page, "green", "Welcome, ")
    expect(page.get_by_label("Ticket code")).to_be_focused()
    expect(page.get_by_label("Ticket code")).to_have_value("")
    assert page.url.endswith(evening.path)
    assert admin.shifted() < 0.01


def test_guests_are_found_let_in_and_that_is_undone(visit):
    visitor = visit(viewport=PHONE, color_scheme="dark")
    visitor.sign_in("admin", "admin")
    page = visitor.go(Evening(visitor.page).path)
    before = count(page)
    row = page.locator("#people tbody tr").filter(has=page.get_by_role("button", name=re.compile("^Let in"))).first
    name, code = row.locator("bdi").inner_text(), row.get_by_role("link").inner_text()
    page.get_by_label("Search").fill("nobody at all")
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    page.get_by_label("Search").fill(code)
    expect(page.locator("#people tbody tr").first).to_contain_text(code)
    let_in = page.get_by_role("button", name=f"Let in {name}")
    waiting = let_in.count()
    let_in.first.click()
    answered(page, "green", f"Welcome, {name}")
    expect(page.locator("#answer")).to_be_in_viewport()
    expect(let_in).to_have_count(waiting - 1)
    expect(page.locator(".door-count strong")).to_have_text(str(before + 1))
    assert set(page.locator("#people tbody a").all_inner_texts()) == {code}, "the search stays"
    assert visitor.check() == []
    page.get_by_role("button", name=f"Undo: {name}").first.click()
    answered(page, "plain", f"{name} is not in")
    expect(let_in).to_have_count(waiting)
    assert count(page) == before
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_without_javascript_it_is_a_form(visit):
    visitor = visit(java_script_enabled=False)
    visitor.sign_in("admin", "admin")
    evening = Evening(visitor.page)
    page = visitor.go(evening.path)
    expect(page.get_by_role("button", name="Use the camera")).to_be_hidden()
    scan(page, evening.codes[0])
    answered(page, "green", "Welcome, ")
    scan(page, evening.codes[0])
    answered(page, "red", "Already in since ")


def test_without_an_answer_it_says_so(admin, evening):
    page = admin.go(evening.path)
    admin.context.clear_cookies(name="turnout_session")
    scan(page, evening.codes[0])
    answered(page, "red", "No answer")
    assert admin.check() == []


def film(path, code):
    """Write a film in which somebody holds a ticket before a camera."""
    matrix = [[0 if dark else 255 for dark in row] for row in segno.make_qr(code, error="m").matrix_iter(border=4)]
    picture = Image.new("L", (len(matrix), len(matrix)))
    picture.putdata([value for row in matrix for value in row])
    frame = Image.new("L", SIZE, 160)
    frame.paste(picture.resize((320, 320), Image.Resampling.NEAREST), (160, 80))
    grey = bytes([128]) * (SIZE[0] * SIZE[1] // 2)
    path.write_bytes(b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420\n" % SIZE + (b"FRAME\n" + frame.tobytes() + grey) * 2)


@pytest.fixture
def with_camera(chromium, site, tmp_path):
    """Return a function that opens a browser with a camera, which sees a code; None: it has none."""
    browsers = []

    def with_camera(code, cookies):
        switches = ["--use-fake-ui-for-media-stream"]
        if code is not None:
            film(tmp_path / "ticket.y4m", code)
            switches += [
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={tmp_path / 'ticket.y4m'}",
            ]
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = chromium.browser_type.launch(executable_path=program, args=[*ARGUMENTS, *switches])
        browsers.append(browser)
        visitor = Visitor(browser.new_context(base_url=f"http://127.0.0.1:{site.port}", viewport=DESKTOP))
        visitor.context.add_cookies(cookies)
        return visitor

    yield with_camera
    for browser in browsers:
        browser.close()


def test_a_camera_reads_a_ticket_once(admin, evening, with_camera):
    visitor = with_camera(evening.codes[0], admin.context.cookies())
    page = visitor.go(evening.path)
    before = count(page)
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.get_by_role("button", name="Use the camera").click()
    answered(page, "green", "Welcome, ")
    expect(page.get_by_label("What the camera sees")).to_be_visible()
    expect(page.locator(".door-count strong")).to_have_text(str(before + 1))
    page.wait_for_timeout(1500)
    assert len(sent) == 1, "it is still in sight, and was not sent again"
    assert visitor.check() == []
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.get_by_label("What the camera sees")).to_be_hidden()
    assert visitor.troubles == []


def test_where_there_is_no_camera_it_says_what_else_to_do(admin, evening, with_camera):
    visitor = with_camera(None, admin.context.cookies())
    page = visitor.go(evening.path)
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("[data-camera] [role=status]")).to_contain_text("find the guest in the list")
    expect(page.get_by_role("button", name="Use the camera")).to_be_visible()
    assert visitor.check() == []
    assert visitor.troubles == []


def test_a_door_that_is_closed_says_why(admin):
    page = admin.go("/admin/events?status=draft")
    page.goto(f"{page.locator('#results tbody a.fw-medium').first.get_attribute('href')}/door")
    expect(page.get_by_role("note")).to_contain_text("The event is a draft")
    expect(page.get_by_label("Ticket code")).to_have_count(0)
    page.get_by_label("Search").fill("nobody at all")
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    assert admin.check() == []
