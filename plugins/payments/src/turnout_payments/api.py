"""Payments over REST."""

from typing import Any

from turnout.bookings.errors import HoldExpired, NotOnSale, WrongBookingStatus
from turnout.plugin import (
    Denied,
    Invalid,
    NotFound,
    Request,
    Service,
    about_no_event,
    page,
    paging_of,
)

from turnout_payments import schemas
from turnout_payments.errors import (
    NothingDue,
    NothingToRefund,
    NotSettledByStaff,
    PaymentUnderway,
    StillOnSale,
    WrongRefundStatus,
)
from turnout_payments.money import to_minor
from turnout_payments.providers import Forged, Providers
from turnout_payments.services import NoticeService, PaymentCatalog, PaymentService, RefundRuns, RefundService

TAG = "Payments"
MOST_OF_A_NOTICE = 256 * 1024


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


providers = Service("payment-providers", "/payments/providers", TAG, event_of=about_no_event)
payments = Service("payments", "/payments", TAG, event_of=about_no_event)
payment = Service("payment", "/payments/{id}", TAG, event_of=about_no_event)
refunds = Service("payment-refunds", "/payments/{id}/refunds", TAG, event_of=about_no_event)
retry = Service("payment-refund-retry", "/payments/refunds/{id}/retry", TAG, event_of=about_no_event)
webhooks = Service("payment-webhooks", "/payments/webhooks/{provider}", TAG, event_of=about_no_event)
ledger = Service("payment-ledger", "/payments/ledger", TAG, event_of=about_no_event)
booking_payments = Service("booking-payments", "/bookings/{id}/payments", TAG, event_of=about_no_event)
mark_paid = Service("booking-mark-paid", "/bookings/{id}/payments/mark-paid", TAG, event_of=about_no_event)
event_refunds = Service("event-refunds", "/events/{id}/payments/refunds", TAG)
SERVICES = (
    providers,
    payments,
    payment,
    refunds,
    retry,
    webhooks,
    ledger,
    booking_payments,
    mark_paid,
    event_refunds,
)


def _shown(request: Request, payment_id: int) -> dict[str, Any]:
    found: dict[str, Any] = request.find_service(PaymentCatalog).get(payment_id, actor=request.actor)
    return found


def _refund(request: Request, refund_id: int) -> dict[str, Any]:
    found: dict[str, Any] = request.find_service(PaymentCatalog).refund(refund_id, actor=request.actor)
    return found


@providers.get(permission="payments:choose", query=schemas.ProviderQuery, answer=schemas.Providers)
def list_payment_providers(request: Request) -> dict[str, Any]:
    """List the ways in which bookings can be paid."""
    currency = request.validated["query"]["currency"]
    ready = Providers(request).ready()
    results = [
        {
            "name": name,
            "title": provider.title,
            "hold_minutes": None if provider.hold_for is None else int(provider.hold_for.total_seconds()) // 60,
        }
        for name, provider in ready.items()
        if currency is None or provider.takes(currency)
    ]
    return {"results": results}


@payments.get(permission="payments:read", query=schemas.PaymentQuery, answer=schemas.PaymentPage)
def list_payments(request: Request) -> dict[str, Any]:
    """List payments, the newest first: one's own, those of one's own events; for staff all."""
    paging = paging_of(request)
    catalog = request.find_service(PaymentCatalog)
    return page(request, catalog.find(request.validated["query"], paging, actor=request.actor))


@payment.get(permission="payments:read", answer=schemas.PaymentView, versioned=True, refuses=(NotFound,))
def read_payment(request: Request) -> dict[str, Any]:
    """Read a payment."""
    return _shown(request, _id(request))


@booking_payments.get(permission="payments:read", answer=schemas.PaymentsOfBooking, refuses=(NotFound,))
def list_payments_of_booking(request: Request) -> dict[str, Any]:
    """List the payments of a booking, the oldest first."""
    return {"results": request.find_service(PaymentCatalog).of_booking(_id(request), actor=request.actor)}


@booking_payments.post(
    permission="payments:create",
    body=schemas.NewPayment,
    answer=schemas.PaymentView,
    status=201,
    location="/payments/{id}",
    versioned=True,
    refuses=(NotFound, WrongBookingStatus, HoldExpired, NotOnSale, NothingDue, PaymentUnderway),
)
def pay_booking(request: Request) -> dict[str, Any]:
    """Begin to pay a held booking: send the buyer to `redirect_url`. What was begun before, and not paid, is closed."""
    new = request.validated["body"]
    service = request.find_service(PaymentService)
    return _shown(request, service.begin(_id(request), new["provider"], new["return_url"], actor=request.actor))


@mark_paid.post(
    permission="payments:settle",
    body=schemas.NewMark,
    answer=schemas.PaymentView,
    status=201,
    location="/payments/{id}",
    versioned=True,
    refuses=(NotFound, Denied, WrongBookingStatus, NothingDue, NotSettledByStaff),
)
def mark_booking_paid(request: Request) -> dict[str, Any]:
    """Say that the money for a booking is there, as cash or on the bank account: for the event's organizer and staff."""
    said, booking_id = request.validated["body"], _id(request)
    service = request.find_service(PaymentService)
    amount = said["amount"]
    if amount is not None:
        amount = to_minor(amount, request.find_service(PaymentCatalog).currency_of(booking_id, actor=request.actor))
    made = service.mark_paid(
        booking_id, provider=said["provider"], amount=amount, note=said["note"], actor=request.actor
    )
    return _shown(request, made)


@refunds.post(
    permission="payments:refund",
    body=schemas.NewRefund,
    answer=schemas.RefundView,
    status=201,
    refuses=(NotFound, Denied, NothingToRefund),
)
def refund_payment(request: Request) -> dict[str, Any]:
    """Give a payment back, whole or in part: for the event's organizer and staff.

    A booking of whose money nothing is left is cancelled, unless `keep_booking`, or somebody is in with a ticket of it.
    """
    wanted = request.validated["body"]
    amount = wanted["amount"]
    if amount is not None:
        amount = to_minor(amount, _shown(request, _id(request))["currency"])
    made = request.find_service(RefundService).request(
        _id(request), amount, wanted["reason"], actor=request.actor, keep_booking=wanted["keep_booking"]
    )
    return _refund(request, made)


@retry.post(
    permission="payments:refund",
    answer=schemas.RefundView,
    refuses=(NotFound, Denied, NothingToRefund, WrongRefundStatus, Invalid),
)
def retry_refund(request: Request) -> dict[str, Any]:
    """Try a refund again that failed: for the event's organizer and staff. The answer is the refund that is tried now."""
    return _refund(request, request.find_service(RefundService).retry(_id(request), actor=request.actor))


@event_refunds.get(permission="payments:read", answer=schemas.RunView, refuses=(NotFound, Denied))
def read_refunds_of_event(request: Request) -> dict[str, Any]:
    """Read how far it is with giving back all that was paid for an event: for its organizer and staff."""
    found: dict[str, Any] | None = request.find_service(RefundRuns).progress(_id(request), actor=request.actor)
    if found is None:
        raise NotFound("Nobody has begun to refund this event.")
    return found


@event_refunds.post(
    permission="payments:refund",
    body=schemas.NewRun,
    answer=schemas.RunView,
    status=202,
    refuses=(NotFound, Denied, StillOnSale, NothingToRefund),
)
def refund_event(request: Request) -> dict[str, Any]:
    """Give back all that was paid for an event that is cancelled or postponed: for its organizer and staff.

    It is done in the background; ask again how far it is.
    """
    runs = request.find_service(RefundRuns)
    runs.start(_id(request), request.validated["body"]["reason"], actor=request.actor)
    found: dict[str, Any] = runs.progress(_id(request), actor=request.actor)
    return found


@ledger.get(permission="payments:read_ledger", query=schemas.EntryQuery, answer=schemas.EntryPage)
def list_ledger(request: Request) -> dict[str, Any]:
    """List all movements of money, the newest first: of one's own events; for staff all."""
    paging = paging_of(request)
    catalog = request.find_service(PaymentCatalog)
    return page(request, catalog.entries(request.validated["query"], paging, actor=request.actor))


@webhooks.post(permission="payments:notify", upload=("application/json",), refuses=(NotFound, Forged))
def receive_payment_notice(request: Request) -> None:
    """Take what a payment provider tells, signed, if it comes from it. It is worked off later, once."""
    if (request.content_length or 0) > MOST_OF_A_NOTICE or len(request.body) > MOST_OF_A_NOTICE:
        raise Invalid({"body": f"must have at most {MOST_OF_A_NOTICE} bytes"})
    request.find_service(NoticeService).keep(request.matchdict["provider"], request.headers, request.body)
