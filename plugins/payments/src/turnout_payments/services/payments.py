"""Paying for bookings: beginning a payment, and ending it."""

import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NewType
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.bookings.errors import HoldExpired, NotOnSale, WrongBookingStatus
from turnout.bookings.models import ACTIVE, CONFIRMED, Booking
from turnout.bookings.services import BookingService
from turnout.events.models import PUBLISHED, Event
from turnout.plugin import Actor, Announce, Clock, Denied, Invalid, NotFound, Settings

from turnout_payments.errors import NothingDue, NotSettledByStaff, PaymentUnderway, WrongRefundStatus
from turnout_payments.hooks import PaymentBegun, PaymentClosed
from turnout_payments.models import (
    CANCELLED,
    CREATED,
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PENDING,
    PROCESSING,
    TO_GIVE_BACK,
    UNDECIDED,
    UNDERWAY,
    Payment,
    Refund,
)
from turnout_payments.money import as_text
from turnout_payments.providers import Opened, PaymentProvider, Providers, Seen, SeenRefund
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.rows import Rows, new_key
from turnout_payments.services.settlement import CLOSABLE, Settlement

Home = NewType("Home", str)
"""The address under which this installation is reached: where the buyer's own pages begin."""
AWAITED, ENDED, SETTLED = "awaited", "ended", "settled"


class PaymentService:
    """Lets buyers pay for bookings, and staff say that money is there."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        home: Home,
        bookings: BookingService,
        providers: Providers,
        rows: Rows,
        settlement: Settlement,
        ledger: Ledger,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.home = home
        self.bookings = bookings
        self.providers = providers
        self.rows = rows
        self.settlement = settlement
        self.ledger = ledger

    def begin(self, booking_id: int, provider: str, return_url: str, *, actor: Actor) -> int:
        """Begin to pay what is due of a held booking; return the payment's id. The provider is asked later, by a worker.

        Other payments of the booking that nobody decided yet are closed. Raises `NotFound`, `WrongBookingStatus`,
        `HoldExpired`, `NotOnSale`, `NothingDue`, `PaymentUnderway`, and `Invalid` at `provider` and `return_url`.
        """
        booking = self.bookings.for_change(booking_id, actor=actor)
        chosen = self._ready(provider, booking.currency)
        self._require_return(return_url)
        due = self._require_payable(booking)
        payments = self.rows.of_booking(booking.id)
        if any(payment.status == PROCESSING for payment in payments):
            raise PaymentUnderway
        self.settlement.give_up(payments, CANCELLED)
        until = self._hold(booking, chosen)
        payment = self._new(booking, provider, due, until, return_url=return_url)
        self.announce(PaymentBegun(payment.id))
        return payment.id

    def _ready(self, name: str, currency: str) -> PaymentProvider:
        provider = self.providers.get(name)
        if provider is None or provider.check() is not None:
            raise Invalid({"provider": f"must be one of: {', '.join(self.providers.ready()) or 'none is set up'}"})
        if not provider.takes(currency):
            raise Invalid({"provider": f"does not take {currency}"})
        return provider

    def _require_return(self, url: str) -> None:
        """Raise `Invalid` for an address to which a buyer is not sent."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.username is not None or any(ord(letter) <= ord(" ") for letter in url):
            raise Invalid({"return_url": "must be an absolute web address"})
        is_safe = _is_loopback(host) or self.settings["turnout.environment"] == "development"
        if parts.scheme != "https" and not (parts.scheme == "http" and is_safe):
            raise Invalid({"return_url": "must begin with https://"})
        allowed = self.settings["payments.return_hosts"].lower().split()
        if allowed and host not in allowed:
            raise Invalid({"return_url": "leads to a host that the setting payments.return_hosts does not name"})

    def _require_payable(self, booking: Booking) -> int:
        """Return what is due of a locked booking that can be paid now."""
        now = self.clock.now()
        due = self.rows.balance(booking).due
        if booking.status in {PENDING, CONFIRMED} and due <= 0:
            raise NothingDue
        if booking.status != PENDING or booking.expires_at is None:
            raise _not_payable(booking)
        if booking.expires_at <= now:
            raise HoldExpired("The places were held until then; book again.", expired_at=booking.expires_at)
        is_on = select(Event.id).where(Event.id == booking.event_id, Event.status == PUBLISHED, Event.ends_at > now)
        if self.session.scalar(is_on) is None:
            raise NotOnSale("The event is not on sale any more; cancel the booking.")
        return due

    def _hold(self, booking: Booking, provider: PaymentProvider) -> datetime:
        """Hold the booking's places while it is paid; return until when it should be.

        Not for ever, however often somebody begins again, and not beyond the event's start.
        """
        now = self.clock.now()
        usual = timedelta(minutes=self.settings["payments.hold_minutes"])
        longest = timedelta(minutes=self.settings["payments.longest_hold_minutes"])
        wanted = provider.hold_for or usual
        event = self.session.execute(select(Event.starts_at, Event.ends_at).where(Event.id == booking.event_id)).one()
        limit = event.starts_at if event.starts_at > now else event.ends_at
        until: datetime = min(now + wanted, booking.created_at + max(longest, wanted), limit)
        held_until = self.bookings.extend_hold(booking.id, until)
        return max(until, min(held_until, now + wanted))

    def _new(self, booking: Booking, provider: str, amount: int, until: datetime, *, return_url: str = "") -> Payment:
        now = self.clock.now()
        payment = Payment(
            booking_id=booking.id,
            event_id=booking.event_id,
            user_id=booking.user_id,
            booking_code=booking.code,
            provider=provider,
            key=new_key("payment"),
            token=secrets.token_urlsafe(32),
            home=self.home,
            return_url=return_url,
            status=CREATED,
            currency=booking.currency,
            amount=amount,
            expires_at=until,
            created_at=now,
            updated_at=now,
        )
        self.session.add(payment)
        self.session.flush()
        return payment

    def opened(self, payment_id: int, opened: Opened) -> None:
        """Note where the buyer pays; if the payment was given up meanwhile, it is closed at the provider, too."""
        payment = self._locked(payment_id)
        is_open = self.rows.change(payment, Payment.status == CREATED, status=OPEN, ref=opened.ref, url=opened.url)
        if not is_open and self.rows.change(payment, Payment.ref.is_(None), ref=opened.ref):
            self.announce(PaymentClosed(payment.id))

    def fail(self, payment_id: int, detail: str) -> None:
        """Note that a payment could not be begun, and why."""
        self.rows.change(self._locked(payment_id), Payment.status == CREATED, status=FAILED, detail=detail)

    def expire(self, payment_id: int) -> None:
        """Close a payment whose time is over and that nobody has decided."""
        payment = self._locked(payment_id)
        if payment.expires_at <= self.clock.now():
            self.settlement.give_up([payment], EXPIRED)

    def outlook(self, payment_id: int) -> str:
        """Tell whether something is to come of a payment that its provider knows: AWAITED, ENDED (perhaps, late), SETTLED."""
        payment = self.session.get(Payment, payment_id, populate_existing=True)
        provider = None if payment is None else self.providers.get(payment.provider)
        if payment is None or provider is None or provider.is_settled_by_staff:
            return SETTLED
        pending = select(Refund.id).where(Refund.payment_id == payment_id, Refund.status == PENDING).limit(1)
        if payment.status in UNDECIDED or self.session.scalar(pending) is not None:
            return AWAITED
        return SETTLED if payment.status == PAID else ENDED

    def _locked(self, payment_id: int) -> Payment:
        return self.rows.locked(payment_id)[1]

    def close(self, payment_id: int, *, actor: Actor) -> None:
        """Let a payment that nobody decided yet not be possible any more; one that is decided stays as it is.

        For the booker, the organizer and staff. Raises `NotFound`.
        """
        payment = self._locked(payment_id)
        if not actor.owns(payment.user_id):
            self.rows.require_organizer(payment, actor)
        self.settlement.give_up([payment], CANCELLED)

    def close_of_booking(self, booking_id: int) -> None:
        """Close what is open of a booking: its price has changed, or it is no more."""
        booking = self.rows.booking(booking_id)
        if booking is not None:
            status = EXPIRED if booking.status == EXPIRED else CANCELLED
            self.settlement.give_up(self.rows.of_booking(booking_id), status)

    def close_of_event(self, event_id: int) -> None:
        """Close what is open of an event that is not sold any more."""
        query = select(Payment.id).where(Payment.event_id == event_id, Payment.status.in_(CLOSABLE))
        for payment_id in self.session.scalars(query.order_by(Payment.booking_id, Payment.id)).all():
            self.settlement.give_up([self._locked(payment_id)], CANCELLED)

    def mark_paid(
        self, booking_id: int, *, provider: str = "manual", amount: int | None = None, note: str = "", actor: Actor
    ) -> int:
        """Note that money for a booking is there, by a provider that staff settle; return the payment's id.

        `amount`, in the smallest unit, is what is due unless said otherwise. An open payment of the provider is taken, or
        one is made; others that are open are closed. For the event's organizer and staff; also after the hold has expired.
        Raises `NotFound`, `Denied`, `WrongBookingStatus`, `NothingDue`, `NotSettledByStaff`, and `Invalid` at `provider` and
        `amount`.
        """
        booking = self.bookings.for_change(booking_id, actor=actor)
        organizer_id = self.session.scalar(select(Event.organizer_id).where(Event.id == booking.event_id))
        if not actor.owns(organizer_id):
            raise Denied("Only the event's organizer and staff say that money is there.")
        self._require_settled_by_staff(provider)
        if booking.status not in {*ACTIVE, EXPIRED}:
            raise _not_payable(booking)
        due = self.rows.balance(booking).due
        if due <= 0:
            raise NothingDue
        came = due if amount is None else amount
        if not 0 < came <= due:
            most = as_text(due, booking.currency)
            raise Invalid({"amount": f"must be more than nothing, and at most {most} {booking.currency}"})
        payments = self.rows.of_booking(booking.id)
        own = [one for one in payments if one.provider == provider and one.status in UNDECIDED]
        payment = own[-1] if own else self._new(booking, provider, came, self.clock.now())
        self.settlement.give_up((one for one in payments if one.id != payment.id), CANCELLED)
        self.rows.change(payment, Payment.ref.is_(None), ref=payment.key)
        captured = payment.captured + came
        seen = Seen(PAID, captured=captured, currency=payment.currency)
        self.settlement.apply(payment.id, seen, by_staff=True)
        if note:
            self.rows.change(payment, detail=note)
        return payment.id

    def mark_refunded(self, refund_id: int, *, actor: Actor) -> None:
        """Note that the buyer has a refund's money, of a provider that staff settle: organizer and staff.

        Raises `NotFound`, `Denied`, `NotSettledByStaff`, `WrongRefundStatus`.
        """
        payment_id = self.session.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
        if payment_id is None:
            raise NotFound("There is no such refund.")
        payment = self._locked(payment_id)
        self.rows.require_organizer(payment, actor)
        self._require_settled_by_staff(payment.provider)
        refund = self.session.get_one(Refund, refund_id, populate_existing=True)
        if refund.status not in UNDERWAY:
            raise WrongRefundStatus(f"The refund is {refund.status}.", status_now=refund.status)
        seen = SeenRefund(refund.ref or refund.key, refund.amount, DONE, refund.key)
        self.settlement.apply_refund(refund_id, seen)

    def note_by_hand(self, refund_id: int) -> None:
        """Let staff know that they have to give a refund's money back themselves, where it is a provider that they settle."""
        payment_id = self.session.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
        payment = None if payment_id is None else self._locked(payment_id)
        provider = None if payment is None else self.providers.get(payment.provider)
        if payment is not None and provider is not None and provider.is_settled_by_staff:
            self.ledger.trouble(payment, TO_GIVE_BACK)

    def _require_settled_by_staff(self, name: str) -> None:
        provider = self.providers.get(name)
        if provider is None:
            raise Invalid({"provider": "is not known"})
        if not provider.is_settled_by_staff:
            raise NotSettledByStaff


def _not_payable(booking: Booking) -> WrongBookingStatus:
    return WrongBookingStatus(f"The booking is {booking.status}; it cannot be paid.", status_now=booking.status)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
