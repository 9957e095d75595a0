"""What users want to be told, and how."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from turnout.errors import Invalid
from turnout.messages.channels import Channels
from turnout.messages.kinds import Kinds
from turnout.messages.models import MessagePreference
from turnout.users.models import User
from turnout.versions import Versioned, require_version

Choices = dict[tuple[str, str], bool]
"""Whether something is wanted, by kind and channel."""


class PreferenceService:
    """Shows and changes which kinds of messages users get over which channels."""

    def __init__(self, session: Session, channels: Channels, kinds: Kinds) -> None:
        self.session = session
        self.channels = channels
        self.kinds = kinds

    def get(self, user_id: int) -> Versioned:
        """Return every kind and channel, and whether the user wants them together."""
        choices = self._choices(user_id)
        shown = {
            "kinds": [{"name": kind.name, "title": kind.title} for kind in self.kinds.values()],
            "channels": [{"name": name, "title": channel.title} for name, channel in self.channels.items()],
            "choices": [{"kind": kind, "channel": name, "wanted": wanted} for (kind, name), wanted in choices.items()],
        }
        return Versioned(shown, _version(choices))

    def replace(
        self, user_id: int, wanted: Iterable[Mapping[str, Any]], *, expected: Collection[int] | None = None
    ) -> Versioned:
        """Choose anew; what is not named is as it is by default. Raises `Invalid`, `VersionMismatch`."""
        # Locked, so that of two who change the same version one is told.
        self.session.execute(select(User.id).where(User.id == user_id).with_for_update())
        require_version(_version(self._choices(user_id)), expected)
        default = self._default()
        chosen: Choices = {}
        for number, choice in enumerate(wanted):
            place = (choice["kind"], choice["channel"])
            self._check(f"choices.{number}", place, chosen)
            chosen[place] = choice["wanted"]
        rows = [
            {"user_id": user_id, "kind": kind, "channel": channel, "wanted": wanted}
            for (kind, channel), wanted in chosen.items()
            if default[kind, channel] != wanted
        ]
        # What belongs to a plugin that is not there now is kept.
        is_known = MessagePreference.kind.in_(self.kinds) & MessagePreference.channel.in_(self.channels)
        self.session.execute(delete(MessagePreference).where(MessagePreference.user_id == user_id, is_known))
        if rows:
            self.session.execute(insert(MessagePreference), rows)
        return self.get(user_id)

    def _check(self, field: str, place: tuple[str, str], chosen: Choices) -> None:
        kind, channel = place
        if kind not in self.kinds:
            raise Invalid({f"{field}.kind": f"there is no such kind of message; there are: {', '.join(self.kinds)}"})
        if channel not in self.channels:
            raise Invalid({f"{field}.channel": f"there is no such channel; there are: {', '.join(self.channels)}"})
        if place in chosen:
            raise Invalid({field: "is there twice"})

    def _default(self) -> Choices:
        return {
            (kind.name, name): kind.wanted and channel.wanted
            for kind in self.kinds.values()
            for name, channel in self.channels.items()
        }

    def _choices(self, user_id: int) -> Choices:
        query = select(MessagePreference.kind, MessagePreference.channel, MessagePreference.wanted)
        stored = self.session.execute(query.where(MessagePreference.user_id == user_id))
        choices = self._default()
        # What belongs to a plugin that is not there is kept, and not shown.
        choices.update({(kind, channel): wanted for kind, channel, wanted in stored if (kind, channel) in choices})
        return choices


def _version(choices: Choices) -> int:
    """Return a number that is another when the choices are: there is no row that could count its versions."""
    return int.from_bytes(sha256(repr(sorted(choices.items())).encode()).digest()[:6])
