"""What the tests of the events' pages in the admin UI share."""

from sqlalchemy import select

from turnout.ticket_types.models import TicketType

LIST = "/admin/events"


def path(event, action=""):
    return f"{LIST}/{event.id}" + (f"/{action}" if action else "")


def filled(browser, **values):
    """Return the form of a new event, filled in."""
    form = browser.get(f"{LIST}/new").forms["form"]
    given = {
        "title": "Winter concert", "starts_at": "2027-12-01T19:30", "ends_at": "2027-12-01T22:00",
        "timezone": "Europe/Lisbon", "location": "Town square",
    } | values  # fmt: skip
    for name, value in given.items():
        form.set(name, value, 0)
    return form


def set_at(form, name, *values):
    """Fill in the fields of one name, which each entry of a list has, in order."""
    for place, value in enumerate(values):
        form.set(name, value, place)


def errors(page):
    """Return what is said to be wrong, by the names of fields; every one stands at its field."""
    found = {}
    for said in page.html.select("[id$=-error]"):
        field = page.html.find(id=said["id"].removesuffix("-error"))
        assert said["id"] in field["aria-describedby"].split()
        assert said["role"] == "alert"
        found[field.get("name", "")] = " ".join(said.text.split())
    return found


def titles(page):
    return [link.text for link in page.html.select("#results td a.fw-medium")]


def kinds(session, event):
    rows = session.scalars(select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id))
    return [(row.name, row.price) for row in rows]
