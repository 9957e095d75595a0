"""What can be done with payments."""

from turnout_payments.services.books import Books, Difference
from turnout_payments.services.catalog import BOOKING_STATUSES, NEWEST_FIRST, PAYMENT_ORDERINGS, PaymentCatalog
from turnout_payments.services.gateway import Gateway
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.notices import NoticeService
from turnout_payments.services.payments import Home, PaymentService
from turnout_payments.services.refunds import RefundService
from turnout_payments.services.returns import Returns
from turnout_payments.services.rows import Balance, Rows
from turnout_payments.services.runs import RefundRuns
from turnout_payments.services.settlement import Settlement
from turnout_payments.services.telling import KINDS, Telling

SERVICES = (
    Books,
    Gateway,
    Ledger,
    NoticeService,
    PaymentCatalog,
    PaymentService,
    RefundRuns,
    RefundService,
    Returns,
    Rows,
    Settlement,
    Telling,
)

__all__ = [
    "BOOKING_STATUSES",
    "KINDS",
    "NEWEST_FIRST",
    "PAYMENT_ORDERINGS",
    "SERVICES",
    "Balance",
    "Books",
    "Difference",
    "Gateway",
    "Home",
    "Ledger",
    "NoticeService",
    "PaymentCatalog",
    "PaymentService",
    "RefundRuns",
    "RefundService",
    "Returns",
    "Rows",
    "Settlement",
    "Telling",
]
