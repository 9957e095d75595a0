"""What goes with messages about bookings: an entry for the calendar, and the tickets' QR codes."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from turnout.bookings.models import CANCELLED as BOOKING_CANCELLED
from turnout.bookings.models import CONFIRMED
from turnout.events.models import CANCELLED, POSTPONED
from turnout.messages.channels import Attachment
from turnout.messages.kinds import Draft, Enclosed
from turnout.messages.mail import address
from turnout.tickets.codes import png
from turnout.tickets.services import admissions
from turnout.words import one_line

PUBLISH, CANCEL = "PUBLISH", "CANCEL"


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
