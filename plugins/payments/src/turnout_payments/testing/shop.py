"""Bookings that are paid at a provider's fake, all the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.testing.fakes import ERROR
from turnout.testing.outbox import Steps

from turnout_payments.models import Entry, Payment, Received, Refund
from turnout_payments.testing.stage import Stage

BACK = "https://shop.example.com/thanks"
JSON = {"Content-Type": "application/json"}


class Shop:
    """An event of four places at 12.50 EUR, who buys them (Ada) and who staffs it; what the provider tells is kept back.

    Fixture: `shop`. Nothing of the background work is done but by what says so here.
    """

    def __init__(self, stage: Stage, api: Api, make: Make, outbox: Steps, session: Session, clock: ManualClock) -> None:
        self.stage = stage
        self.api = api
        self.make = make
        self.outbox = outbox
        self.session = session
        self.clock = clock
        self.event = self.sell()
        self.ada = api.as_(make.user(email="ada@example.com"))
        self.staff = api.as_(make.staff())

    def sell(self, price: str = "12.50", currency: str = "EUR") -> Any:
        """Return another event with four places."""
        event: dict[str, Any] = {"title": "Fado night", "price": price, "currency": currency, "capacity": 4}
        return self.make.event(**event, organizer=self.make.organizer(), bookings_per_attendee=None)

    def book(self, quantity: int = 2, client: Api | None = None, event: Any = None) -> dict[str, Any]:
        """Book places as Ada, or as somebody else."""
        wanted = {"event_id": (event or self.event).id, "quantity": quantity}
        booking: dict[str, Any] = (client or self.ada).post("/bookings", wanted, status=201).json
        return booking

    def begin(self, booking: dict[str, Any]) -> Payment:
        """Begin to pay, and let the worker ask the provider."""
        wanted = {"provider": self.stage.name, "return_url": BACK}
        made = self.ada.post(f"/bookings/{booking['id']}/payments", wanted, status=201).json
        self.outbox.run()
        return self.again(Payment, made["id"])

    def pay(self) -> Payment:
        """Book two places and pay them."""
        payment = self.begin(self.book())
        self.stage.pay(payment.ref or "")
        self.tell()
        return payment

    def send(self, body: bytes, headers: dict[str, str] | None = None, status: int | None = None) -> Any:
        """Bring a notice, signed by the provider unless other headers are given."""
        signed = self.stage.signed(body) if headers is None else headers
        return self.api.post(f"/payments/webhooks/{self.stage.name}", body, headers=JSON | signed, status=status)

    def tell(self, *, copies: int = 1, backwards: bool = False) -> int:
        """Bring what the provider had to tell, and do what comes of it; return how many notices there were."""
        notices = self.stage.fake.courier.take()
        for body in reversed(notices) if backwards else notices:
            for _ in range(copies):
                self.send(body)
        self.outbox.run()
        return len(notices)

    def refund(self, payment: Payment, amount: str | None = None) -> Refund:
        """Refund so much of a payment, or all that is left."""
        wanted = {"reason": "One of two could not come."} | ({} if amount is None else {"amount": amount})
        made = self.staff.post(f"/payments/{payment.id}/refunds", wanted, status=201).json
        self.outbox.run()
        return self.again(Refund, made["id"])

    def wait(self, *, times: int = 1, **time: float) -> None:
        """Let so much time pass, so many times, and do what is due each time."""
        for _ in range(times):
            self.clock.move(**time)
            self.outbox.run()

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """Let every call to the provider meet with an error."""
        faults = self.stage.fake.faults
        faults.every, faults.kinds = 1, (ERROR,)
        try:
            yield
        finally:
            faults.every = 0

    def again(self, kind: type[Any], row_id: int) -> Any:
        """Return a row as it is now."""
        return self.session.get(kind, row_id, populate_existing=True)

    def status_of(self, booking_id: int | None) -> tuple[str, str]:
        """Return how a booking is, and how it is paid."""
        found = self.staff.get(f"/bookings/{booking_id}").json
        return found["status"], found["extensions"]["payments"]["status"]

    def lines(self, payment: Payment) -> list[tuple[str, int]]:
        """Return the ledger's lines of a payment."""
        query = select(Entry.kind, Entry.amount).where(Entry.payment_id == payment.id).order_by(Entry.id)
        return [(kind, amount) for kind, amount in self.session.execute(query)]

    def notices(self) -> list[str]:
        """Return what became of the notices that came."""
        return list(self.session.scalars(select(Received.status).order_by(Received.id)))

    def agree(self) -> None:
        """Assert that ledger, payments and the provider's books say the same, to the cent."""
        self.session.expire_all()
        for payment in self.session.scalars(select(Payment)):
            query = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.payment_id == payment.id)
            entered = self.session.scalar(query)
            assert entered == payment.captured - payment.refunded - payment.disputed
            assert entered == (0 if payment.ref is None else self.stage.held(payment.ref))
            assert payment.refunding == 0
