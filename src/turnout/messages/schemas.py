"""Schemas of messages."""

from turnout import schema as fields
from turnout.api.pages import PageQuery
from turnout.messages.models import STATUSES
from turnout.schema import Schema

MOST_CHOICES = 1000
LONGEST_NOTICE = 5000


class MessageChoice(Schema):
    """Whether a kind of message is wanted over a channel."""

    kind = fields.text(60, example="event_reminder")
    channel = fields.text(40, example="email")
    wanted = fields.flag()


class ChosenMessages(Schema):
    """What a user wants to be told; what is not named is as it is by default."""

    choices = fields.many(MessageChoice(name="choice"), MOST_CHOICES)


class MessageTerm(Schema):
    """Something with a name for programs and a title for people."""

    name = fields.text(60)
    title = fields.text(200)


class MessageChoices(Schema):
    """What a user wants to be told, and how."""

    kinds = fields.many(MessageTerm(name="kind"), MOST_CHOICES)
    channels = fields.many(MessageTerm(name="channel"), MOST_CHOICES)
    choices = fields.many(MessageChoice(name="choice"), MOST_CHOICES, description="Each kind with each channel")


class NoticeInput(Schema):
    """What an organizer has to say to the guests of an event."""

    message = fields.text(
        LONGEST_NOTICE,
        description="Plain text; blank lines part paragraphs",
        example="Doors open half an hour earlier.",
    )
    subject = fields.text(200, optional=True, description="By default the event's title")


class NoticeForm(NoticeInput):
    """What an organizer has to say, in the order of a letter."""

    subject = fields.text(200, optional=True, insert_before="message", description="By default the event's title")


class NoticeView(Schema):
    """A notice that is on its way."""

    status = fields.choice(("queued",))
    users_notified = fields.whole(description="How many people with an active booking want such messages")
    event_id = fields.identifier()


class MessageView(Schema):
    """A message to one person over one channel."""

    id = fields.identifier()
    title = fields.text(200, title="What")
    kind = fields.text(60)
    channel = fields.text(40)
    name = fields.text(201, 0, title="To")
    address = fields.text(1000)
    subject = fields.text(1000, 0, description="Empty until it was sent")
    status = fields.choice(STATUSES)
    error = fields.text(2000, 0, title="Why it failed")
    user_id = fields.identifier(optional=True)
    event_id = fields.identifier(optional=True)
    booking_id = fields.identifier(optional=True)
    created_at = fields.moment()
    expires_at = fields.moment(optional=True, title="Not worth sending after")
    sent_at = fields.moment(optional=True)


class MessageQuery(PageQuery):
    """Filters of the list of messages."""

    status = fields.choice(STATUSES, missing=None)
    event = fields.identifier(missing=None)
    user = fields.identifier(missing=None)
    kind = fields.text(60, missing=None, example="booking_confirmed")
    channel = fields.text(40, missing=None, example="email")
