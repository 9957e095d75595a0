"""Telling those who wait what becomes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased
from turnout.bookings.models import Booking
from turnout.events.models import Event
from turnout.messages.services import Letter, MessageService, Recipient
from turnout.ticket_types.models import TicketType
from turnout.users.models import User

from turnout_waitlist.models import CANCELLED, EVENT_BEGAN, EXPIRED, WaitlistEntry
from turnout_waitlist.services.catalog import WaitlistCatalog

JOINED, OFFER, ACCEPTED, LAPSED, OVER = (
    "waitlist_joined", "waitlist_offer", "waitlist_accepted", "waitlist_expired", "waitlist_cancelled",
)  # fmt: skip
KINDS: Mapping[str, str] = {
    JOINED: "You are on a waiting list",
    OFFER: "Places that you waited for are offered to you",
    ACCEPTED: "You accepted what you waited for",
    LAPSED: "You did not accept in time what you waited for",
    OVER: "You are not on a waiting list any more",
}
"""The kinds of messages that there are, and what people call them."""
PART = 200
"""How many are told in one transaction."""

_Organizer = aliased(User)


class WaitlistNotices:
    """Tells people, each once, what became of their entry."""

    def __init__(self, session: Session, messages: MessageService, catalog: WaitlistCatalog) -> None:
        self.session = session
        self.messages = messages
        self.catalog = catalog

    def tell(self, kind: str, entry_id: int) -> None:
        """Tell whoever waits, once for each `kind`; nobody of an entry that is not there any more."""
        row = self.session.execute(_shown().where(WaitlistEntry.id == entry_id)).first()
        if row is None:
            return
        entry = self.catalog.entry(entry_id)
        said = {"position": None if entry is None else entry["position"]}
        # What is offered until then need not arrive afterwards.
        expires_at = row.offer_expires_at if kind == OFFER else None
        self.messages.send_each(kind, [_letter(kind, row, said)], event_id=row.event_id, expires_at=expires_at)

    def tell_some(self, event_id: int, reason: str, after: int = 0) -> int | None:
        """Tell the next of those whose entries ended with their event's list; return after which to go on, or None: that is all."""
        status = EXPIRED if reason == EVENT_BEGAN else CANCELLED
        ended = _shown().where(
            WaitlistEntry.event_id == event_id,
            WaitlistEntry.status == status,
            WaitlistEntry.reason == reason,
            WaitlistEntry.id > after,
        )
        rows = self.session.execute(ended.order_by(WaitlistEntry.id).limit(PART)).all()
        self._send(OVER, rows, event_id)
        return int(rows[-1].id) if len(rows) == PART else None

    def _send(self, kind: str, rows: Sequence[Any], event_id: int) -> None:
        self.messages.send_each(kind, [_letter(kind, row, {"position": None}) for row in rows], event_id=event_id)


def _shown() -> Select[*tuple[Any, ...]]:
    return (
        select(
            WaitlistEntry.id, WaitlistEntry.event_id, WaitlistEntry.quantity, WaitlistEntry.reason,
            WaitlistEntry.offered_at, WaitlistEntry.offer_expires_at,
            TicketType.name.label("ticket_type"), TicketType.sale_starts_at,
            Booking.code, Booking.status.label("booking_status"), Booking.expires_at.label("booking_expires_at"),
            Event.title, Event.starts_at, Event.ends_at, Event.timezone, Event.place,
            User.id.label("user_id"), User.first_name, User.last_name, User.username, User.email, User.phone,
            _Organizer.first_name.label("organizer_first_name"), _Organizer.last_name.label("organizer_last_name"),
            _Organizer.username.label("organizer_username"),
        )
        .join(Event, Event.id == WaitlistEntry.event_id)
        .join(_Organizer, _Organizer.id == Event.organizer_id)
        .join(User, User.id == WaitlistEntry.user_id)
        .outerjoin(TicketType, TicketType.id == WaitlistEntry.ticket_type_id)
        .outerjoin(Booking, Booking.id == WaitlistEntry.booking_id)
    )  # fmt: skip


def _letter(kind: str, row: Any, said: Mapping[str, Any]) -> Letter:
    name = f"{row.first_name} {row.last_name}".strip() or row.username
    recipient = Recipient(name=name, email=row.email, phone=row.phone, user_id=row.user_id)
    # An offer that is good for longer than was said, because its sale begins later, is told again.
    what = f"{kind}:{row.offer_expires_at:%Y%m%d%H%M%S}" if kind == OFFER else kind
    return Letter(recipient, {**_context(row), **said}, f"{what}:{row.id}", f"waitlist:{row.id}")


def _context(row: Any) -> dict[str, Any]:
    organizer = f"{row.organizer_first_name} {row.organizer_last_name}".strip() or row.organizer_username
    return {
        "event": {
            "id": row.event_id,
            "title": row.title,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "timezone": row.timezone,
            "place": row.place,
            "organizer": organizer,
        },
        "entry": {
            "quantity": row.quantity,
            "ticket_type": row.ticket_type,
            "sale_starts_at": row.sale_starts_at if _is_to_come(row) else None,
            "offer_expires_at": row.offer_expires_at,
            "reason": row.reason,
        },
        "booking": None
        if row.code is None
        else {"code": row.code, "status": row.booking_status, "expires_at": row.booking_expires_at},
    }


def _is_to_come(row: Any) -> bool:
    """Tell whether places were offered before their sale."""
    return row.offered_at is not None and row.sale_starts_at is not None and bool(row.offered_at < row.sale_starts_at)
