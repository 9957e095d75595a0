"""Files that organizers upload: looked at first, then imported."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from turnout.events.models import Event

from turnout_external_events.files import sheets
from turnout_external_events.models import Report, Run, Upload
from turnout_external_events.uploads.services import MOST_A_DAY, MOST_BYTES

PATH = "/external-events/uploads"
SHEET = """Titel;Datum;Uhrzeit;Spielstätte;Stadt;Land;Preis;Plätze
Fado;10.04.2027;21:00;Lantern Hall;Lisboa;Portugal;12,50 €;120
Jazz;11.04.2027;20:00;;;;;
Rock;irgendwann;20:00;;;;;
"""
CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
SUMMARY:Jam
DTSTART;TZID=Europe/Lisbon:20270405T200000
RRULE:FREQ=WEEKLY;COUNT=3
LOCATION:Pier 3
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Odd
DTSTART:soon
END:VEVENT
END:VCALENDAR
"""
LISBON = {"timezone": "Europe/Lisbon"}


def upload(client, text, kind="csv", status=201, name=""):
    headers = {"Content-Type": {"csv": "text/csv; charset=utf-8", "ics": "text/calendar"}[kind]}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(PATH, content, status=status, headers=headers).json


@pytest.fixture
def events(session):
    """Return what reads all events: title, place, whether one can book, and the status."""

    def events():
        query = select(Event.title, Event.location, Event.is_bookable, Event.status).order_by(Event.starts_at, Event.id)
        return [tuple(row) for row in session.execute(query)]

    return events


@pytest.fixture
def work_off(ines, outbox):
    """Return what imports an upload and works that off, and gives the run."""

    def work_off(uploaded, **choices):
        run = ines.post(f"{PATH}/{uploaded['id']}/import", choices, status=202).json
        outbox.run()
        return ines.get(f"/external-events/runs/{run['id']}").json

    return work_off


def counts(run):
    return {name: run[name] for name in ("status", "total", "seen", "made", "changed", "same", "refused")}


def test_a_sheet_is_shown_before_it_is_imported(ines, clock, events):
    shown = upload(ines, SHEET, name="C:\\Events\\spring.csv")
    assert shown["filename"] == "spring.csv"
    assert shown["columns"] == ["Titel", "Datum", "Uhrzeit", "Spielstätte", "Stadt", "Land", "Preis", "Plätze"]
    assert {field: column for field, column in shown["mapping"].items() if column} == {
        "title": "Titel", "date": "Datum", "time": "Uhrzeit", "venue": "Spielstätte", "city": "Stadt", "country": "Land",
        "price": "Preis", "capacity": "Plätze",
    }  # fmt: skip
    assert (shown["wanting"], shown["count"], shown["refused"]) == ([], 0, 3)
    assert "no time zone" in shown["refusals"][0]["reason"]
    shown = ines.get(f"{PATH}/{shown['id']}", **LISBON).json
    assert (shown["count"], shown["refused"]) == (2, 1)
    assert shown["refusals"] == [
        {"title": "Rock", "reason": "Line 4: 'irgendwann' is no day; write it as 2026-12-31 or 31.12.2026."}
    ]
    first, second = shown["preview"]
    assert (first["capacity"], first["price"], first["currency"]) == (120, "12.50", "EUR")
    assert first["event"]["starts_at"] == "2027-04-10T20:00:00Z"
    assert first["event"]["venue"]["country"] == "PT"
    assert first["event"]["imported_event_id"] is None
    assert (second["capacity"], second["price"], second["currency"]) == (None, None, None)
    assert events() == []


def test_a_sheet_is_imported(ines, events, work_off, session):
    uploaded = upload(ines, SHEET, name="spring.csv")
    run = work_off(uploaded, **LISBON)
    assert run["title"] == "spring.csv"
    assert counts(run) == {
        "status": "done", "total": 3, "seen": 3, "made": 2, "changed": 0, "same": 0, "refused": 1,
    }  # fmt: skip
    assert events() == [("Fado", "", True, "published"), ("Jazz", "", False, "published")]
    fado = ines.get(f"/events/{session.scalar(select(Event.id).where(Event.title == 'Fado'))}").json
    assert (fado["capacity"], fado["price"], fado["currency"]) == (120, "12.50", "EUR")
    [report] = ines.get(f"/external-events/runs/{run['id']}/reports").json["results"]
    assert (report["title"], report["reason"][:7]) == ("Rock", "Line 4:")
    shown = ines.get(f"{PATH}/{uploaded['id']}", **LISBON).json
    assert shown["preview"][0]["event"]["imported_event_id"] == fado["id"]


def test_the_same_sheet_again_makes_nothing_twice(ines, events, work_off):
    work_off(upload(ines, SHEET), **LISBON)
    again = work_off(upload(ines, SHEET.replace("20:00;;", "20:00;Pier 3;")), **LISBON)
    assert (again["made"], again["refused"]) == (1, 1)  # at another place it is another event
    again = work_off(upload(ines, SHEET), **LISBON)
    assert (again["made"], again["same"]) == (0, 2)
    assert len(events()) == 3


def test_by_its_own_ids_what_changes_is_changed(ines, events, work_off):
    sheet = "id,title,date,time,location\n7,Fado,2027-04-10,21:00,Pier 3\n"
    work_off(upload(ines, sheet), **LISBON)
    again = work_off(upload(ines, sheet.replace("Pier 3", "Pier 4")), **LISBON)
    assert (again["made"], again["changed"]) == (0, 1)
    assert events() == [("Fado", "Pier 4", False, "published")]


SOLD = (
    "id;title;date;time;price;currency;places\n1;Fado;10.04.2027;21:00;{};EUR;{}\n2;Jazz;11.04.2027;21:00;{};EUR;{}\n"
)


@pytest.mark.parametrize("times", [1, 2])
def test_prices_and_places_of_what_is_sold_here_stay_and_that_is_told(ines, work_off, times):
    """The price of what is not for sale here follows the file."""
    for _ in range(times):
        run = work_off(upload(ines, SOLD.format("12,50", 100, "10,00", "")), **LISBON)
        assert ines.get(f"/external-events/runs/{run['id']}/reports").json["results"] == []
    again = work_off(upload(ines, SOLD.format("13,00", 50, "99,00", 20)), **LISBON)
    assert counts(again) == {
        "status": "done", "total": 2, "seen": 2, "made": 0, "changed": 1, "same": 1, "refused": 0,
    }  # fmt: skip
    events = ines.get("/events").json["results"]
    assert [(event["title"], event["capacity"], event["price"]) for event in events] == [
        ("Fado", 100, "12.50"),
        ("Jazz", None, "99.00"),
    ]
    reports = ines.get(f"/external-events/runs/{again['id']}/reports").json["results"]
    stays, sold, how = "It stays as it is here:", "100 places are for sale, and", "Change the event itself."
    assert [(report["code"], report["title"], report["reason"]) for report in reports] == [
        ("not_followed", "Fado", f"{stays} it costs 12.50 EUR, and 13.00 EUR in the file, and {sold} 50 in the file. {how}"),
        ("not_followed", "Jazz", f"{stays} no places are for sale, and 20 in the file. {how}"),
    ]  # fmt: skip


def test_what_a_venue_holds_is_not_for_sale_yet(ines, make, work_off):
    make.venue(name="Pier", city="Lisbon", country="PT", capacity=50)
    sheet = "id,title,date,venue,city,country,price,currency,places\n1,Fado,2027-04-10,Pier,Lisbon,PT,5,EUR,{}\n"
    work_off(upload(ines, sheet.format("")), **LISBON)
    again = work_off(upload(ines, sheet.format(50)), **LISBON)
    [report] = ines.get(f"/external-events/runs/{again['id']}/reports").json["results"]
    assert "no places are for sale, and 50 in the file" in report["reason"]


def test_what_is_another_users_stays_theirs(ines, api, make, events, work_off, outbox):
    work_off(upload(ines, SHEET), **LISBON)
    bo = api.as_(make.organizer())
    other = upload(bo, SHEET)
    bo.post(f"{PATH}/{other['id']}/import", LISBON, status=202)
    outbox.run()
    assert len(events()) == 4


def test_drafts(ines, events, work_off):
    work_off(upload(ines, SHEET), status="draft", **LISBON)
    assert {status for *_, status in events()} == {"draft"}


def test_a_mapping_of_ones_own(ines, work_off, events):
    uploaded = upload(ines, "A,B,C\nFado,10/4/2027,Pier 3\n")
    assert uploaded["wanting"] == ["title", "date"]
    assert (uploaded["count"], uploaded["preview"], uploaded["refusals"]) == (0, [], [])
    path = f"{PATH}/{uploaded['id']}"
    mapping = {"title": "A", "date": "B", "location": "C"}
    shown = ines.post(f"{path}/preview", {"mapping": mapping}, status=200).json
    assert "may be one of two days" in shown["refusals"][0]["reason"]
    shown = ines.post(f"{path}/preview", {"mapping": mapping, "day_first": True}, status=200).json
    assert shown["preview"][0]["event"]["starts_on"] == "2027-04-10"
    assert shown["mapping"]["title"] == "A"
    assert ines.get(path).json["wanting"] == ["title", "date"]
    run = work_off(uploaded, mapping=mapping, day_first=False)
    assert counts(run)["made"] == 1
    assert events() == [("Fado", "Pier 3", False, "published")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"day_first": "yes"}, "day_first"),
        ({"mapping": {"colour": "A"}}, "mapping.colour"),
        ({"mapping": {"title": "A", "date": "Z"}}, "mapping.date"),
        ({"mapping": {"title": "A"}}, "mapping.date"),
        ({"mapping": {"title": ["A"], "date": "B"}}, "mapping.title"),
        ({"mapping": "A"}, "mapping"),
        ({"status": "cancelled"}, "status"),
        ({"timezone": "Lisbon"}, "timezone"),
    ],
)
def test_choices_that_are_none(ines, body, field, session):
    uploaded = upload(ines, "A,B,C\nFado,10/4/2027,Pier 3\n")
    problem = ines.post(f"{PATH}/{uploaded['id']}/import", body, status=400).json
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_mapping_is_told_what_it_lacks(ines):
    uploaded = upload(ines, "A,B,C\nFado,10/4/2027,Pier 3\n")
    problem = ines.post(f"{PATH}/{uploaded['id']}/import", {}, status=400).json
    assert [error["field"] for error in problem["errors"]] == ["mapping.title", "mapping.date"]


def test_a_calendar(ines, events, work_off):
    uploaded = upload(ines, CALENDAR, "ics", name="band.ics")
    assert (uploaded["kind"], uploaded["columns"], uploaded["count"], uploaded["refused"]) == ("ics", [], 3, 1)
    assert uploaded["refusals"] == [{"title": "Odd", "reason": "Its DTSTART cannot be read."}]
    run = work_off(uploaded)
    assert (run["provider"], run["made"], run["refused"]) == ("ical", 3, 1)
    assert events() == [("Jam", "Pier 3", False, "published")] * 3
    assert work_off(upload(ines, CALENDAR, "ics"))["same"] == 3


def test_a_calendar_in_no_zone_is_in_the_one_that_is_given(ines):
    uploaded = upload(ines, CALENDAR.replace(";TZID=Europe/Lisbon", ""), "ics")
    assert uploaded["preview"][0]["event"]["starts_on"] == "2027-04-05"
    shown = ines.get(f"{PATH}/{uploaded['id']}", timezone="Asia/Tokyo").json
    assert shown["preview"][0]["event"]["starts_at"] == "2027-04-05T11:00:00Z"


def test_a_calendar_of_old(ines, clock):
    shown = upload(
        ines, CALENDAR.replace("20270405", "20170405").replace("DTSTART:soon", "DTSTART:20170101T100000Z"), "ics"
    )
    assert shown["remarks"] == ["The calendar has no event between 2027-02-28 and 2028-03-01."]
    assert (shown["count"], shown["refused"], shown["refusals"]) == (0, 0, [])
    problem = ines.post(f"{PATH}/{shown['id']}/import", {}, status=409).json
    assert (problem["code"], problem["detail"]) == ("nothing_to_import", shown["remarks"][0])


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"", "csv", "empty"),
        (b"PK\x03\x04", "csv", "workbook"),
        (b"title,date", "csv", "no rows"),
        (b"title,date\n1,2", "ics", "no iCalendar file"),
        (b"x" * (MOST_BYTES + 1), "csv", "at most 5,000,000 bytes"),
    ],
)
def test_files_that_cannot_be_read(ines, content, kind, reason, session):
    problem = upload(ines, content, kind, status=400)
    assert problem["code"] == "unreadable_file"
    assert reason in problem["errors"][0]["message"]
    assert problem["errors"][0]["field"] == "file"
    assert session.scalar(select(func.count(Upload.id))) == 0


def test_other_sorts_of_files(ines):
    ines.post(PATH, b"{}", status=415, headers={"Content-Type": "application/json"})


def test_only_so_many_a_day(ines, clock, session):
    for _ in range(MOST_A_DAY):
        upload(ines, SHEET)
    assert upload(ines, SHEET, status=409)["code"] == "too_many_uploads"
    assert session.scalar(select(func.count(Upload.id))) == MOST_A_DAY
    clock.move(days=1)
    upload(ines, SHEET)


def test_files_are_kept_for_a_day(ines, almanac, session, later):
    uploaded = upload(ines, SHEET)
    later(hours=23)
    ines.get(f"{PATH}/{uploaded['id']}", status=200)
    later(hours=2)
    ines.get(f"{PATH}/{uploaded['id']}", status=404)
    assert session.scalar(select(func.count(Upload.id))) == 0


def test_whose_they_are(ines, api, make):
    path = f"{PATH}/{upload(ines, SHEET)['id']}"
    other, staff, user = (api.as_(each) for each in (make.organizer(), make.staff(), make.user()))
    for client, status in ((other, 404), (user, 403), (api, 401)):
        client.get(path, status=status)
        client.post(f"{path}/preview", {}, status=status)
        client.post(f"{path}/import", {}, status=status)
        client.get(f"{PATH}/999", status=status)
    staff.get(path, status=200)
    staff.post(f"{path}/preview", {}, status=200)
    upload(user, SHEET, status=403)
    upload(api, SHEET, status=401)


def test_staff_look_at_others_files_and_do_not_import_them(ines, api, make, events, work_off, session):
    """Events are the importer's, and follow the file's next version: it must be theirs as well."""
    uploaded = upload(ines, "id,title,date\n7,Fado,2027-04-10\n")
    staff = api.as_(make.staff())
    problem = staff.post(f"{PATH}/{uploaded['id']}/import", {}, status=403).json
    assert "whoever uploaded" in problem["detail"]
    assert session.scalar(select(func.count(Run.id))) == 0
    work_off(uploaded)
    assert [title for title, *_ in events()] == ["Fado"]


def test_a_series_stays_the_same_events(ines, events, work_off, session):
    single = CALENDAR.replace("RRULE:FREQ=WEEKLY;COUNT=3\n", "")
    assert work_off(upload(ines, single, "ics"))["made"] == 1
    weekly = work_off(upload(ines, CALENDAR, "ics"))
    assert (weekly["made"], weekly["same"]) == (2, 1)
    later = work_off(upload(ines, CALENDAR.replace("T200000", "T210000"), "ics"))
    assert (later["made"], later["changed"]) == (0, 3)
    starts_at = session.scalars(select(Event.starts_at).order_by(Event.starts_at))
    assert [f"{moment:%m-%d %H}" for moment in starts_at] == ["04-05 20", "04-12 20", "04-19 20"]


@pytest.mark.parametrize("zone", [None, "Europe/Lisbon"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("title,date,end date\nFestival,2027-05-01,2027-05-03\n", "csv"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Festival\nDTSTART;VALUE=DATE:20270501\n"
            "DTEND;VALUE=DATE:20270504\nEND:VEVENT\nEND:VCALENDAR\n",
            "ics",
        ),
    ],
    ids=["sheet", "calendar"],
)
def test_several_days_are_over_with_the_last(ines, work_off, session, text, kind, zone):
    work_off(upload(ines, text, kind), timezone=zone)
    event = session.scalars(select(Event)).one()
    assert event.ends_at - event.starts_at == timedelta(days=3)


def test_a_day_at_the_end_of_time_spoils_one_row(ines, work_off):
    uploaded = upload(ines, "title,date,end date\nFado,2027-05-01,9999-12-31\nJazz,2027-05-02,\n")
    shown = ines.post(f"{PATH}/{uploaded['id']}/preview", LISBON, status=200).json
    assert (shown["count"], [each["reason"] for each in shown["refusals"]]) == (1, ["Line 2: It is in the year 9999."])
    assert work_off(uploaded, **LISBON)["made"] == 1


def test_a_sheet_that_takes_too_long(ines, monkeypatch, session):
    uploaded = upload(ines, SHEET)
    monkeypatch.setattr(sheets, "SECONDS", 0.0)
    for verb in ("preview", "import"):
        problem = ines.post(f"{PATH}/{uploaded['id']}/{verb}", LISBON, status=400).json
        assert "takes too long to read" in problem["errors"][0]["message"]
    assert session.scalar(select(func.count(Run.id))) == 0


def test_nothing_is_kept_of_reading(ines, statements):
    """Looking at a file writes nothing, and its statements are as many for a large file as for a small one."""
    small = upload(ines, SHEET)["id"]
    rows = "".join(f"Fado {number};10.04.2027;21:00;;;;;\n" for number in range(500))
    large = upload(ines, SHEET + rows)["id"]
    found = []
    for upload_id in (small, large):
        with statements() as made:
            ines.post(f"{PATH}/{upload_id}/preview", LISBON, status=200)
        assert not [text for text in made if text.startswith(("INSERT", "UPDATE", "DELETE"))]
        found.append(len(made))
    assert found[0] == found[1]


def test_large_files_are_shown_in_part(ines, work_off, session):
    rows = "".join(f"Fado {number};{'10.04.2027' if number % 2 else 'soon'}\n" for number in range(400))
    uploaded = upload(ines, f"title;date\n{rows}")
    assert (uploaded["count"], uploaded["refused"]) == (200, 200)
    assert (len(uploaded["preview"]), len(uploaded["refusals"])) == (10, 100)
    run = work_off(uploaded)
    assert counts(run) == {
        "status": "done", "total": 400, "seen": 400, "made": 200, "changed": 0, "same": 0, "refused": 200,
    }  # fmt: skip
    assert session.scalar(select(func.count(Report.id))) == 200


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), kind=st.sampled_from(["csv", "ics"]))
def test_any_file_is_taken_or_refused(ines, session, content, kind):
    headers = {"Content-Type": {"csv": "text/csv", "ics": "text/calendar"}[kind]}
    answer = ines.send("POST", PATH, content, headers=headers)
    assert answer.status_int in {201, 400, 409}
