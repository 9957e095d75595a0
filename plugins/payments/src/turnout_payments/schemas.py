"""Schemas of payments."""

from typing import Any

from turnout.plugin import PageQuery, Schema, fields, page_of

from turnout_payments.models import ENTRY_KINDS, ORIGINS, PROBLEMS, REFUND_STATUSES, STATUSES
from turnout_payments.services import BOOKING_STATUSES, NEWEST_FIRST, PAYMENT_ORDERINGS

ANY = "any"
WORDS = 2000


def exact(description: str = "") -> Any:
    """An amount as text, with as many decimals as its currency has."""
    return fields.matching(
        r"^-?[0-9]+(\.[0-9]+)?$", "must be an amount such as 10.50", 30, description=description, example="10.50"
    )


class ProviderView(Schema):
    """A way to pay."""

    name = fields.text(30, description="What `POST /bookings/{id}/payments` takes as `provider`", example="test")
    title = fields.text(200, description="What buyers read", example="Card")
    hold_minutes = fields.whole(
        optional=True, description="How long places are held for whoever pays so; null: as usual"
    )


class ProviderQuery(Schema):
    """Parameters of the list of ways to pay."""

    currency = fields.currency(missing=None, description="Only those that take it")


class Providers(Schema):
    """The ways to pay that there are."""

    results = fields.many(ProviderView(name="provider"), 100)


class NewPayment(Schema):
    """How somebody wants to pay."""

    provider = fields.text(30, description="One of `GET /payments/providers`", example="test")
    return_url = fields.url(
        description="Where the buyer is sent in the end, with `payment_id` and `status` in the query",
        example="https://shop.example.com/thanks",
    )


class RefundView(Schema):
    """Money that is, or was to be, given back."""

    id = fields.identifier()
    payment_id = fields.identifier()
    amount = exact()
    currency = fields.currency()
    reason = fields.text(WORDS, 0)
    origin = fields.choice(ORIGINS, description="Who wanted it: staff, a rule of ours, or the provider")
    status = fields.choice(REFUND_STATUSES)
    detail = fields.text(WORDS, 0, description="Why it failed")
    created_at = fields.moment()
    updated_at = fields.moment()


class PaymentView(Schema):
    """Money that is, or was, asked for a booking."""

    id = fields.identifier()
    booking_id = fields.identifier(optional=True, description="Null: the booking was deleted")
    booking_code = fields.text(12)
    event_id = fields.identifier(optional=True)
    event = fields.text(1000, optional=True, description="The event's title")
    timezone = fields.timezone(description="The event's")
    user_id = fields.identifier(optional=True)
    buyer = fields.text(1000, optional=True, description="The buyer's username")
    provider = fields.text(30)
    status = fields.choice(STATUSES)
    detail = fields.text(WORDS, 0, description="Why it failed, or what was noted")
    problem = fields.choice(PROBLEMS, optional=True, description="What has to be looked after")
    currency = fields.currency()
    amount = exact()
    amount_paid = exact()
    amount_refunded = exact()
    amount_refunding = exact(description="What is on its way back")
    amount_disputed = exact()
    amount_refundable = exact()
    redirect_url = fields.url(
        optional=True, description="Where the buyer pays, while that is possible; whoever has it may pay"
    )
    expires_at = fields.moment()
    paid_at = fields.moment(optional=True)
    created_at = fields.moment()
    updated_at = fields.moment()
    refunds = fields.many(RefundView(name="refund"), fields.MAX_WHOLE)


PaymentPage = page_of(PaymentView(name="payment"))


class PaymentsOfBooking(Schema):
    """All payments of a booking."""

    results = fields.many(PaymentView(name="payment"), fields.MAX_WHOLE)


class PaymentQuery(PageQuery):
    """Parameters of the list of payments."""

    event = fields.identifier(missing=None)
    booking = fields.identifier(missing=None)
    code = fields.text(12, missing=None, description="The booking's")
    provider = fields.text(30, missing=None)
    status = fields.choice(STATUSES, missing=None)
    problem = fields.choice((*PROBLEMS, ANY), missing=None, description="any: those that have one")
    ordering = fields.choice(PAYMENT_ORDERINGS, missing=NEWEST_FIRST)


class NewRefund(Schema):
    """Money that is to be given back."""

    amount = fields.money(missing=None, nullable=True, description="Without it: all that is left")
    reason = fields.text(WORDS, description="Also told to the buyer", example="The second act was rained off.")
    keep_booking = fields.flag(
        missing=False, description="Otherwise a booking of whose money nothing is left is cancelled"
    )


class NewMark(Schema):
    """Money that is there, as staff say."""

    provider = fields.text(30, missing="manual", description="One that staff settle")
    amount = fields.money(missing=None, nullable=True, description="Without it: what is due")
    note = fields.text(WORDS, 0, missing="", description="For whoever looks after the books")


class LedgerEntry(Schema):
    """A line of the ledger."""

    id = fields.identifier()
    payment_id = fields.identifier()
    refund_id = fields.identifier(optional=True)
    booking_id = fields.identifier(optional=True)
    booking_code = fields.text(12)
    event_id = fields.identifier(optional=True)
    event = fields.text(1000, optional=True)
    timezone = fields.timezone()
    provider = fields.text(30)
    kind = fields.choice(ENTRY_KINDS)
    amount = exact(description="Negative: money that went")
    currency = fields.currency()
    created_at = fields.moment()


EntryPage = page_of(LedgerEntry(name="entry"))


class EntryQuery(PageQuery):
    """Parameters of the ledger."""

    event = fields.identifier(missing=None)
    payment = fields.identifier(missing=None)
    provider = fields.text(30, missing=None)
    kind = fields.choice(ENTRY_KINDS, missing=None)
    date_from = fields.moment(missing=None)
    date_to = fields.moment(missing=None)


class BookingPayments(Schema):
    """How a booking is paid."""

    status = fields.choice(BOOKING_STATUSES)
    amount_due = exact(description="What is still to be paid")
    amount_paid = exact(description="All that came, whatever was given back since")
    amount_refunded = exact()
    currency = fields.currency()


class NewRun(Schema):
    """Everything that was paid for an event is to be given back."""

    reason = fields.text(WORDS, description="Also told to the buyers", example="The hall was flooded.")


class RunAmount(Schema):
    """How much of a currency was given back."""

    currency = fields.currency()
    done = exact()
    underway = exact()
    failed = exact()


class RunView(Schema):
    """How far it is with giving everything back."""

    id = fields.identifier()
    status = fields.choice(
        ("running", "done"), description="done: each payment has its refund, which may be on its way"
    )
    reason = fields.text(WORDS)
    payments = fields.whole(description="How many are to be refunded")
    waiting = fields.whole(description="How many have no refund yet")
    created = fields.whole()
    pending = fields.whole()
    done = fields.whole()
    failed = fields.whole()
    amounts = fields.many(RunAmount(name="amount"), 1000)
    created_at = fields.moment()


class PaymentFilter(PageQuery):
    """Filters of the list of payments in the admin."""

    event = fields.identifier(missing=None)
    status = fields.choice(STATUSES, missing=None)
    problem = fields.choice((ANY, *PROBLEMS), missing=None)
    provider = fields.text(30, missing=None)
    code = fields.text(12, missing=None, title="Booking")
    date_from = fields.moment(missing=None, title="Begun from")
    date_to = fields.moment(missing=None, title="Begun before")
    ordering = fields.choice(PAYMENT_ORDERINGS, missing=NEWEST_FIRST)


class RefundForm(Schema):
    """What of a payment is given back."""

    give_back = fields.money(
        optional=True, title="Amount", description="In the currency of the payment; empty: all that is left of it"
    )
    reason = fields.text(WORDS, description="The buyer reads it")
    keep_booking = fields.flag(
        missing=False,
        title="Keep the booking",
        description="Otherwise it is cancelled if nothing is left that was paid",
    )


class PaidForm(Schema):
    """That money for a booking is there."""

    note = fields.text(WORDS, description="How it came, and when", example="Cash, at the box office")


class PaymentRow(PaymentView):
    """A payment as staff see it."""

    amount = fields.money()
    amount_paid = fields.money(title="Received")
    amount_refunded = fields.money(title="Refunded")
    amount_refunding = fields.money(title="Being refunded")
    amount_disputed = fields.money(title="Disputed")


class EntryRow(LedgerEntry):
    """A line of the ledger as staff see it."""

    amount = fields.money()
