"""What those write who add a provider: the contract (`PaymentProvider`), and what it takes and answers."""

from turnout_payments.providers.contract import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PENDING,
    PROCESSING,
    Charge,
    Forged,
    Notice,
    Opened,
    PaymentProvider,
    Refused,
    Seen,
    SeenRefund,
    Unavailable,
    WantedRefund,
)
from turnout_payments.providers.directive import Providers, add_payment_provider

__all__ = [
    "DONE",
    "EXPIRED",
    "FAILED",
    "OPEN",
    "PAID",
    "PENDING",
    "PROCESSING",
    "Charge",
    "Forged",
    "Notice",
    "Opened",
    "PaymentProvider",
    "Providers",
    "Refused",
    "Seen",
    "SeenRefund",
    "Unavailable",
    "WantedRefund",
    "add_payment_provider",
]
