"""The `test` provider: there is no bank behind it, and whoever pays plays on a page of ours what happens (`pages`).

It is for demos and for the tests of those who build on the API. A setting allows it, and production refuses that.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from turnout.plugin import Clock, NotFound, ReadSession, Session, Settings

from turnout_payments.models import Play
from turnout_payments.providers.contract import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PROCESSING,
    Charge,
    Opened,
    PaymentProvider,
    Refused,
    Seen,
    SeenRefund,
    WantedRefund,
)

DELAY = timedelta(seconds=20)
"""How long money is on its way, where that is played."""
DECLINED = "The bank said no, as it was played."


def status_of(play: Play, clock: Clock) -> str:
    """Return how a payment is by now: money that was on its way may have arrived."""
    has_arrived = play.paid_from is not None and play.paid_from <= clock.now()
    return PAID if play.status == PROCESSING and has_arrived else play.status


def _captured(play: Play, clock: Clock) -> int:
    return play.captured if status_of(play, clock) == PAID else 0


def _refunded(play: Play) -> int:
    return sum(int(refund["amount"]) for refund in play.refunds)


class PlayingProvider(PaymentProvider):
    """Takes no money: what it knows of a payment is what somebody has played."""

    title = "Test payment"

    def __init__(self, session: Session, reading: ReadSession, settings: Settings, clock: Clock) -> None:
        self.session = session
        self.reading = reading
        self.settings = settings
        self.clock = clock

    def check(self) -> str | None:
        """Refuse to be used where nobody has said that bookings may be paid without money."""
        return None if self.settings["payments.allow_test"] else "Set payments.allow_test: it takes no money."

    def open(self, charge: Charge) -> Opened:
        """Begin a payment; its page lies beside the one that the buyer comes back to."""
        if self.session.get(Play, charge.key) is None:
            play = Play(
                ref=charge.key,
                amount=charge.amount,
                currency=charge.currency,
                description=charge.description,
                back_url=charge.back_url,
                status=OPEN,
                refunds=[],
            )
            self.session.add(play)
            self.session.flush()
        return Opened(charge.key, f"{charge.back_url.removesuffix('/back')}/play")

    def look(self, ref: str) -> Seen:
        """Return what was played."""
        with self.reading as reading:
            play = reading.get(Play, ref, populate_existing=True)
            if play is None:
                raise Refused("Nobody has played this payment.")
            status = status_of(play, self.clock)
            return Seen(
                status,
                captured=_captured(play, self.clock),
                currency=play.currency,
                refunds=tuple(SeenRefund(**refund) for refund in play.refunds),  # type: ignore[arg-type]
                disputed=play.disputed,
                detail=DECLINED if status == FAILED else "",
            )

    def close(self, ref: str) -> None:
        """Let it not be payable any more."""
        play = self._locked(ref)
        if play is not None and play.status == OPEN:
            play.status = EXPIRED
            self.session.flush()

    def refund(self, ref: str, wanted: WantedRefund) -> SeenRefund:
        """Give money back; once, however often it is asked with one key."""
        play = self._locked(ref)
        if play is None:
            raise Refused("Nobody has played this payment.")
        known = next((refund for refund in play.refunds if refund["key"] == wanted.key), None)
        if known is not None:
            return SeenRefund(**known)  # type: ignore[arg-type]
        if _refunded(play) + play.disputed + wanted.amount > _captured(play, self.clock):
            raise Refused("There is not so much left to give back.")
        seen = SeenRefund(f"played-{wanted.key}", wanted.amount, DONE, wanted.key)
        play.refunds = [*play.refunds, asdict(seen)]
        self.session.flush()
        return seen

    def _locked(self, ref: str) -> Play | None:
        return _locked(self.session, ref)


class PlayService:
    """What can be played of a payment. What is not possible any more changes nothing."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session = session
        self.clock = clock

    def get(self, ref: str) -> dict[str, Any]:
        """Return a payment as the bank has it. Raises `NotFound`."""
        play = self.session.get(Play, ref, populate_existing=True)
        if play is None:
            raise NotFound("There is no such payment to play.")
        left = _captured(play, self.clock) - _refunded(play) - play.disputed
        return {
            "amount": play.amount,
            "currency": play.currency,
            "description": play.description,
            "status": status_of(play, self.clock),
            "left": left,
            "disputed": play.disputed,
        }

    def pay(self, ref: str) -> None:
        """Pay: the money is there at once."""
        self._decide(ref, PAID)

    def delay(self, ref: str) -> None:
        """Pay, so that the money is on its way for a while (`DELAY`)."""
        self._decide(ref, PROCESSING)

    def fail(self, ref: str) -> None:
        """Let the bank say no."""
        self._decide(ref, FAILED)

    def dispute(self, ref: str) -> None:
        """Let the buyer want back from their bank what is left of it."""
        play = _locked(self.session, ref)
        if play is not None and not play.disputed:
            play.disputed = _captured(play, self.clock) - _refunded(play)
            self.session.flush()

    def withdraw(self, ref: str) -> None:
        """Let the dispute be decided for the organizer."""
        play = _locked(self.session, ref)
        if play is not None:
            play.disputed = 0
            self.session.flush()

    def _decide(self, ref: str, status: str) -> None:
        play = _locked(self.session, ref)
        if play is not None and play.status == OPEN:
            play.status = status
            play.captured = 0 if status == FAILED else play.amount
            play.paid_from = self.clock.now() + DELAY if status == PROCESSING else None
            self.session.flush()


def _locked(session: Session, ref: str) -> Play | None:
    """Return a payment as it is, which nobody else changes until the transaction ends."""
    return session.scalars(
        select(Play).where(Play.ref == ref).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
