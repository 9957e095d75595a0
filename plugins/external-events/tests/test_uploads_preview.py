"""What the preview of a file counts as importable is what importing it makes."""

import pytest

PATH = "/external-events/uploads"
LISBON = {"timezone": "Europe/Lisbon"}
SHEET = """id,title,date,time,status
1,Fado,2027-04-10,21:00,
2,Old,2020-04-10,21:00,
3,Off,2027-04-11,21:00,cancelled
4,Today,2027-03-01,,
"""
CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
SUMMARY:Fado
DTSTART:20270410T200000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Jazz
DTSTART:20270411T200000
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Off
STATUS:CANCELLED
DTSTART:20270412T200000Z
END:VEVENT
BEGIN:VEVENT
UID:4
SUMMARY:Odd
DTSTART:soon
END:VEVENT
END:VCALENDAR
"""
LATE, DAY, OFF = (
    "It has begun already, or is over.",
    "It may have begun already: its source says the day, and no time.",
    "It is cancelled.",
)


@pytest.fixture
def upload(ines):
    """Return what uploads a file, and gives its preview."""

    def upload(text, client=ines, **query):
        kind = "text/calendar" if text.startswith("BEGIN") else "text/csv"
        shown = client.post(PATH, text.encode(), status=201, headers={"Content-Type": kind}).json
        return client.get(f"{PATH}/{shown['id']}", **query).json if query else shown

    return upload


@pytest.fixture
def run(ines, outbox):
    """Return what imports an upload, and gives the run."""

    def run(uploaded, **choices):
        begun = ines.post(f"{PATH}/{uploaded['id']}/import", choices, status=202).json
        outbox.run()
        return ines.get(f"/external-events/runs/{begun['id']}").json

    return run


def refusals(shown):
    return [(each["title"], each["reason"]) for each in shown["refusals"]]


def test_what_importing_refuses_is_refused_beforehand(upload, run):
    shown = upload(SHEET, **LISBON)

    assert (shown["count"], shown["refused"]) == (1, 3)
    assert [row["event"]["title"] for row in shown["preview"]] == ["Fado"]
    assert refusals(shown) == [("Old", LATE), ("Off", OFF), ("Today", DAY)]
    done = run(shown, **LISBON)
    assert (done["total"], done["seen"], done["made"], done["refused"]) == (4, 4, 1, 3)


def test_remarks_on_a_calendar_are_no_events(upload, run, ines):
    shown = upload(CALENDAR)

    assert (shown["count"], shown["refused"]) == (2, 2)
    assert shown["remarks"] == ["The time of 1 event is in no time zone: only its day is known."]
    assert refusals(shown) == [("Odd", "Its DTSTART cannot be read."), ("Off", OFF)]
    done = run(shown)
    assert (done["total"], done["seen"], done["made"], done["refused"]) == (4, 4, 2, 2)
    reports = ines.get(f"/external-events/runs/{done['id']}/reports").json["results"]
    assert {(report["title"], report["code"]) for report in reports} == {
        ("", "remark"), ("Odd", "malformed"), ("Off", "cannot_import"),
    }  # fmt: skip


def test_what_is_here_already_follows_though_it_could_not_be_imported_anew(upload, run):
    sheet = "id,title,date,time,status\n1,Fado,2027-04-10,21:00,{}\n"
    run(upload(sheet.format(""), **LISBON), **LISBON)

    shown = upload(sheet.format("cancelled"), **LISBON)

    assert (shown["count"], shown["refused"]) == (1, 0)
    assert run(shown, **LISBON)["changed"] == 1


def test_a_long_sheet_of_last_year_is_previewed(upload):
    rows = "".join(f"{number},Fado,2026-04-10,21:00\n" for number in range(5000))
    shown = upload("id,title,date,time\n" + rows, **LISBON)
    assert (shown["count"], shown["refused"], len(shown["refusals"])) == (0, 5000, 100)


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("Fado,2027-04-10,21:00,,1", ["Sat 10 Apr 2027, 21:00 WEST", "Sun 11 Apr 2027, 00:00 WEST", "1 place"]),
        ("Fado,2027-04-10,21:00,22:00,2", ["Sat 10 Apr 2027, 21:00 WEST", "Sat 10 Apr 2027, 22:00 WEST", "2 places"]),
        ("Fado,2027-04-10,,,2", ["10 Apr 2027 only the day is known", "\u2013", "2 places"]),
    ],
)
def test_the_page_says_when_it_will_end_here_and_how_many_places_there_are(browser, organizer, row, cells):
    desk = browser.as_(organizer)
    sheet = f"title,date,time,end time,places,price\n{row},0\n"
    page = desk.post("/admin/import-file", files=[("file", "a.csv", sheet.encode())], status=303).follow()
    form = page.forms["form"]
    form["timezone"] = "Europe/Lisbon"
    page = form.submit(status=200)
    [found] = page.html.select("section[aria-labelledby=preview] tbody tr")
    shown = [" ".join(cell.get_text().split()) for cell in found.find_all("td")]
    assert [shown[1], shown[2], shown[5]] == cells


def test_the_page_tells_remarks_from_events(browser, organizer):
    page = (
        browser.as_(organizer)
        .post("/admin/import-file", files=[("file", "a.ics", CALENDAR.encode())], status=303)
        .follow()
    )
    assert "in no time zone" in page.html.select_one(".alert-info").get_text()
    assert page.html.select_one("#refused").get_text() == "2 cannot be imported"
    assert "Import 2 events" in " ".join(page.forms["form"].html.get_text().split())
