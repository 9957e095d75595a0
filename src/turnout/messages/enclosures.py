"""What goes with messages about bookings: an entry for the calendar, and the tickets' QR codes."""

from datetime import datetime

from turnout.calendars.services import Appointment, booking_entry, entries, status_of, write
from turnout.messages.channels import Attachment
from turnout.messages.kinds import Draft, Enclosed
from turnout.tickets.codes import png
from turnout.tickets.services import admissions


def enclose_tickets(draft: Draft) -> Enclosed:
    """Return the calendar's entry and, for each ticket that is valid now, its QR code."""
    tickets, codes = [], []
    for number, ticket in enumerate(admissions(draft.session, draft.booking_id), 1):
        cid = f"ticket-{ticket.id}@turnout"
        codes.append(Attachment(f"ticket-{number}.png", "image/png", png(ticket.secret), {}, cid))
        tickets.append(
            {"number": number, "type": ticket.kind, "holder": ticket.holder, "secret": ticket.secret, "cid": cid}
        )
    return Enclosed({"tickets": tickets}, [*_calendar(draft), *codes])


def enclose_calendar(draft: Draft) -> Enclosed:
    """Return the calendar's entry as it is now, or what takes it out of the calendar."""
    return Enclosed(attachments=_calendar(draft))


def _calendar(draft: Draft) -> list[Attachment]:
    booking, event = draft.context["booking"], draft.context["event"]
    status = status_of(booking["status"], event["status"])
    if status not in {entries.CONFIRMED, entries.CANCELLED}:
        return []  # a hold is in nobody's calendar because of a mail
    method = entries.CANCEL if status == entries.CANCELLED else entries.PUBLISH
    content = calendar(draft, method)
    return [Attachment(f"{booking['code']}.ics", "text/calendar", content, {"method": method})]


def calendar(draft: Draft, method: str) -> bytes:
    """Return a booking's entry in a calendar (RFC 5545), to be put there or taken out of it (RFC 5546)."""
    booking, event = draft.context["booking"], draft.context["event"]
    starts_at, ends_at = (datetime.fromisoformat(event[name]) for name in ("starts_at", "ends_at"))
    entry = booking_entry(
        booking["code"],
        booking["quantity"],
        sequence=booking["sequence"],
        stamp=draft.created_at,
        status=entries.CANCELLED if method == entries.CANCEL else entries.CONFIRMED,
        appointment=Appointment(
            event["title"], starts_at, ends_at, event["timezone"], event["place"], event["organizer"]
        ),
    )
    return write([entry], sender=draft.settings["mail.sender"], method=method)
