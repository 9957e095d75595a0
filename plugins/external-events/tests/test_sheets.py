"""Tables in CSV: as spreadsheet programs of several countries write them, and as people fill them in."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from turnout_external_events.files import sheets
from turnout_external_events.sources import (
    CANCELLED,
    POSTPONED,
    RESCHEDULED,
    SCHEDULED,
    ExternalVenue,
    Malformed,
    PriceRange,
)

ZONE = "Europe/Lisbon"


def read(text, *, mapping=None, timezone=ZONE, day_first=None, scope="file"):
    """Return the rows and the reasons of refusals of a table, read as its headings tell."""
    table = sheets.table(text.encode())
    rows, refused = sheets.read(
        table, mapping or sheets.guess(table.columns), scope=scope, timezone=timezone, day_first=day_first
    )
    return rows, [refusal.reason for refusal in refused]


def one(text, **options):
    """Return the only row of a table."""
    rows, refused = read(text, **options)
    assert refused == []
    [row] = rows
    return row


def said(timezone=ZONE, day_first=None, **cells):
    """Return the only row of a table in which an event is all that is said."""
    cells = {"title": "Fado", "date": "2027-04-10", **cells}
    header, row = ";".join(cells), ";".join(f'"{cell}"' for cell in cells.values())
    return one(f"{header}\n{row}\n", timezone=timezone, day_first=day_first)


def refused(timezone=ZONE, day_first=None, **cells):
    """Return why the only row of a table is refused."""
    cells = {"title": "Fado", "date": "2027-04-10", **cells}
    header, row = ";".join(cells), ";".join(f'"{cell}"' for cell in cells.values())
    rows, [reason] = read(f"{header}\n{row}\n", timezone=timezone, day_first=day_first)
    assert rows == ()
    return reason


class TestGuess:
    @pytest.mark.parametrize(
        ("headings", "fields"),
        [
            ("Title,Date,Time,Venue,City,Price,Capacity,URL", "title date time venue city price capacity url"),
            ("Event Name,Start Date,Start Time,End Date,End Time", "title date time end_date end_time"),
            ("Evento,Fecha,Hora,Lugar,Ciudad,Precio,Aforo,Enlace", "title date time venue city price capacity url"),
            ("Nom de l'événement,Date de début,Heure,Salle,Ville,Tarif,Jauge", "title date time venue city price capacity"),
            ("Titel,Datum,Uhrzeit,Spielstätte,Straße,Stadt,Land,Preis,Plätze", "title date time venue address city country price capacity"),
            ("Título,Data,Horário,Local,Cidade,País,Preço,Lotação", "title date time venue city country price capacity"),
            ("Subject,Start,End,Location,Description", "title starts_at ends_at location description"),
            ("starts_at,ends_at,image_url,id,status", "starts_at ends_at image_url id status"),
            ("Date (dd.mm.yyyy),TITLE [en]", "date title"),
            ("Beschreibung,Kategorie,Bild,Währung,Zeitzone", "description category image_url currency timezone"),
        ],
    )  # fmt: skip
    def test_headings_in_five_languages(self, headings, fields):
        columns = headings.split(",")
        assert sheets.guess(columns) == dict(zip(fields.split(), columns, strict=True))

    def test_of_two_the_first(self):
        assert sheets.guess(["Name", "Title", "whatever"]) == {"title": "Name"}


class TestDays:
    @pytest.mark.parametrize(
        "text", ["10. 4. 2027", "10.04.2027", "10.4.27", "13/4/2027", "2027-04-10", "2027/4/10", "4/13/2027"]
    )
    def test_as_people_write_them(self, text):
        assert said(date=text).event.starts_on == date(2027, 4, 13 if "13" in text else 10)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("10 April", "is no day"),
            ("10.4.", "is no day"),
            ("13/13/2027", "no day 13 of month 13"),
            ("2027-02-29", "no day 29 of month 2"),
            ("31.4.2027", "no day 31 of month 4"),
            ("46387", "is no day"),
            ("next week", "is no day"),
            ("1.1.1900", "in the year 1900"),
        ],
    )
    def test_what_is_no_day(self, text, reason):
        assert reason in refused(date=text)
        assert refused(date=text).startswith("Line 2: ")

    def test_the_column_tells_which_comes_first(self):
        rows, refusals = read("title,date\na,1/2/2027\nb,13/2/2027\n")
        assert ([row.event.starts_on for row in rows], refusals) == ([date(2027, 2, 1), date(2027, 2, 13)], [])
        rows, refusals = read("title,date\na,1/2/2027\nb,2/13/2027\n", day_first=True)
        assert ([row.event.starts_on for row in rows], refusals) == ([date(2027, 1, 2), date(2027, 2, 13)], [])

    def test_so_does_the_column_of_ends(self):
        assert one("title,date,end date\na,1/2/2027,13/2/2027\n").event.starts_on == date(2027, 2, 1)

    def test_else_whoever_imports_it(self):
        assert said(date="1/2/2027", day_first=True).event.starts_on == date(2027, 2, 1)
        assert said(date="1/2/2027", day_first=False).event.starts_on == date(2027, 1, 2)
        assert refused(date="1/2/2027") == (
            "Line 2: 1/2/2027 may be one of two days; say whether the day or the month comes first."
        )
        assert said(date="2/2/2027").event.starts_on == date(2027, 2, 2)

    def test_a_column_that_tells_both(self):
        rows, refusals = read("title,date\na,1/2/2027\nb,13/2/2027\nc,2/13/2027\n")
        assert [row.event.starts_on for row in rows] == [date(2027, 2, 13), date(2027, 2, 13)]
        assert ["Line 2" in reason for reason in refusals] == [True]


class TestTimes:
    @pytest.mark.parametrize(
        "text", ["19.30", "19.30 Uhr", "19:30", "19:30:00", "19h30", "7.30pm", "7:30 PM", "7:30 p.m.", "7:30pm"]
    )
    def test_as_people_write_them(self, text):
        assert said(time=text).event.starts_at == datetime(2027, 4, 10, 18, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("text", "hour"), [("12 am", 23), ("12 pm", 11), ("19 Uhr", 18), ("19h", 18), ("7 pm", 18)]
    )
    def test_hours(self, text, hour):
        assert said(time=text).event.starts_at.hour == hour

    @pytest.mark.parametrize("text", ["13 pm", "19", "19:3", "24:00", "25:00", "evening", "0 am", "-1:30"])
    def test_what_is_no_time(self, text):
        assert "is no time" in refused(time=text)

    @pytest.mark.parametrize(
        "text", ["10.4.2027 19:30", "10.4.2027, 19.30 Uhr", "2027-04-10 19:30:00", "2027-04-10T18:30Z", "2027-04-10T19:30", "2027-04-10T20:30+02:00"]
    )  # fmt: skip
    @pytest.mark.parametrize("field", ["date", "starts_at"])
    def test_day_and_time_in_one(self, text, field):
        row = one(f'title;{field}\nFado;"{text}"\n', mapping={"title": "title", field: field})
        assert row.event.starts_at == datetime(2027, 4, 10, 18, 30, tzinfo=UTC)
        assert row.event.timezone == ZONE

    def test_the_time_has_the_last_word(self):
        assert said(date="2027-04-10 00:00:00", time="19:30").event.starts_at.hour == 18

    def test_times_alone_under_start_and_end(self):
        row = one("Title,Date,Start,End\nFado,2027-04-10,22:00,02:00\n")
        assert row.event.starts_at == datetime(2027, 4, 10, 21, tzinfo=UTC)
        assert row.event.ends_at == datetime(2027, 4, 11, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("cells", "ends_at"),
        [
            ({"end_time": "23:00"}, datetime(2027, 4, 10, 22, tzinfo=UTC)),
            ({"end_time": "1:00"}, datetime(2027, 4, 11, 0, tzinfo=UTC)),
            ({"end_date": "2027-04-12", "end_time": "1:00"}, datetime(2027, 4, 12, 0, tzinfo=UTC)),
            ({"end_date": "2027-04-12"}, None),
            ({"end_date": "2027-04-10"}, None),
            ({"ends_at": "2027-04-11T00:30Z"}, datetime(2027, 4, 11, 0, 30, tzinfo=UTC)),
            ({"end_time": "19:30"}, None),
            ({}, None),
        ],
    )
    def test_ends(self, cells, ends_at):
        assert said(time="19:30", **cells).event.ends_at == ends_at

    def test_several_days(self):
        for timezone in (ZONE, None):
            event = said(end_date="2027-04-12", timezone=timezone).event
            assert (event.starts_on, event.ends_on, event.ends_at) == (date(2027, 4, 10), date(2027, 4, 12), None)
        event = said(time="19:30", end_date="2027-04-12").event
        assert (event.starts_at.day, event.ends_on, event.ends_at) == (10, date(2027, 4, 12), None)
        assert said(end_date="2027-04-10").event.ends_on is None
        assert said(time="19:30", end_date="2027-04-12", end_time="1:00").event.ends_on is None

    def test_of_a_moment_the_day_is_the_one_at_the_place(self):
        night = {"date": "", "starts_at": "2027-04-11T02:00Z", "timezone": "America/New_York"}
        assert said(**night, end_date="2027-04-10").event.ends_on is None
        assert said(**night, end_date="2027-04-11").event.ends_on == date(2027, 4, 11)
        assert "ends before it begins" in refused(**night, end_date="2027-04-09")
        assert said(**night, end_time="23:30").event.ends_at == datetime(2027, 4, 11, 3, 30, tzinfo=UTC)
        assert said(**night | {"timezone": None}, end_time="23:30").event.ends_at is None

    @pytest.mark.parametrize(
        ("cells", "reason"),
        [
            ({"end_date": "9999-12-31"}, "in the year 9999"),
            ({"time": "22:00", "date": "9999-12-31", "end_time": "2:00"}, "too far away"),
            ({"ends_at": "9999-12-31T23:59:59-05:00"}, "in the year 9999"),
            ({"date": "9999-12-31", "time": "23:00", "timezone": "America/New_York"}, "in the year 9999"),
            ({"date": "0001-01-01", "time": "0:00", "timezone": "Asia/Tokyo"}, "in the year 1"),
            ({"date": "", "starts_at": "0001-01-01T00:00+14:00"}, "in the year 1"),
        ],
    )
    def test_the_ends_of_time_are_refused(self, cells, reason):
        assert reason in refused(**cells)

    def test_no_end_before_the_beginning(self):
        assert "ends before it begins" in refused(time="19:30", end_date="2027-04-09")
        assert "ends before it begins" in refused(end_date="2027-04-09")
        assert "ends before it begins" in refused(time="19:30", ends_at="2027-04-10 18:00")

    def test_the_rows_own_zone(self):
        rows, _ = read("title,date,time,timezone\nFado,2027-04-10,19:30,Asia/Tokyo\nJazz,2027-04-10,19:30,\n")
        assert [(row.event.timezone, row.event.starts_at.hour) for row in rows] == [("Asia/Tokyo", 10), (ZONE, 18)]

    def test_a_time_in_no_zone_is_refused(self):
        assert refused(time="19:30", timezone=None) == (
            "Line 2: It has a time, and no time zone; choose one to import the table with."
        )
        assert said(timezone=None).event.timezone is None

    def test_no_such_zone(self):
        assert "is no time zone" in read("title,date,timezone\nFado,2027-04-10,Lisbon\n")[1][0]

    def test_no_such_time_when_the_clocks_go_forward(self):
        assert "The clocks go forward" in refused(date="2027-03-28", time="1:30")


class TestMoney:
    @pytest.mark.parametrize(
        ("text", "price", "currency"),
        [
            ("1'234.50 CHF", "1234.50", "CHF"),
            ("1,234.50", "1234.50", None),
            ("1.234,50 €", "1234.50", "EUR"),
            ("1.234.567", "1234567.00", None),
            ("1 234,5 €", "1234.50", "EUR"),
            ("12", "12.00", None),
            ("12,-", "12.00", None),
            ("12,50", "12.50", None),
            ("12,50 €", "12.50", "EUR"),
            ("12.5", "12.50", None),
            ("EUR 12", "12.00", "EUR"),
            ("Eintritt frei", "0.00", None),
            ("free", "0.00", None),
            ("£9", "9.00", "GBP"),
        ],
    )
    def test_prices(self, text, price, currency):
        row = said(price=text)
        assert (row.overrides.get("price"), row.overrides.get("currency")) == (price, currency)
        assert row.event.price == (None if currency is None else PriceRange(Decimal(price), Decimal(price), currency))

    @pytest.mark.parametrize(
        "text",
        [
            "$5",
            "-5",
            "1,234",
            "1,234,56",
            "1.234",
            "10-20",
            "12 EUR USD",
            "12.345",
            "99999999999",
            "abc",
            "ca. 5",
            "five",
            "١٢",
        ],
    )
    def test_what_is_no_price(self, text):
        assert refused(price=text).startswith("Line 2: ")

    def test_a_column_of_currencies(self):
        row = said(price="5", currency="usd")
        assert row.overrides == {"price": "5.00", "currency": "USD"}
        assert said(currency="€").overrides == {"currency": "EUR"}
        assert "no currency" in refused(price="5", currency="gold")
        assert "Its price is in EUR, and its currency is USD" in refused(price="5 €", currency="USD")

    @pytest.mark.parametrize(("text", "places"), [("1 200", 1200), ("1,200", 1200), ("1.200", 1200), ("120", 120)])
    def test_places(self, text, places):
        assert said(capacity=text, price="0").overrides == {"capacity": places, "price": "0.00"}

    def test_places_for_sale_have_a_price(self):
        assert (
            refused(capacity="120")
            == "Line 2: It has places for sale here, and no price; write 0 where it costs nothing."
        )

    @pytest.mark.parametrize("text", ["-1", "0", "1.5", "10000001", "9" * 50, "ca. 100", "many", "١٢"])
    def test_what_is_no_number_of_places(self, text):
        assert "no number of places" in refused(capacity=text)


class TestRows:
    def test_everything_that_a_row_says(self):
        row = said(
            description="All night",
            venue="Lantern Hall",
            address="Rua do Alecrim 5",
            city="Lisbon",
            country="Portugal",
            category="Music; Fado",
            url="https://example.com/fado",
            image_url="https://example.com/fado.png",
        )
        assert row.event.venue == ExternalVenue("Lantern Hall", address="Rua do Alecrim 5", city="Lisbon", country="PT")
        assert (row.event.title, row.event.description) == ("Fado", "All night")
        assert row.event.categories == ("Music", "Fado")
        assert (row.event.url, row.event.image_url) == ("https://example.com/fado", "https://example.com/fado.png")
        assert row.overrides == {}

    def test_a_place_in_words(self):
        assert said(location="Pier 3").event.location == "Pier 3"
        assert said(address="Rua 5", city="Lisbon").event.location == "Rua 5, Lisbon"

    @pytest.mark.parametrize(
        ("country", "code"),
        [("Alemania", "DE"), ("Allemagne", "DE"), ("DE", "DE"), ("Deutschland", "DE"), ("Germany", "DE"), ("UK", "GB"), ("de", "DE"), ("Österreich", "AT")],
    )  # fmt: skip
    def test_countries(self, country, code):
        assert said(venue="Hall", country=country).event.venue.country == code

    @pytest.mark.parametrize(
        ("word", "status"),
        [("", SCHEDULED), ("Abgesagt", CANCELLED), ("annulé", CANCELLED), ("confirmed", SCHEDULED), ("Findet statt", SCHEDULED), ("verschoben", POSTPONED), ("Rescheduled", RESCHEDULED)],
    )  # fmt: skip
    def test_statuses(self, word, status):
        assert said(status=word).event.status == status

    @pytest.mark.parametrize(
        ("cell", "reason"),
        [
            ({"country": "Atlantis"}, "is no country"),
            ({"date": ""}, "does not say on which day"),
            ({"image_url": "poster.png"}, "is no web address"),
            ({"status": "abg."}, "is no status"),
            ({"title": ""}, "has no title"),
            ({"url": "javascript:alert(1)"}, "is no web address"),
            ({"url": "www.example.com"}, "is no web address"),
        ],
    )
    def test_what_is_refused(self, cell, reason):
        text = refused(**{**cell, "city": "Lisbon"})
        assert reason in text
        assert text.startswith("Line 2: ")

    def test_the_others_are_read(self):
        rows, refusals = read('title,date,description\nFado,2027-04-10,"a\nb"\nJazz,soon,\nRock,2027-04-11,\n')
        assert [row.event.title for row in rows] == ["Fado", "Rock"]
        assert refusals == ["Line 4: 'soon' is no day; write it as 2026-12-31 or 31.12.2026."]

    @pytest.mark.parametrize("text", ["+1 Night", "-1 Night", "=1+1", "@home", "=HYPERLINK(1)"])
    def test_formulas_are_text(self, text):
        assert said(title=text).event.title == text

    def test_ids_stay(self):
        first = said(id="7").event.external_id
        assert len(first) == 32
        assert said(id="7", title="Jazz", date="2027-05-01").event.external_id == first
        assert said(id="8").event.external_id != first
        assert said(description="a").event.external_id == said(description="b", price="5").event.external_id
        assert said(time="19:30").event.external_id != said(time="20:30").event.external_id
        table = sheets.table(b"title,date\nFado,2027-04-10\n")
        ids = {
            sheets.read(table, sheets.guess(table.columns), scope=scope, timezone=None, day_first=None)[0][
                0
            ].event.external_id
            for scope in "ab"
        }
        assert len(ids) == 2

    def test_the_same_twice(self):
        _, refusals = read("title,date\nFado,2027-04-10\nJazz,2027-04-10\nFado,10.4.2027\n")
        assert refusals == ["Line 4: It is the same event as in line 2."]

    def test_a_mapping_of_ones_own(self):
        rows, _ = read("A,B\n2027-04-10,Fado\n", mapping={"title": "B", "date": "A"})
        assert rows[0].event.title == "Fado"

    @pytest.mark.parametrize(
        "mapping", [{}, {"date": "date"}, {"title": "title"}, {"title": "title", "date": "day"}, {"title": "title", "date": "date", "colour": "title"}]
    )  # fmt: skip
    def test_a_mapping_that_is_none(self, mapping):
        table = sheets.table(b"title,date\nFado,2027-04-10\n")
        with pytest.raises(Malformed):
            sheets.read(table, mapping, scope="x", timezone=None, day_first=None)
