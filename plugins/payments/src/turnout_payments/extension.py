"""What payments add to bookings: ``extensions.payments`` in their JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from turnout_payments.services import PaymentCatalog


def read(booking_ids: Sequence[int], payments: PaymentCatalog) -> Mapping[int, Mapping[str, Any]]:
    """Return how bookings are paid, in one statement however many they are; those that are free are left out."""
    return payments.of_bookings(booking_ids)
