"""What happens to payments."""

from dataclasses import dataclass

from turnout.plugin import DomainEvent


@dataclass(frozen=True, slots=True)
class PaymentEvent(DomainEvent):
    """Something that happened to one payment. The ids of the booking and the event are None where these are gone."""

    payment_id: int
    booking_id: int | None
    event_id: int | None

    @property
    def stream(self) -> str:
        """Return the payment."""
        return f"payment:{self.payment_id}"


@dataclass(frozen=True, slots=True)
class PaymentReceived(PaymentEvent):
    """Money of a payment is there."""


@dataclass(frozen=True, slots=True)
class PaymentRefunded(PaymentEvent):
    """Money of a payment was given back."""

    refund_id: int


@dataclass(frozen=True, slots=True)
class PaymentTroubled(PaymentEvent):
    """Staff have to look after a payment: `problem` is one of `turnout_payments.models.PROBLEMS`."""

    problem: str


@dataclass(frozen=True, slots=True)
class PaymentBegun(DomainEvent):
    """Somebody wants to pay: the provider is to be asked for it, by a worker."""

    payment_id: int


@dataclass(frozen=True, slots=True)
class PaymentClosed(DomainEvent):
    """A payment that the provider knows, and nobody decided, is not to be possible any more."""

    payment_id: int


@dataclass(frozen=True, slots=True)
class LookWanted(DomainEvent):
    """Something may have happened to a payment: the provider is to be asked."""

    payment_id: int


@dataclass(frozen=True, slots=True)
class RefundRequested(DomainEvent):
    """Money is to be given back: the provider is to be asked for it, by a worker."""

    refund_id: int


@dataclass(frozen=True, slots=True)
class NoticeKept(DomainEvent):
    """A provider told something by itself."""

    notice_id: int


@dataclass(frozen=True, slots=True)
class RefundRunBegun(DomainEvent):
    """All payments of an event are to be given back."""

    run_id: int
