"""Messages in the admin UI; organizers see those about their own events."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.panels import ATTENTION, Block, Link, Note, panel
from turnout.admin.sections import TALK, AdminSection, Column
from turnout.messages.models import FAILED
from turnout.messages.schemas import MessageQuery, MessageView
from turnout.messages.services import MessageRegister
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
