"""Messages: what people are told, by email and by whatever channels plugins add."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.bookings.hooks import BookingCancelled, BookingConfirmed, BookingExpired, BookingResized
from turnout.errors import StartError
from turnout.events.hooks import EventCancelled, EventChanged, EventPostponed, EventPublished, TransitionForeseen
from turnout.events.models import CANCELLED
from turnout.messages import api, mail, tasks
from turnout.messages.admin import BookingMessageSection, MessageSection, NoticeSection, who_is_told
from turnout.messages.channels import Channels, Senders, add_message_channel
from turnout.messages.delivery import deliver
from turnout.messages.enclosures import enclose_calendar, enclose_tickets
from turnout.messages.hooks import NoticeGiven
from turnout.messages.kinds import Kinds, add_message_kind
from turnout.messages.services import GuestService, MessageRegister, MessageService, NoticeService, PreferenceService
from turnout.outbox.retries import Retry
from turnout.security.actors import ORGANIZER, USER

QUEUE = "messages"
"""A queue of its own: no mail server holds up other work."""
RETRY = Retry(attempts=48, first=30, longest=3600)
"""For about a day and a half."""


class MailSettings(colander.MappingSchema):
    """How email goes out."""

    transport = fields.choice(
        (mail.FILE_TRANSPORT, mail.SMTP_TRANSPORT),
        missing=mail.FILE_TRANSPORT,
        description="file: into a folder, as .eml files; smtp: to a mail server",
    )
    folder = colander.SchemaNode(colander.String(), missing="", description="Of .eml files; `turnout.data`/mail")
    sender = colander.SchemaNode(
        colander.String(), missing="Turnout <turnout@localhost>", description="Whom mail comes from"
    )
    host = colander.SchemaNode(colander.String(), missing="", description="The mail server")
    port = fields.whole(0, 65_535, missing=0, description="0: 25, 587 (starttls) or 465 (tls)")
    security = fields.choice((mail.NONE, mail.STARTTLS, mail.TLS), missing=mail.STARTTLS)
    username = colander.SchemaNode(colander.String(), missing="")
    password = colander.SchemaNode(colander.String(), missing="")
    timeout = fields.whole(1, 600, missing=30, description="Seconds for which the mail server may be silent")


class MessageSettings(colander.MappingSchema):
    """What becomes of messages."""

    threads = fields.whole(1, 64, missing=2, description="How many messages a worker sends at once")
    keep_days = fields.whole(1, 3650, missing=90, description="How long messages are kept")


def foresee_transition(event: TransitionForeseen) -> None:
    """Say who is told that an event is called off or postponed."""
    kind = tasks.EVENT_CANCELLED if event.status == CANCELLED else tasks.EVENT_CHANGED
    event.say(who_is_told(event.request.find_service(NoticeService).audience(event.event_id, kind)))


def _email(settings: dict[str, Any]) -> mail.Email:
    """Return the channel of email that the settings describe. Raises `StartError`."""
    try:
        sender = mail.address(settings["mail.sender"])
    except ValueError as error:
        raise StartError(f"Setting mail.sender (or TURNOUT_MAIL_SENDER) cannot be used: {error}.") from None
    if settings["mail.transport"] == mail.FILE_TRANSPORT:
        folder = Path(settings["mail.folder"] or Path(settings["turnout.data"]) / "mail").resolve()
        settings["mail.folder"] = str(folder)
        return mail.Email(sender, mail.FileTransport(folder))
    if not settings["mail.host"]:
        raise StartError(
            "Setting mail.host (or TURNOUT_MAIL_HOST) must name the mail server that mail.transport is for."
        )
    if sender.domain == "localhost":
        raise StartError("Setting mail.sender (or TURNOUT_MAIL_SENDER) must say whom mail comes from.")
    if settings["mail.username"] and settings["mail.security"] == mail.NONE:
        raise StartError(
            "Settings mail.username and mail.password would go over the net for all to read; "
            "set mail.security (or TURNOUT_MAIL_SECURITY) to starttls or tls."
        )
    return mail.Email(sender, mail.SmtpTransport(settings))


def includeme(config: Configurator) -> None:
    config.declare_settings("mail", MailSettings)
    config.declare_settings("messages", MessageSettings)
    registry = config.registry
    registry.message_channels = {}
    registry.message_senders = {}
    registry.message_kinds = {}
    config.add_directive("add_message_channel", add_message_channel)
    config.add_directive("add_message_kind", add_message_kind)
    config.add_injectable(Channels, lambda request: request.registry.message_channels)
    config.add_injectable(Senders, lambda request: request.registry.message_senders)
    config.add_injectable(Kinds, lambda request: request.registry.message_kinds)
    config.add_message_channel("email", _email(config.get_settings()))
    config.declare_permission("messages:read", "See which messages one gets", USER)
    config.declare_permission("messages:update", "Choose which messages one gets", USER)
    config.declare_permission(
        "messages:inspect", "See what was sent about one's own events; staff: all messages", ORGANIZER, tokens=False
    )
    config.declare_permission(
        "messages:retry",
        "Try again what could not be delivered about one's own events; staff: all",
        ORGANIZER,
        tokens=False,
    )
    config.declare_permission("messages:send", "Tell the guests of one's own events something", ORGANIZER)
    for service in (MessageService, GuestService, PreferenceService, NoticeService, MessageRegister):
        config.add_service(service)
    _add_kinds(config)
    config.add_listener(tasks.tell_of_booking, BookingConfirmed, BookingCancelled, BookingExpired, BookingResized)
    config.add_listener(tasks.tell_of_event, EventChanged, EventCancelled, EventPostponed, EventPublished)
    config.add_listener(tasks.tell_of_notice, NoticeGiven)
    config.add_subscriber(foresee_transition, TransitionForeseen)
    config.add_admin_section(NoticeSection)
    config.set_queue_threads(QUEUE, config.get_settings()["messages.threads"])
    config.add_task(deliver, queue=QUEUE, retry=RETRY)
    config.add_task(tasks.tell_guests, queue=QUEUE)
    config.add_periodic_task(tasks.remind, every=timedelta(minutes=1))
    config.add_periodic_task(tasks.purge_messages, every=timedelta(hours=1))
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_admin_section(MessageSection)
    config.add_admin_section(BookingMessageSection)
    config.add_capability("messages", "Messages to guests, by email and what plugins add, as each user chooses")


def _add_kinds(config: Configurator) -> None:
    templates = "turnout.messages:templates"
    for name, title, enclose in (
        (tasks.CONFIRMED_KIND, "A booking is confirmed, with its tickets", enclose_tickets),
        (tasks.CHANGED_KIND, "A booking has more or fewer places, with its tickets", enclose_tickets),
        (tasks.CANCELLED_KIND, "A booking is cancelled", enclose_calendar),
        (tasks.EXPIRED_KIND, "A booking was not confirmed in time", None),
        (tasks.EVENT_CHANGED, "An event that one has booked changes", enclose_calendar),
        (tasks.EVENT_CANCELLED, "An event that one has booked is cancelled", enclose_calendar),
        (tasks.EVENT_REMINDER, "A reminder before an event that one has booked", None),
        (tasks.ORGANIZER_NOTICE, "What the organizer of a booked event has to say", None),
    ):
        options = {} if enclose is None else {"enclose": enclose}
        config.add_message_kind(name, title, templates=templates, **options)
