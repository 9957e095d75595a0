"""Importing files in the admin UI: they are looked at, read otherwise, and then imported."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from turnout.audit.models import AuditEntry
from turnout.events.models import Event

from turnout_external_events.models import Run, Upload

FILES = "/admin/import-file"


@pytest.fixture
def desk(browser, organizer):
    return browser.as_(organizer)


@pytest.fixture
def day(clock):
    return (clock.now() + timedelta(days=30)).date()


@pytest.fixture
def sheet(day):
    return (
        "Event name;Datum;Uhrzeit;Ort;Preis;Plätze\n"
        f"Fado night;{day:%d.%m.%Y};19:30;Lisbon;12,50 €;80\n"
        f"Open day;{day:%d.%m.%Y};;Porto;;\n"
        f"Nowhen;soon;;Porto;;\n"
    ).encode()


@pytest.fixture
def calendar(day):
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN",
        "BEGIN:VEVENT", "UID:1@example.com", f"DTSTART:{day:%Y%m%d}T193000Z", f"DTEND:{day:%Y%m%d}T213000Z",
        "SUMMARY:Fado <b>night</b>", "LOCATION:Lantern Hall", "END:VEVENT",
        "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


@pytest.fixture
def upload(desk):
    """Return what uploads a file by the form, and gives the page that follows."""

    def upload(content, name="events.csv", status=303):
        answer = desk.post(FILES, files=[("file", name, content)], status=status)
        return answer.follow() if status == 303 else answer

    return upload


def again(page, name=None, status=200):
    """Send the form of the preview: to look again, or to where the button `name` leads."""
    form = page.forms["form"]
    home = form.action
    form.action = home if name is None else f"{home}/{name}"
    try:
        return form.submit(status=status)
    finally:
        form.action = home


def preview(page):
    found = page.html.select("section[aria-labelledby=preview] tbody tr")
    return [[" ".join(cell.get_text().split()) for cell in row.find_all("td")] for row in found]


def test_a_table_is_looked_at_with_guessed_columns_and_imported(upload, sheet, day, session, outbox, desk):
    page = upload(sheet, "C:\\files\\summer.csv")
    form = page.forms["form"]
    said = {name: form[f"column-{name}"].value for name in ("title", "date", "time", "price")}
    assert said == {"title": "Event name", "date": "Datum", "time": "Uhrzeit", "price": "Preis"}
    # A time without a zone is none: the page says so by the line, until a zone is chosen.
    page.mustcontain("summer.csv", "Line 2", "time zone", "Line 4")
    form["timezone"], form["column-city"], form["column-capacity"] = "Europe/Lisbon", "Ort", "Plätze"
    page = again(page)
    rows = preview(page)
    shown = f"{day.day} {day:%b %Y}"
    assert [row[0] for row in rows] == ["Fado night", "Open day"]
    assert shown in rows[0][1]
    assert "19:30" in rows[0][1]
    assert rows[0][5] == "80 places"
    assert rows[1][1] == f"{shown} only the day is known"
    page.mustcontain("1 cannot be imported", "Line 4", "Import 2 events")
    assert session.scalars(select(Run)).all() == []
    page.forms["form"]["status"] = "draft"
    run = again(page, "import", status=303).follow()
    run.mustcontain("summer.csv", "running")
    outbox.run()
    desk.get(run.request.path).mustcontain("done", "3 of 3", "Line 4")
    events = session.scalars(select(Event).order_by(Event.title)).all()
    assert [(event.title, event.status, event.is_bookable) for event in events] == [
        ("Fado night", "draft", True),
        ("Open day", "draft", False),
    ]
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
    assert [action for action in actions if action in {"upload", "create"}][:2] == ["upload", "create"]


def test_what_no_column_has_is_said_at_its_field(upload, day, session):
    page = upload(f"Wort;Wert\nFado;{day:%Y-%m-%d}\n".encode())
    assert page.html.select_one("#column-title-error") is not None
    assert page.html.select_one("#column-date")["aria-invalid"] == "true"
    again(page, "import", status=400).mustcontain("Title must be mapped to a column.")
    form = page.forms["form"]
    form["column-title"], form["column-date"] = "Wort", "Wert"
    page = again(page)
    assert preview(page)[0][0] == "Fado"
    assert page.html.select_one("#column-title-error") is None
    assert session.scalars(select(Run)).all() == []


def test_the_order_of_days_and_months_is_chosen(upload, clock):
    year = clock.now().year + 1
    page = upload(f"title,date\nFado,1/2/{year}\n".encode())
    form = page.forms["form"]
    form["order"] = "day"
    assert preview(again(page))[0][1].startswith("1 Feb")
    form["order"] = "month"
    assert preview(again(page))[0][1].startswith("2 Jan")


def test_a_calendar_is_looked_at_and_imported(upload, calendar, session, outbox, desk):
    page = upload(calendar, "summer.ics")
    assert page.html.select("select[name^=column-]") == []
    [row] = preview(page)
    assert row[3] == "Lantern Hall"
    assert page.html.select("section[aria-labelledby=preview] b") == []
    run = again(page, "import", status=303).follow()
    outbox.run()
    desk.get(run.request.path).mustcontain("done", "1 of 1")
    assert len(session.scalars(select(Event)).all()) == 1


def test_a_calendar_is_known_by_how_it_begins(upload, calendar, session):
    upload(calendar, "download")
    assert session.scalar(select(Upload.kind)) == "ics"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "events.csv", "The table is empty."),
        (b"", "events.ics", "."),
        (b"\x00\xff" * 100, "events.csv", "."),
        (b"x" * 5_000_001, "events.csv", "The file must have at most 5,000,000 bytes."),
    ],
    ids=["empty-table", "empty-calendar", "no-text", "too-large"],
)
def test_what_cannot_be_read_is_said_above_the_form(upload, session, content, name, said):
    page = upload(content, name, status=400)
    assert said in page.html.select_one("#problem").get_text()
    assert session.scalars(select(Upload)).all() == []


def test_no_file_is_no_file(desk, session):
    for given in ({}, {"file": "just text"}):
        desk.post(FILES, given, status=400).mustcontain("problem")
    assert session.scalars(select(Upload)).all() == []


@pytest.mark.parametrize(
    "given",
    [
        [("column-title", "nowhere"), ("column-date", "Datum")],
        [("column-title", "Event name")],
        [("column-title", "Event name"), ("column-date", "Datum"), ("timezone", "Mars/Olympus"), ("order", "odd")],
        [("column-title", "\x00")],
    ],
    ids=["no-such-column", "no-date", "no-such-zone", "nul"],
)
def test_whatever_is_sent_is_no_error_of_ours(upload, sheet, desk, session, given):
    path = upload(sheet).request.path
    for address in (path, f"{path}/import"):
        answer = desk.pages.post(address, [*given, ("csrf_token", desk.cookies["turnout_csrf"])], expect_errors=True)
        assert answer.status_int < 500
    page = desk.get(path)
    page.mustcontain("Preview again")


def test_others_files_are_nobodys(browser, upload, sheet, session):
    path = upload(sheet).request.path
    other = browser.as_role("organizer")
    other.get(path, status=404)
    for address in (path, f"{path}/import"):
        other.post(address, {"column-title": "Event name", "column-date": "Datum"}, status=404)
    assert session.scalars(select(Run)).all() == []
    browser.as_role("user").get(FILES, status=403)
    browser.as_role("organizer").post(FILES, {"csrf_token": ""}, status=400)


def test_looking_writes_nothing(upload, sheet, desk, session, statements):
    path = upload(sheet).request.path
    form = {"csrf_token": desk.cookies["turnout_csrf"], "column-title": "Ort", "column-date": "Datum"}
    with statements() as sent:
        desk.get(path)
        desk.post(path, form)
    assert [one for one in sent if not one.lstrip().upper().startswith("SELECT")] == []
