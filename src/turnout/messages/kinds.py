"""What messages there are. Plugins add their own with ``config.add_message_kind(name, title, templates="package:folder")``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

from pyramid.config import Configurator
from sqlalchemy.orm import Session

from turnout.errors import StartError
from turnout.injection import Settings
from turnout.messages.channels import LONGEST_NAME, Attachment
from turnout.messages.rendering import Templates
from turnout.plugin.boundary import blaming, timed


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is about to be sent: what it was put with, and a session to read with what it needs beside that."""

    context: Mapping[str, Any]
    booking_id: int | None
    created_at: datetime
    session: Session
    settings: Settings


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What a message gets just before it is sent: more for its templates, and files."""

    context: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()


Enclose = Callable[[Draft], Enclosed]


def enclose_nothing(_draft: Draft) -> Enclosed:
    """Return nothing: what most messages need beside what they were put with."""
    return Enclosed()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message; `title` names it where people choose what they get, `wanted` is for those who have not chosen."""

    name: str
    title: str
    templates: Templates
    enclose: Enclose = enclose_nothing
    wanted: bool = True


Kinds = NewType("Kinds", dict[str, Kind])
"""All kinds by name."""


def add_message_kind(
    config: Configurator,
    name: str,
    title: str,
    *,
    templates: str,
    enclose: Enclose = enclose_nothing,
    wanted: bool = True,
) -> None:
    """Directive: let ``MessageService.send(name, ...)`` be possible.

    `templates` is "package:folder" with ``<name>.txt``, whose first line is ``Subject: ...``, and ``<name>.html``, which
    may extend ``base.html``. `enclose` is called just before each message is sent, for files and whatever should be as
    new as can be. Raises `turnout.errors.StartError` for templates that are not there or cannot be read.
    """
    if len(name) > LONGEST_NAME:
        raise StartError(f"The name of the kind of message {name!r} has more than {LONGEST_NAME} characters.")
    plugin = config.registry.plugins.registrar(enclose)
    if plugin is not None:
        enclose = blaming(plugin)(timed(config.registry, plugin, "message")(enclose))
    kind = Kind(name, title, Templates(name, templates), enclose, wanted)
    introspectable = config.introspectable("turnout message kinds", name, title, "message kind")

    def register() -> None:
        config.registry.message_kinds[name] = kind

    config.action(("turnout message kind", name), register, introspectables=(introspectable,))
