"""Pages of things, panels, the dashboard, and pages of what went wrong."""

import pytest
from pyramid.request import Request
from tests.unit.admin.test_lists import put


def titles(page):
    return [heading.get_text(strip=True) for heading in page.html.select(".card-title")]


def test_a_page_shows_facts_and_panels(staff, things):
    put(things, staff.user.id, "Lamp", labels=["a", "b"])
    page = staff.get("/admin/things/1")
    assert page.html.find("h1").get_text(strip=True) == "Lamp"
    facts = {
        dt.get_text(strip=True): " ".join(dt.find_next("dd").get_text().split()) for dt in page.html.select(".facts dt")
    }
    assert (facts["Count"], facts["Price"], facts["Labels"], facts["Is open"]) == ("1", "€2.50", "a, b", "yes")
    assert titles(page)[:1] == ["Everything"]
    assert "Staff only" in titles(page)
    assert {"Never", "Not for you"} & set(titles(page)) == set()
    text = " ".join(page.html.get_text().split())
    for said in ("¥3", "1 of 4", "Mind this.", "more", "Tue"):
        assert said in text
    assert page.html.find("a", string="all")["href"].endswith("/admin/things")
    assert page.html.find("a", string="more")["href"].endswith("/admin/things?kind=plain")
    assert "chart.umd.min.js" in page.text
    assert page.html.find("a", string=lambda text: text and text.strip() == "Home") is not None or "Home" in text


def test_a_panel_for_some_is_not_shown_to_others(browser, things):
    organizer = browser.as_role("organizer")
    put(things, organizer.user.id, "Lamp")
    page = organizer.get("/admin/things/1")
    assert "Staff only" not in titles(page)
    assert "/admin/things/1/delete" not in page.text
    assert "/admin/things/1/rename" in page.text


def test_panels_on_other_pages_and_the_dashboard(staff, make, things):
    put(things, staff.user.id, "Lamp")
    venue = make.venue(name="Barn")
    assert "Things at Barn." in staff.get(f"/admin/venues/{venue.id}").text
    page = staff.get("/admin")
    assert "Count" in titles(page)


def test_the_menu_has_what_one_may_see(browser, staff):
    links = [link["href"] for link in staff.get("/admin").html.select("#menu a")]
    assert "/admin/things" in links
    assert "/admin/venues" in links
    assert staff.get("/admin/things").html.select_one('#menu a[aria-current="page"]')["href"] == "/admin/things"


def test_text_that_looks_like_html_is_text(staff, things):
    nasty = "<script>alert(1)</script>\"'><b>"
    put(things, staff.user.id, nasty, labels=[nasty])
    for path in (
        "/admin/things",
        "/admin/things/1",
        "/admin/things/1/edit",
        "/admin/things/1/delete",
        f"/admin/things?search={nasty[:20]}",
    ):
        page = staff.get(path)
        assert "<script>alert" not in page.text
        assert page.html.find("b") is None


def test_pages_are_kept_by_nobody(staff, things):
    put(things, staff.user.id, "Lamp")
    assert "no-store" in staff.get("/admin/things/1").headers["Cache-Control"]


def test_pages_trust_nothing_from_outside(staff):
    page = staff.get("/admin")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; img-src 'self' data:;")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for script in page.html.find_all("script"):
        assert script["src"].startswith("/admin/static/")
        assert not script.get_text(strip=True)
    for link in page.html.find_all("link"):
        assert link["href"].startswith(("/admin/static/", "#"))
    assert page.html.find(style=True) is None
    assert page.html.find("style") is None


@pytest.mark.parametrize(
    ("path", "status"), [("/admin/nonsense", 404), ("/admin/things/99", 404), ("/admin/things/1/nonsense", 404)]
)
def test_what_is_not_there_is_a_page(staff, path, status):
    page = staff.get(path, status=status)
    assert page.content_type == "text/html"
    assert f"{status} · request" in page.text


def test_refusals_are_pages_with_the_words_of_the_api(browser):
    page = browser.as_role("user").get("/admin/things", status=403)
    assert page.content_type == "text/html"
    assert "You are not allowed to do this" in page.text


def test_what_nobody_foresaw_says_nothing_of_the_inside(staff, application, monkeypatch):
    from tests.unit.admin.probes import ThingSection

    def fail(*_args, **_options):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(ThingSection, "find", fail)
    page = staff.get("/admin/things", status=500)
    assert "Something went wrong on our side" in page.text
    assert "secret inside" not in page.text


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(browser):
    answer = browser.get("/admin/things/5?x=1", status=302)
    assert answer.location.endswith("/admin/sign-in?next=%2Fadmin%2Fthings%2F5%3Fx%3D1")
    part = browser.get("/admin/things", status=204, headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/admin/sign-in"
    assert browser.post("/admin/things/5/delete", status=302).location.endswith("/admin/sign-in")


def test_a_token_does_not_open_the_admin(browser, api, make):
    client = api.as_(make.staff())
    token = client.post("/auth/tokens", {"name": "x", "scopes": ["venues:update"], "expires_at": None}).json["token"]
    assert browser.get("/admin/venues", status=403, headers={"Authorization": f"Bearer {token}"})


def test_colours_are_chosen_and_kept(staff):
    assert staff.get("/admin").html.find("html")["data-theme"] == "auto"
    answer = staff.post("/admin/theme", {"theme": "dark", "next": "/admin/things?kind=plain"}, status=303)
    assert answer.location.endswith("/admin/things?kind=plain")
    answer = staff.post("/admin/theme", {"theme": "dark", "next": "https://evil.example.com/"}, status=303)
    assert answer.location.endswith("localhost/admin")
    assert staff.get("/admin").html.find("html")["data-bs-theme"] == "dark"
    staff.post("/admin/theme", {"theme": "pink"}, status=303)
    assert staff.get("/admin").html.find("html")["data-theme"] == "dark"


def test_static_files_are_kept_long_and_sent_small(application):
    path = "/admin/static/vendor/tabler-core-1.6.1/tabler.min.css"
    small = Request.blank(path, headers={"Accept-Encoding": "gzip"}).get_response(application.router)
    assert len(small.body) == small.content_length
    assert (small.status_int, small.headers["Content-Encoding"]) == (200, "gzip")
    assert "max-age=31536000" in small.headers["Cache-Control"]
    large = Request.blank(path).get_response(application.router)
    assert len(large.body) == large.content_length
    assert "Content-Encoding" not in large.headers
    assert small.content_length * 5 < large.content_length
