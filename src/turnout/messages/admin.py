"""Messages in the admin UI; organizers see those about their own events."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.panels import ATTENTION, Block, Link, Note, panel
from turnout.admin.sections import TALK, AdminSection, Column
from turnout.bookings.models import CONFIRMED
from turnout.messages.models import FAILED
from turnout.messages.schemas import MessageQuery, MessageView, NoticeForm
from turnout.messages.services import GuestService, MessageRegister, NoticeService
from turnout.messages.tasks import CONFIRMED_KIND
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.versions import Versioned


class MessageSection(AdminSection):
    """What people were told, and whether it arrived where they read it."""

    name, title, singular = "messages", "Messages", "message"
    icon, group, order = "mail", TALK, 10
    description = "What people were told about their bookings and events. Whoever says “I got no mail” is found here."
    permissions = {"read": "messages:inspect"}
    query, view = MessageQuery, MessageView
    columns = (
        "title",
        "name",
        "address",
        Column("event", "Event", to="events", id="event_id"),
        "channel",
        "status",
        Column("created_at", "When"),
    )
    facts = (
        "title",
        Column("name", "To", to="users", id="user_id"),
        "address",
        "channel",
        "status",
        "error",
        "subject",
        Column("event", "Event", to="events", id="event_id"),
        Column("booking", "Booking", to="bookings", id="booking_id"),
        "created_at",
        "sent_at",
        "expires_at",
    )
    pickers = {"event": "events", "user": "users"}
    empty = "Nobody was told anything yet"

    def __init__(self, messages: MessageRegister) -> None:
        self.messages = messages

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.messages.find(filters, paging, actor=actor)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return Versioned(self.messages.get(row_id, actor=actor), 1)

    def label(self, row: Mapping[str, Any]) -> str:
        return f"{row['title']}: {row['name'] or row['address']}"

    @action("Try again", permission="messages:retry", icon="send", bulk=True, when=lambda one: one["status"] == FAILED)
    def retry(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.messages.retry(row_id, actor=actor)
        return "It is on its way again."

    @panel("Messages", on=ATTENTION, permission="messages:inspect", order=20)
    def attention(self, *, actor: Actor) -> Iterable[Block]:
        """Tell of messages that could not be delivered lately."""
        failed = self.messages.count_failed()
        if failed:
            what = "A message of this week" if failed == 1 else f"{failed} messages of this week"
            yield Note(
                f"{what} could not be delivered.", "warning", Link("See why", self.name, filters={"status": FAILED})
            )


class BookingMessageSection(AdminSection):
    """What can be told to whoever has a booking, on the booking's page."""

    name, title, singular = "booking-messages", "Messages", "message"

    def __init__(self, guests: GuestService) -> None:
        self.guests = guests

    @action(
        "Send the tickets again",
        permission="bookings:update",
        icon="mail-forward",
        on="bookings",
        when=lambda booking: booking["status"] == CONFIRMED,
    )
    def resend(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Send the confirmation once more, with the tickets as they are now."""
        sent = self.guests.tell_again(CONFIRMED_KIND, row_id)
        return (
            "The confirmation is on its way again." if sent else "Nothing is sent: it was, just now, or is not wanted."
        )


class NoticeSection(AdminSection):
    """What is said to everybody who booked an event, from the event's page."""

    name, title, singular = "notices", "Notices", "notice"

    def __init__(self, notices: NoticeService) -> None:
        self.notices = notices

    @action("Notify guests", permission="messages:send", icon="send", form=NoticeForm, on="events")
    def notify(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Tell everybody who booked this event something."""
        return who_is_told(self.notices.give(row_id, said["message"], said["subject"], actor=actor))

    @notify.consequences
    def foresee_notify(self, event: Mapping[str, Any], _said: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [who_is_told(self.notices.audience(event["id"]))]


def who_is_told(guests: int) -> str:
    """Return a sentence: how many guests of an event hear of something."""
    if not guests:
        return "Nobody is told: there are no guests who want to be."
    return f"{guests} guest{' is' if guests == 1 else 's are'} told, as they have chosen to be."
