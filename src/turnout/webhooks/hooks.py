"""What happens to webhooks."""

from dataclasses import dataclass
from datetime import datetime

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class DeliveryDue(DomainEvent):
    """A delivery is to be tried now; `step` counts from 0 the places in the schedule of tries.

    `by_hand`: somebody asked for it, so a pause after failures does not hold it up.
    """

    delivery_id: int
    webhook_id: int
    step: int = 0
    by_hand: bool = False

    @property
    def stream(self) -> str:
        """Return the webhook: to one receiver there is one attempt at a time, in the order of what happened."""
        return f"webhook:{self.webhook_id}"


@dataclass(frozen=True, slots=True)
class WebhookDisabled(DomainEvent):
    """A webhook was switched off because of what became of a delivery; `reason` is the webhook's."""

    webhook_id: int
    delivery_id: int
    reason: str
    failing_since: datetime
    at: datetime

    @property
    def stream(self) -> str:
        """Return the webhook."""
        return f"webhook:{self.webhook_id}"
