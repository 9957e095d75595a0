"""People who visit a running server (`turnout.testing.live`), and pay there while its worker and the provider talk by themselves."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import httpx2
import pytest
from turnout.testing.live import Live

Found = TypeVar("Found")
PASSWORD = "four invented words together"  # noqa: S105 - nobody's
PATIENCE = 120.0


def eventually(wanted: Callable[[], Found], *, seconds: float = PATIENCE) -> Found:
    """Wait until something is so; return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = wanted()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"It did not come to pass within {seconds} seconds.")


class Visitor:
    """Somebody who is registered and signed in; `fields` are more of what they say of themselves."""

    def __init__(self, live: Live, name: str, **fields: Any) -> None:
        self.live = live
        new = {"username": name, "email": f"{name}@example.com", "password": PASSWORD} | fields
        live.client.post("/users", json=new).raise_for_status()
        said = live.client.post("/auth/login", json={"username": name, "password": PASSWORD}).json()
        self.headers = {"Authorization": f"Bearer {said['access_token']}"}

    def get(self, path: str) -> Any:
        """Read what is at a path of the API."""
        return self.live.client.get(path, headers=self.headers).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """Send something to a path of the API."""
        return self.live.client.post(path, json=body, headers=self.headers).raise_for_status().json()

    def sell(self) -> dict[str, Any]:
        """Publish an event at 12.50 EUR, as an organizer."""
        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        new = {"title": "Fado night", "location": "Old mill", "capacity": 100, "price": "12.50", "currency": "EUR"}
        new |= {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=3)).isoformat()}
        event: dict[str, Any] = self.post("/events", new | {"status": "published"})
        return event

    def book(self, event: dict[str, Any], quantity: int = 1) -> int:
        """Book places; return the booking's id."""
        booking_id: int = self.post("/bookings", {"event_id": event["id"], "quantity": quantity})["id"]
        return booking_id

    def begin(self, booking_id: int, provider: str) -> dict[str, Any]:
        """Begin to pay."""
        wanted = {"provider": provider, "return_url": "https://shop.example.com/thanks"}
        payment: dict[str, Any] = self.post(f"/bookings/{booking_id}/payments", wanted)
        return payment

    def status(self, booking_id: int) -> tuple[str, str]:
        """Return how a booking is, and how it is paid."""
        found = self.get(f"/bookings/{booking_id}")
        return found["status"], found["extensions"]["payments"]["status"]

    def balance(self) -> Decimal:
        """Return the sum of the ledger, as an organizer."""
        found = self.get("/payments/ledger?page_size=100")["results"]
        return sum((Decimal(entry["amount"]) for entry in found), Decimal(0))


def page_of(buyer: httpx2.Client, payment: dict[str, Any]) -> str:
    """Return the page of the provider to which a buyer is sent, as soon as the worker has opened it."""
    return eventually(lambda: buyer.get(payment["redirect_url"]).headers.get("location")) or ""
