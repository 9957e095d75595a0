"""What can go wrong with webhooks."""

from turnout.errors import Conflict


class WebhookOff(Conflict):
    """The webhook is switched off, so nothing is sent to it."""

    code = "webhook_off"
    title = "The webhook is switched off"


class TooManyWebhooks(Conflict):
    """Somebody has as many webhooks as one user may have."""

    code = "too_many_webhooks"
    title = "You have as many webhooks as you may have"


class AlreadyWaiting(Conflict):
    """The same is about to be sent already."""

    code = "already_waiting"
    title = "This is about to be sent already"
