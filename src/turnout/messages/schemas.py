"""Schemas of messages."""

from turnout import schema as fields
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


class NoticeView(Schema):
    """A notice that is on its way."""

    status = fields.choice(("queued",))
    users_notified = fields.whole(description="How many people with an active booking want such messages")
    event_id = fields.identifier()
