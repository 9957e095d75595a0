"""Tickets over REST: who gets them, and what they are."""

import io
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader


@pytest.fixture
def owner(make):
    return make.organizer()


@pytest.fixture
def booked(api, make, owner):
    """Book for a new user; return their client and the booking."""

    def booked(event=None, **wanted):
        client = api.as_(make.user(first_name="Ada", last_name="Marsh"))
        event = event or make.event(organizer=owner, title="Fado", price="12.50")
        return client, client.post("/bookings", {"event_id": event.id} | wanted, status=201).json

    return booked


def paths(booking):
    return [
        f"/bookings/{booking['id']}/tickets.pdf",
        f"/bookings/{booking['id']}/tickets/{booking['tickets'][0]['id']}/qr.svg",
    ]


def test_a_page_for_each_ticket(booked):
    client, booking = booked(tickets=[{"name": "Grace Holt"}, {}])

    answer = client.get(paths(booking)[0])

    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="tickets-{booking["code"]}.pdf"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    first, second = [page.extract_text() for page in PdfReader(io.BytesIO(answer.body)).pages]
    for text in ("Fado", "Monday, 8 March 2027, 12:00 to 15:00", "Town square, Lisbon", "€12.50", booking["code"]):
        assert text in first
        assert text in second
    assert "Grace Holt" in first
    assert "Ada Marsh" not in first
    assert "Ada Marsh" in second
    assert (booking["tickets"][0]["secret"] in first, booking["tickets"][1]["secret"] in first) == (True, False)


def test_a_code(booked):
    client, booking = booked()

    answer = client.get(paths(booking)[1])

    assert answer.content_type == "image/svg+xml"
    ticket_id = booking["tickets"][0]["id"]
    assert answer.headers["Content-Disposition"] == f'inline; filename="ticket-{ticket_id}.svg"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert ET.fromstring(answer.body).tag == "{http://www.w3.org/2000/svg}svg"
    assert booking["tickets"][0]["secret"] not in answer.text


def test_only_valid_tickets_are_printed(booked, make):
    client, booking = booked(quantity=3)
    client.patch(f"/bookings/{booking['id']}", {"quantity": 2})
    pdf, _ = paths(booking)

    pages = PdfReader(io.BytesIO(client.get(pdf).body)).pages
    assert [page.extract_text().splitlines()[0] for page in pages] == ["Ticket 1 of 2", "Ticket 2 of 2"]
    left_out = booking["tickets"][2]
    assert not any(left_out["secret"] in page.extract_text() for page in pages)
    refused = client.get(f"/bookings/{booking['id']}/tickets/{left_out['id']}/qr.svg", status=409).json
    assert refused["code"] == "ticket_cancelled"


def test_a_hold_and_a_cancelled_booking_have_no_tickets(booked):
    client, booking = booked(status="pending")
    pdf, svg = paths(booking)
    for path in (pdf, svg):
        refused = client.get(path, status=409)
        assert refused.content_type == "application/problem+json"
        assert (refused.json["code"], refused.json["status_now"]) == ("not_confirmed", "pending")

    client.post(f"/bookings/{booking['id']}/confirm")
    client.get(pdf)
    client.get(svg)
    client.delete(f"/bookings/{booking['id']}")
    assert client.get(pdf, status=409).json["code"] == "not_confirmed"
    assert client.get(svg, status=409).json["code"] == "ticket_cancelled"


def test_whoever_may_read_the_booking_may_have_them(booked, api, make, owner):
    _, booking = booked()
    for path in paths(booking):
        api.get(path, status=401)
        for stranger in (make.user(), make.organizer()):
            api.as_(stranger).get(path, status=404)
        for reader in (owner, make.staff()):
            api.as_(reader).get(path)


def test_who_booked_for_another_does_not_learn_their_name(booked, api, make, owner):
    guest = make.attendee(first_name="Noor", last_name="Haddad")
    client, booking = booked(attendee_id=guest.id, tickets=[{"name": "Grace Holt"}, {}])

    for reader, is_shown in ((client, False), (api.as_(owner), True), (api.as_(make.staff()), True)):
        content = reader.get(paths(booking)[0]).body
        named, unnamed = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
        assert "Grace Holt" in named
        assert ("Noor" in unnamed, "Name" in unnamed) == (is_shown, is_shown)
        assert "Noor" not in named


def test_what_is_not_there(booked):
    client, booking = booked()
    _, other = booked()

    client.get("/bookings/999999/tickets.pdf", status=404)
    client.get("/bookings/999999/tickets/1/qr.svg", status=404)
    for ticket_id in (999999, other["tickets"][0]["id"]):
        client.get(f"/bookings/{booking['id']}/tickets/{ticket_id}/qr.svg", status=404)


def test_only_what_it_is_can_be_wanted(booked):
    client, booking = booked()
    for path in paths(booking):
        client.get(path, headers={"Accept": "application/json"}, status=406)
        client.get(path, headers={"Accept": "text/html, */*;q=0.8"})


def test_tickets_need_as_many_statements_however_many_there_are(booked, statements):
    def asked(booking):
        with statements() as seen:
            client.get(paths(booking)[0])
        return len(seen)

    client, one = booked()
    few = asked(one)
    client, many = booked(quantity=9)
    assert asked(many) == few <= 6
