"""Lists: filters, orderings, pages, pickers and sheets."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl
import pytest

from turnout.versions import Versioned

NOTHING = "\N{EN DASH}"


def put(things, owner, *names, **values):
    for name in names:
        row_id = len(things) + 1
        row = {
            "id": row_id, "name": name, "count": row_id, "price": Decimal("2.50"), "currency": "EUR", "starts_at": None,
            "day": None, "kind": "plain", "is_open": True, "labels": [], "venue_id": None, "parts": [], "place": None,
            "owner_id": owner,
        }  # fmt: skip
        things[row_id] = Versioned({**row, **values}, 1)


def names(page):
    return [link.get_text() for link in page.html.select("tbody td a.fw-medium")]


def test_a_list_shows_what_the_columns_say(staff, things):
    moment = datetime(2027, 7, 1, 18, 30, tzinfo=UTC)
    put(things, staff.user.id, "Lamp", starts_at=moment, timezone="Europe/Lisbon", kind="very_odd", labels=["a", "b"])
    page = staff.get("/admin/things")
    cells = [" ".join(cell.get_text().split()) for cell in page.html.select("tbody tr td")][1:]
    assert cells == ["Lamp", "1", "€2.50", "Thu 1 Jul 2027, 19:30 WEST", NOTHING, "very odd", "yes", "a, b", NOTHING]
    assert page.html.select_one("tbody a")["href"].endswith("/admin/things/1")
    assert "1 thing" in page.html.select_one(".card-header").get_text()


def test_an_empty_list_says_what_to_do(staff):
    page = staff.get("/admin/things")
    assert "There are no things yet" in page.text
    assert (
        page.html.find("a", string=lambda text: text and "Make the first thing" in text)
        or "Make the first thing" in page.text
    )
    assert "Clear the filters" in staff.get("/admin/things?search=x").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Axe", "Bow", "Cup"]),
        ("search=B", ["Bow"]),
        ("search=&kind=&is_open=&since=", ["Axe", "Bow", "Cup"]),
        ("kind=very_odd", ["Cup"]),
        ("is_open=false", ["Axe"]),
        ("is_open=true", ["Bow", "Cup"]),
        ("ordering=-name", ["Cup", "Bow", "Axe"]),
        ("ordering=nonsense", ["Axe", "Bow", "Cup"]),
        ("unknown=1", ["Axe", "Bow", "Cup"]),
        ("since=2027-01-01T00:00", ["Bow"]),
    ],
)
def test_filters_and_orderings(staff, things, query, found):
    put(things, staff.user.id, "Axe", is_open=False)
    put(things, staff.user.id, "Bow", starts_at=datetime(2027, 1, 1, tzinfo=UTC))
    put(things, staff.user.id, "Cup", kind="very_odd")
    assert names(staff.get(f"/admin/things?{query}")) == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("kind=nonsense", "Kind must be one of: plain, very_odd"),
        ("since=soon", "Since must be a date and a time"),
        ("venue=x", "Venue must be a whole number"),
        ("search=" + "x" * 21, "Search must have at most 20 characters"),
        ("search=refused", "Search is refused here"),
    ],
)
def test_a_filter_that_makes_no_sense_says_so_and_filters_nothing(staff, things, query, message):
    put(things, staff.user.id, "Axe")
    page = staff.get(f"/admin/things?{query}", status="*")
    assert page.status_int == 200
    assert message in page.text


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page=99999999", "page_size=1000", "cursor=nonsense", "%ff=1", "search=%00"]
)
def test_no_parameter_breaks_a_list(staff, things, query):
    put(things, staff.user.id, "Axe")
    assert staff.get(f"/admin/things?{query}", status="*").status_int in {200, 400}
    assert staff.get(f"/admin/venues?{query}", status="*").status_int in {200, 400}


def test_headings_sort_both_ways(staff, things):
    put(things, staff.user.id, "Axe", "Bow")
    page = staff.get("/admin/things")
    heading = page.html.find("th", attrs={"aria-sort": True})
    assert (heading["aria-sort"], heading.get_text(strip=True)) == ("ascending", "Name")
    page = staff.get("/admin/things" + heading.find("a")["href"])
    assert (names(page), page.html.find("th", attrs={"aria-sort": True})["aria-sort"]) == (["Bow", "Axe"], "descending")


def test_pages_follow_each_other_and_keep_the_filters(staff, things):
    put(things, staff.user.id, *(f"Thing {number:02}" for number in range(60)))
    first = staff.get("/admin/things?search=Thing&ordering=-name")
    second = staff.get("/admin/things" + first.html.find("a", attrs={"rel": "next"})["href"])
    third = staff.get("/admin/things" + second.html.find("a", attrs={"rel": "next"})["href"])
    assert (len(names(first)), names(first)[0], len(names(third)), names(third)[-1]) == (25, "Thing 59", 10, "Thing 00")
    assert third.html.find("a", attrs={"rel": "next"}) is None
    assert names(staff.get("/admin/things" + second.html.find("a", attrs={"rel": "prev"})["href"])) == names(first)


def test_a_page_s_size_stays(staff, things):
    put(things, staff.user.id, *(f"Thing {number:02}" for number in range(30)))
    first = staff.get("/admin/things?page_size=20")
    assert len(names(staff.get("/admin/things" + first.html.find("a", attrs={"rel": "next"})["href"]))) == 10


def test_a_picker_searches(staff, browser, make):
    make.venue(name="Alma Hall")
    make.venue(name="Barn")
    found = staff.get("/admin/venues/choices?search=al").json
    assert [one["text"] for one in found] == ["Alma Hall"]
    assert {one["text"] for one in staff.get("/admin/venues/choices").json} == {"Alma Hall", "Barn"}
    assert staff.get("/admin/venues/choices?search=%00" + "x" * 500).json == []
    browser.get("/admin/venues/choices", status=302)


def test_a_sheet_holds_all_that_the_filters_leave(staff, things):
    put(things, staff.user.id, *(f"Thing {number:03}" for number in range(120)))
    put(things, staff.user.id, "=1+1", labels=["a", "b"])
    answer = staff.get("/admin/things/export.csv?ordering=name")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="things.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert (len(rows), rows[0][0], rows[1][0], rows[-1][0]) == (122, "Name", "'=1+1", "Thing 119")
    sheet = openpyxl.load_workbook(io.BytesIO(staff.get("/admin/things/export.xlsx?search=Thing").body)).active
    assert (sheet.max_row, sheet["A1"].value, sheet["A2"].value) == (121, "Name", "Thing 000")


def test_a_sheet_names_the_currency_of_each_amount(staff, things):
    put(things, staff.user.id, "Axe")
    put(things, staff.user.id, "Bow", currency="JPY", price=Decimal(900))
    rows = list(csv.reader(io.StringIO(staff.get("/admin/things/export.csv").body.decode("utf-8-sig"))))
    assert [row[2:4] for row in rows] == [["Price", "Currency"], ["2.50", "EUR"], ["900", "JPY"]]
    sheet = openpyxl.load_workbook(io.BytesIO(staff.get("/admin/things/export.xlsx").body)).active
    assert [[cell.value for cell in row[2:4]] for row in sheet] == [["Price", "Currency"], [2.5, "EUR"], [900, "JPY"]]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_filter_that_makes_no_sense_gives_no_sheet(staff, things, form):
    put(things, staff.user.id, "Axe")
    page = staff.get(f"/admin/things/export.{form}?since=garbage", status=400)
    page.mustcontain("since must be a date and a time", no="Axe")


def test_a_sheet_is_for_those_who_see_the_list(browser, staff, things):
    put(things, staff.user.id, "Axe")
    browser.get("/admin/things/export.csv", status=302)
    browser.as_role("user").get("/admin/things/export.csv", status=403)
    assert "Axe" not in browser.as_role("organizer").get("/admin/things/export.csv").text
    staff.get("/admin/things/export.pdf", status=404)


def test_a_long_list_is_no_heavy_page_and_no_query_for_each_row(staff, make, statements):
    make.venue()
    staff.get("/admin/venues")
    with statements() as few:
        staff.get("/admin/venues")
    for _ in range(30):
        make.venue(name="A hall with quite a long name, so that it weighs something")
    with statements() as many:
        page = staff.get("/admin/venues?page_size=100")
    assert len(many) == len(few)
    assert len(page.body) < 200_000


def test_a_plain_user_has_no_lists(browser, staff):
    browser.as_role("user").get("/admin/things", status=403)
    assert (
        "/admin/sign-in?next=%2Fadmin%2Fthings%3Fkind%3Dplain"
        in browser.get("/admin/things?kind=plain", status=302).location
    )
