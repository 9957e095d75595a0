"""Payment providers: who takes the money. A plugin adds one with ``config.add_payment_provider(name, provider)``.

    class AcmeProvider(PaymentProvider):
        title = "Acme"

        def __init__(self, settings: Settings, clock: Clock) -> None: ...

    def includeme(config):
        config.add_payment_provider("acme", AcmeProvider)

The class is made when it is needed, its constructor filled by its annotations as a service's is. Its methods are called by
a worker and outside any transaction, however long the provider takes; only `check` and `receive` are called while somebody
waits, and must not talk to anybody.

**What is true is what `look` says.** A notice (webhook) is a hint to look, whatever it says itself: notices come late,
twice, out of order, or from a stranger. What `look` says is compared with the ledger, and the difference is entered.

Amounts are whole numbers of the currency's smallest unit (ISO 4217): 1050 is 10.50 EUR, 1050 JPY, 1.050 KWD.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from turnout.plugin import Invalid

OPEN, PROCESSING, PAID, FAILED, EXPIRED = "open", "processing", "paid", "failed", "expired"
"""What a provider says of a payment: the buyer has not decided; the money is on its way; it is there; it was refused; too late."""
PENDING, DONE = "pending", "done"
"""What a provider says of a refund, beside `FAILED`: it is on its way; the buyer has it."""


class Unavailable(Exception):  # noqa: N818 - what it says is a state
    """The provider cannot be reached, is too busy, or answers nonsense: it is asked again later, with the same key."""


class Refused(Exception):  # noqa: N818 - what it says is a state
    """The provider will not do it, however often it is asked; the text says why, in words for staff."""


class Forged(Invalid):
    """A notice that is not the provider's: its signature is wrong or missing, or it is too old."""

    code = "forged"
    title = "This was not signed by the provider"

    def __init__(self, detail: str = "is missing, wrong, or too old") -> None:
        super().__init__({"signature": detail})


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that is asked for. `key` is the same however often this is asked: it is the provider's idempotency key."""

    key: str
    payment_id: int
    amount: int
    currency: str
    description: str
    reference: str
    """The booking's code."""
    email: str
    back_url: str
    """Where the provider sends the buyer afterwards, whether they paid or not."""
    expires_at: datetime
    """Until when it should be possible to pay."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the buyer pays. `ref` is by what the provider knows the payment; `url` None: there is no such page."""

    ref: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WantedRefund:
    """Money that is to be given back. `key` is the same however often this is asked."""

    key: str
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """A refund as the provider knows it; `key`: ours, where the provider says by which request it was made."""

    ref: str
    amount: int
    status: str
    key: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A payment as the provider knows it now.

    `captured` is what was taken in all, whatever was given back since; `refunds` are all that there are, also those that
    the provider began itself; `disputed` is what it holds back because the buyer disputes it, or gave back for good when
    the dispute was lost. `charge_ref` is a second name by which notices may call the payment. `detail` says why it failed.
    """

    status: str
    captured: int = 0
    currency: str = ""
    charge_ref: str | None = None
    refunds: tuple[SeenRefund, ...] = ()
    disputed: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider tells by itself. `id` is the same when it comes twice.

    `key` (of the `Charge`) and `refs` say which payment it is about: either will do. A notice about nothing of ours has
    neither, and is kept without more.
    """

    id: str
    kind: str
    key: str | None = None
    refs: tuple[str, ...] = ()


class PaymentProvider:
    """Takes money, says what became of it, and gives it back."""

    title: str
    """What buyers and staff read: "Card", "PayPal", "Bank transfer"."""
    hold_for: timedelta | None = None
    """How long places are held for a buyer who has begun to pay; None: as the setting ``payments.hold_minutes`` says."""
    is_settled_by_staff = False
    """Whether staff say that the money is there, because nobody else does: such a provider is never looked at."""

    signature_headers: Collection[str] = ()
    """The headers of a notice, in lower case, that `verify` wants to see. No others are kept."""

    def check(self) -> str | None:
        """Return what is missing before it can be used ("Set stripe.secret_key."), or None: it is ready."""
        return None

    def takes(self, currency: str) -> bool:  # noqa: ARG002 - most take all
        """Tell whether it takes money of a currency."""
        return True

    def open(self, charge: Charge) -> Opened:
        """Begin a payment. Raises `Unavailable`, `Refused`."""
        raise NotImplementedError

    def look(self, ref: str) -> Seen:
        """Return what became of a payment; take the money first, if the buyer has agreed and it waits for that.

        Raises `Unavailable`, `Refused`.
        """
        raise NotImplementedError

    def close(self, ref: str) -> None:
        """Let a payment not be possible any more, if nobody has paid yet. Raises `Unavailable`, `Refused`."""

    def refund(self, ref: str, wanted: WantedRefund) -> SeenRefund:
        """Give money back. Raises `Unavailable`, `Refused`."""
        raise NotImplementedError

    def receive(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002 - for those who send none
        """Return what a notice says, if it can be the provider's. Raises `Forged`, `turnout.plugin.Invalid`.

        While the provider waits for the answer: whatever has to be asked for is asked in `verify`. `headers` are found by
        lower-case names.
        """
        raise Forged("is none: this provider sends no notices")

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - for those who must ask
        """Tell whether a notice is the provider's, where `receive` alone cannot say. Raises `Unavailable`.

        `headers` are those of `signature_headers` that came.
        """
        return True
