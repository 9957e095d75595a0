"""What goes with messages about bookings: an entry for the calendar, and the tickets' QR codes."""

import io
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import segno
from icalendar import Calendar, Event, vCalAddress
from sqlalchemy import select

from turnout.bookings.models import CANCELLED as BOOKING_CANCELLED
from turnout.bookings.models import CONFIRMED, VALID, Ticket
from turnout.events.models import CANCELLED, POSTPONED
from turnout.messages.channels import Attachment
from turnout.messages.kinds import Draft, Enclosed
from turnout.messages.mail import address
from turnout.messages.rendering import one_line
from turnout.ticket_types.models import TicketType

PUBLISH, CANCEL = "PUBLISH", "CANCEL"
MODULE = 6
"""Pixels of one square of a QR code, so that it is sharp on a telephone, too."""
BORDER = 4
"""The quiet zone that ISO/IEC 18004 asks for, in squares."""


def enclose_tickets(draft: Draft) -> Enclosed:
    """Return the calendar's entry and, for each ticket that is valid now, its QR code."""
    query = (
        select(Ticket.id, Ticket.holder_name, Ticket.secret, TicketType.name)
        .join(TicketType, TicketType.id == Ticket.ticket_type_id)
        .where(Ticket.booking_id == draft.booking_id, Ticket.status == VALID)
        .order_by(Ticket.id)
    )
    tickets, codes = [], []
    for number, row in enumerate(draft.session.execute(query), 1):
        cid = f"ticket-{row.id}@turnout"
        codes.append(Attachment(f"ticket-{number}.png", "image/png", qr_code(row.secret), {}, cid))
        tickets.append(
            {"number": number, "type": row.name, "holder": row.holder_name, "secret": row.secret, "cid": cid}
        )
    return Enclosed({"tickets": tickets}, [*_calendar(draft), *codes])


def enclose_calendar(draft: Draft) -> Enclosed:
    """Return the calendar's entry as it is now, or what takes it out of the calendar."""
    return Enclosed(attachments=_calendar(draft))


def qr_code(secret: str) -> bytes:
    """Return the QR code of a ticket's secret as PNG."""
    written = io.BytesIO()
    segno.make_qr(secret, error="m").save(written, kind="png", scale=MODULE, border=BORDER)
    return written.getvalue()


def _calendar(draft: Draft) -> list[Attachment]:
    booking, event = draft.context["booking"], draft.context["event"]
    if booking["status"] == BOOKING_CANCELLED or event["status"] in {CANCELLED, POSTPONED}:
        method = CANCEL
    elif booking["status"] == CONFIRMED:
        method = PUBLISH
    else:
        return []  # a hold is in nobody's calendar
    content = calendar(draft, method)
    return [Attachment(f"{booking['code']}.ics", "text/calendar", content, {"method": method})]


def calendar(draft: Draft, method: str) -> bytes:
    """Return a booking's entry in a calendar (RFC 5545), to be put there or taken out of it (RFC 5546)."""
    booking, event = draft.context["booking"], draft.context["event"]
    timezone = ZoneInfo(event["timezone"])
    starts_at, ends_at = (_moment(event[name]).astimezone(timezone) for name in ("starts_at", "ends_at"))
    entry = Event()
    entry.add("uid", f"turnout-booking-{booking['code']}")
    entry.add("sequence", booking["sequence"])
    entry.add("dtstamp", draft.created_at)
    entry.add("summary", event["title"])
    entry.add("dtstart", starts_at)
    if ends_at > starts_at:
        entry.add("dtend", ends_at)
    if event["place"]:
        entry.add("location", event["place"])
    entry.add("description", f"Booking {booking['code']}, places: {booking['quantity']}")
    entry.add("organizer", _organizer(event, draft.settings["mail.sender"]), encode=False)
    entry.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if method == CANCEL else "OPAQUE")
    entries = Calendar()
    entries.add("prodid", "-//Turnout//Turnout//EN")
    entries.add("version", "2.0")
    entries.add("method", method)
    entries.add_component(entry)
    # The rules of the years around it, rather than of all time.
    entries.add_missing_timezones(date(starts_at.year - 1, 1, 1), date(ends_at.year + 1, 12, 31))
    return bytes(entries.to_ical())


def _organizer(event: dict[str, Any], sender: str) -> vCalAddress:
    """Return the organizer by name; the address is ours, because theirs is nobody's business."""
    organizer = vCalAddress(f"mailto:{address(sender).addr_spec}")
    organizer.params["CN"] = one_line(event["organizer"]).replace('"', "'")
    return organizer


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
