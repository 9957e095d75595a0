"""Background work of payments: all talk with providers, each outside any transaction.

Each reads and talks by the `Gateway`, and only then writes: what it writes and that the job is done is one transaction. If
the worker dies before, the same is asked again, with the same key.
"""

from datetime import timedelta

import structlog
from sqlalchemy import select
from turnout.bookings.hooks import BookingCancelled, BookingExpired
from turnout.events.hooks import EventCancelled, EventPostponed
from turnout.events.models import Event
from turnout.outbox.services import Outbox
from turnout.plugin import SYSTEM, Clock, CurrentJob, NotFound, Retry, Session, Told

from turnout_payments.hooks import (
    LookWanted,
    NoticeKept,
    PaymentBegun,
    PaymentClosed,
    PaymentEvent,
    PaymentReceived,
    PaymentRefunded,
    PaymentTroubled,
    RefundRequested,
    RefundRunBegun,
)
from turnout_payments.providers import PENDING, Refused, Unavailable
from turnout_payments.services import (
    Gateway,
    NoticeService,
    PaymentCatalog,
    PaymentService,
    RefundRuns,
    RefundService,
    Settlement,
    Telling,
)
from turnout_payments.services.payments import AWAITED, ENDED

OPENING = Retry(attempts=8, first=1, longest=30)
"""The buyer waits for it."""
LOOKING = Retry(attempts=8, first=5, longest=600)
REFUNDING = Retry(attempts=60, first=5, longest=3600)
"""Two days of a provider that cannot be reached."""
NOTICING = Retry(attempts=30, first=5, longest=3600)
"""A day: what a provider told once, it does not tell again."""
AGAIN = timedelta(hours=6)
"""How long after its last attempt a refund is asked for again; at most once a day, however often staff try."""
UNHEARD = tuple(timedelta(hours=each) for each in (1, 6, 24, 72))
"""How long after another a payment is looked at to which something may have happened while nobody could be asked."""
PAUSES = tuple(timedelta(seconds=each) for each in (20, 60, 120, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600))
"""How long after another a payment is looked at by itself: notices may be lost."""
LAST_LOOKS = tuple(timedelta(minutes=each) for each in (10, 60, 24 * 60))
"""How long after it ended without money, which may be late."""
MOST_LOOKS = 200
STALE = timedelta(seconds=1)
"""How soon a payment is looked at again that was changed while its provider was asked."""

log = structlog.get_logger()


def open_payment(
    begun: PaymentBegun, gateway: Gateway, payments: PaymentService, outbox: Outbox, job: CurrentJob
) -> None:
    """Begin a payment at its provider."""
    try:
        opened = gateway.open(begun.payment_id)
    except Refused as refusal:
        payments.fail(begun.payment_id, str(refusal))
        return
    except Unavailable:
        if not job.is_last_attempt:
            raise
        payments.fail(begun.payment_id, "The provider cannot be reached. Try again, or pay in another way.")
        return
    if opened is not None:
        payments.opened(begun.payment_id, opened)
        outbox.put(look_at, {"payment_id": begun.payment_id, "looks": 1}, delay=PAUSES[0])


def look_at(
    payment_id: int,
    gateway: Gateway,
    settlement: Settlement,
    payments: PaymentService,
    outbox: Outbox,
    job: CurrentJob,
    looks: int = 0,
    last_looks: int = 0,
    unheard: int = 0,
) -> None:
    """Ask the provider what became of a payment. `looks` counts those that follow one another by themselves; 0: it is no such.

    `last_looks` counts those after a payment ended without money, `unheard` those of which nobody could be asked.
    """
    try:
        sight = gateway.look(payment_id)
    except Unavailable:
        if not job.is_last_attempt:
            raise
        log.warning("payment cannot be looked at", payment=payment_id)
        sight = None
        if not looks and unheard < len(UNHEARD):
            outbox.put(look_at, {"payment_id": payment_id, "unheard": unheard + 1}, delay=UNHEARD[unheard])
    except Refused as refusal:
        log.warning("payment is not known at its provider", payment=payment_id, said=str(refusal))
        sight = None
    if sight is not None and not settlement.apply(payment_id, sight.seen, version=sight.version):
        outbox.put(look_at, {"payment_id": payment_id}, delay=STALE)
    if looks:
        payments.expire(payment_id)
        _look_on(payment_id, looks, last_looks, payments, outbox)


def _look_on(payment_id: int, looks: int, last_looks: int, payments: PaymentService, outbox: Outbox) -> None:
    """Let a payment be looked at again later, as long as something may come of it."""
    outlook = payments.outlook(payment_id)
    if outlook == AWAITED and looks < MOST_LOOKS:
        pause = PAUSES[min(looks, len(PAUSES) - 1)]
    elif outlook == ENDED and last_looks < len(LAST_LOOKS):
        pause, last_looks = LAST_LOOKS[last_looks], last_looks + 1
    else:
        return
    arguments = {"payment_id": payment_id, "looks": looks + 1, "last_looks": last_looks}
    outbox.put(look_at, arguments, delay=pause)


def look_now(wanted: LookWanted, outbox: Outbox) -> None:
    """Let a payment be looked at: something may have happened to it."""
    outbox.put(look_at, {"payment_id": wanted.payment_id})


def close_payment(closed: PaymentClosed, gateway: Gateway, outbox: Outbox) -> None:
    """Let a payment not be possible any more at its provider, and see whether somebody has paid it all the same."""
    try:
        gateway.close(closed.payment_id)
    except Refused as refusal:  # perhaps because it was paid at this moment
        log.info("payment was not closed", payment=closed.payment_id, said=str(refusal))
    outbox.put(look_at, {"payment_id": closed.payment_id})


def send_refund(
    requested: RefundRequested,
    gateway: Gateway,
    settlement: Settlement,
    refunds: RefundService,
    outbox: Outbox,
    clock: Clock,
    job: CurrentJob,
) -> None:
    """Ask the provider for a refund. While it cannot be reached that does not end: from the last attempt on, staff know."""
    try:
        seen = gateway.refund(requested.refund_id)
    except Unavailable:
        if not job.is_last_attempt:
            raise
        if refunds.note_stuck(requested.refund_id):
            key = f"payments:refund:{requested.refund_id}:{clock.now():%F}"
            outbox.put(ask_again, {"refund_id": requested.refund_id}, key=key, delay=AGAIN)
        return
    except Refused as refusal:
        settlement.refuse_refund(requested.refund_id, str(refusal))
        return
    if seen is not None:
        payment_id = settlement.apply_refund(requested.refund_id, seen)
        if seen.status == PENDING:
            outbox.put(look_at, {"payment_id": payment_id, "looks": 1}, delay=PAUSES[0])


def ask_again(refund_id: int, refunds: RefundService) -> None:
    """Ask the provider again for a refund for which it could not be asked."""
    refunds.ask_again(refund_id)


def work_off_notice(kept: NoticeKept, gateway: Gateway, notices: NoticeService) -> None:
    """Find out whether a notice is the provider's, and which payment it is about, and let that be looked at."""
    is_genuine = gateway.verify(kept.notice_id)
    if is_genuine is not None:
        notices.work_off(kept.notice_id, is_genuine=is_genuine)


def begin_run(begun: RefundRunBegun, outbox: Outbox) -> None:
    """Begin to refund all payments of an event."""
    outbox.put(run_refunds, {"run_id": begun.run_id})


def run_refunds(run_id: int, runs: RefundRuns, outbox: Outbox) -> None:
    """Refund some payments of an event, and put what refunds the next."""
    if runs.work_off(run_id):
        outbox.put(run_refunds, {"run_id": run_id})


def end_payments(ended: BookingCancelled | BookingExpired, payments: PaymentService, settlement: Settlement) -> None:
    """Close what is open of a booking that is no more, and see to its money."""
    payments.close_of_booking(ended.booking_id)
    settlement.booking_ended(ended.booking_id)


def close_payments(called_off: EventCancelled | EventPostponed, payments: PaymentService) -> None:
    """Close what is open of an event that is not sold any more."""
    payments.close_of_event(called_off.event_id)


def purge(notices: NoticeService, outbox: Outbox) -> None:
    """Delete old notices."""
    if notices.purge():
        outbox.put(purge)


def tell_people_of_problem(event: PaymentTroubled, telling: Telling) -> None:
    """Tell those whom it concerns that something is wrong with a payment."""
    telling.tell_of_problem(event.payment_id, event.problem)


def tell_buyer_of_refund(event: PaymentRefunded, telling: Telling) -> None:
    """Tell a buyer that money is on its way back."""
    telling.tell_of_refund(event.payment_id, event.refund_id)


def tell_of_payment(event: PaymentReceived, payments: PaymentCatalog, session: Session) -> Told | None:
    """Say to webhooks what there is to say of a payment."""
    return _told(event, payments, session)


def tell_of_refund(event: PaymentRefunded, payments: PaymentCatalog, session: Session) -> Told | None:
    """Say to webhooks how much of a payment was given back."""
    return _told(event, payments, session)


def tell_of_problem(event: PaymentTroubled, payments: PaymentCatalog, session: Session) -> Told | None:
    """Say to webhooks what staff have to look after."""
    told = _told(event, payments, session)
    return None if told is None else Told({**told.data, "problem": event.problem}, told.organizer_id)


def _told(event: PaymentEvent, payments: PaymentCatalog, session: Session) -> Told | None:
    try:
        found = payments.get(event.payment_id, actor=SYSTEM)
    except NotFound:
        return None
    shown = {name: value for name, value in found.items() if name != "redirect_url"}  # who has it can pay, or play
    organizer_id = session.scalar(select(Event.organizer_id).where(Event.id == event.event_id))
    return Told(shown, organizer_id)
