"""Ways to reach people. Email is the core's; plugins add others with ``config.add_message_channel(name, channel)``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NewType, Protocol, Self

from pyramid.config import Configurator
from sqlalchemy.orm import Session

from turnout.errors import StartError
from turnout.plugin.boundary import blaming, timed

if TYPE_CHECKING:
    from turnout.users.models import User

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told something: a user, an attendee (with or without an account), or just an address."""

    name: str
    email: str
    phone: str = ""
    user_id: int | None = None
    attendee_id: int | None = None

    @classmethod
    def of_user(cls, user: "User") -> Self:
        """Return a user as somebody who is told something."""
        name = f"{user.first_name} {user.last_name}".strip() or user.username
        return cls(name, user.email, user.phone, user.id)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message. With a `cid`, HTML shows it by ``<img src="cid:...">``, and it is attached too."""

    filename: str
    content_type: str
    content: bytes
    parameters: Mapping[str, str]
    cid: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a channel sends it.

    `reference` is the same whenever the same message is sent again, which a lost answer or a power cut may cause: give
    it to the outside as an idempotency key. `subject` is one line.
    """

    id: int
    reference: str
    kind: str
    name: str
    address: str
    subject: str
    text: str
    html: str
    attachments: Sequence[Attachment]
    created_at: datetime


class Channel(Protocol):
    """A way to reach people."""

    title: str
    """What people call it: "Email"."""
    wanted: bool
    """Whether it is used for those who have not said whether they want it."""

    def address_of(self, recipient: Recipient, session: Session) -> str | None:
        """Return where the recipient is reached, or None; `session` is for what the channel itself keeps of them."""

    def send(self, outgoing: Outgoing) -> None:
        """Hand a message over. Raises `turnout.messages.errors.Undeliverable` if that can never be done.

        Called outside any transaction. Whatever else it raises is taken for trouble that passes: it is called again later.
        """


Channels = NewType("Channels", dict[str, Channel])
"""All channels by name."""

Senders = NewType("Senders", dict[str, Callable[[Outgoing], None]])
"""What sends over each channel, by its name: the channel's own `send`, measured where the channel is a plugin's."""


def add_message_channel(config: Configurator, name: str, channel: Channel) -> None:
    """Directive: let people be reached over `channel`, too. `name` is short and stays: it is kept with each message."""
    if len(name) > LONGEST_NAME:
        raise StartError(f"The name of the message channel {name!r} has more than {LONGEST_NAME} characters.")
    introspectable = config.introspectable("turnout message channels", name, channel.title, "message channel")
    plugin = config.registry.plugins.registrar(channel)

    def send(outgoing: Outgoing) -> None:
        channel.send(outgoing)

    if plugin is not None:
        send = blaming(plugin)(timed(config.registry, plugin, "channel")(send))

    def register() -> None:
        config.registry.message_channels[name] = channel
        config.registry.message_senders[name] = send

    config.action(("turnout message channel", name), register, introspectables=(introspectable,))
