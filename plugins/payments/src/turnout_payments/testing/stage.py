"""How things happen at a provider's fake, in the words of the suite."""

from collections.abc import Collection, Sequence
from typing import ClassVar

import httpx2
from turnout.plugin import Clock, Settings
from turnout.testing.fakes import Fake

from turnout_payments.providers import PaymentProvider


class CannotBePaid(Exception):  # noqa: N818 - what it says is a state
    """A payment is over at the provider: no buyer can pay it any more."""


class Stage:
    """What buyers, their banks and the provider's own staff do, said once for each provider, by its author.

    A subclass makes the `fake`, which tells the time by `now`, and says how each of these things happens there. `ref` is by
    what the provider knows a payment; amounts are whole numbers of the currency's smallest unit, of euros where nothing else
    is said. Settings are called as after the provider's name and a dot; two of them are there by these names: ``base_url``,
    where the API is, and ``timeout_seconds``.
    """

    name: ClassVar[str]
    """The provider's name, and its plugin's."""
    home: ClassVar[str]
    """The default of ``base_url``."""
    required: ClassVar[Collection[str]]
    """The settings without which nothing can be paid."""
    secrets: ClassVar[Collection[str]]
    """Those of them that nobody may see."""
    wrong: ClassVar[tuple[str, str]]
    """A setting, and a value by which the fake knows that we are not who we say, such as another secret key."""
    stale: ClassVar[int]
    """How many seconds after it was signed a notice is refused."""
    amounts: ClassVar[Sequence[tuple[int, str]]]
    """Amounts to be paid, among them such of currencies without decimals, or with three, where they are taken."""
    too_fine: ClassVar[Sequence[tuple[int, str]]] = ()
    """Amounts that the provider does not take, though it takes the currency."""
    not_taken: ClassVar[Collection[str]] = ()
    """Currencies that it does not take."""
    fake: Fake

    def __init__(self) -> None:
        self.clock = Clock()

    def now(self) -> float:
        """Return the time by the clock of whoever is tested, in seconds, as `time.time` does."""
        return self.clock.now().timestamp()

    def settings(self) -> dict[str, str]:
        """Return the settings of an application that is to speak with the fake."""
        raise NotImplementedError

    def provider(self, settings: Settings, clock: Clock) -> PaymentProvider:
        """Make the provider, as the plugin does."""
        raise NotImplementedError

    def preface(self, path: str) -> bytes | None:  # noqa: ARG002 - for those who begin with a token
        """Return what is answered at a path of the API before anything else can be asked, such as a token; None: no such path."""
        return None

    def opened(self) -> int:
        """Return how many payments were ever begun at the fake."""
        raise NotImplementedError

    def held(self, ref: str) -> int:
        """Return what the fake's books hold of a payment: what was taken, less what was given back or is disputed."""
        raise NotImplementedError

    def visit(self, url: str, action: str = "pay") -> str | None:
        """Let a buyer press a button of the page they were sent to; return where it sends them, None: they stay."""
        with httpx2.Client(trust_env=False) as buyer:
            return buyer.post(url, data={"action": action}).headers.get("location")

    def pay(self, ref: str) -> None:
        """Let the buyer pay, or agree to pay. Raises `CannotBePaid`."""
        raise NotImplementedError

    def take(self, ref: str) -> None:
        """Let the money be taken to which the buyer has agreed, where that is another step."""

    def decline(self, ref: str) -> None:
        """Let the buyer try, and their bank say no at once."""
        raise NotImplementedError

    def delay(self, ref: str) -> None:
        """Let the buyer pay in a way that takes its time: `arrive` or `fail` come later."""
        raise NotImplementedError

    def arrive(self, ref: str) -> None:
        """Let money that was on its way be there."""
        raise NotImplementedError

    def fail(self, ref: str) -> None:
        """Let money that was on its way not come."""
        raise NotImplementedError

    def refund(self, ref: str, amount: int) -> str:
        """Give money back without having been asked for it by a program; return the refund's ref."""
        raise NotImplementedError

    def refunds_become(self, status: str) -> None:
        """Let refunds that are asked for from now on be `DONE`, `PENDING` or `FAILED` (`turnout_payments.providers`)."""
        raise NotImplementedError

    def fail_refund(self, refund_ref: str) -> None:
        """Let a refund come to nothing, whether it was pending or done."""
        raise NotImplementedError

    def dispute(self, ref: str, amount: int) -> str:
        """Let the buyer want money back from their bank; return the dispute's ref."""
        raise NotImplementedError

    def end_dispute(self, dispute_ref: str, *, won: bool) -> None:
        """Let the bank decide, for the organizer (`won`) or for the buyer."""
        raise NotImplementedError

    def forget_keys(self) -> None:
        """Let the provider forget which requests were made by which keys, as they do in time."""
        raise NotImplementedError

    def stranger(self) -> None:
        """Let something happen to a payment of the same account that nobody of ours has begun, of which it tells."""
        raise NotImplementedError

    def signed(self, body: bytes, *, age: int = 0, forged: bool = False) -> dict[str, str]:
        """Return the headers of a notice, which was signed some seconds ago, or by somebody else."""
        courier = self.fake.courier
        courier.age, courier.forged = age, forged
        try:
            return dict(self.fake.sign(courier, body))
        finally:
            courier.age, courier.forged = 0, False

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.fake.faults.every = 0
        self.refunds_become("done")
