"""What tests of a provider are given, as a pytest plugin beside Turnout's own.

    pytest_plugins = ["turnout.testing.fixtures", "turnout_payments.testing.fixtures"]

    @pytest.fixture(scope="session")
    def stage_type():
        return AcmeStage

`stage`, `provider` and what makes them ask the fake directly, by a clock that stands still (`watch`). `shop` is an
application whose bookings are paid at `server`, one fake for a whole module; its module, or class, has the settings:

    @pytest.fixture(scope="module")
    def settings(server):
        return server.settings()
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from sqlalchemy.orm import Session
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps

from turnout_payments.providers import Charge, PaymentProvider, WantedRefund
from turnout_payments.testing.stage import Stage

pytest.register_assert_rewrite("turnout_payments.testing.conformance", "turnout_payments.testing.shop")
from turnout_payments.testing.shop import Shop  # noqa: E402 - its assertions speak by then

Made = Callable[..., PaymentProvider]


@pytest.fixture
def watch() -> ManualClock:
    """Give the time, for provider and fake alike."""
    return ManualClock()


@pytest.fixture
def stage(stage_type: type[Stage], watch: ManualClock) -> Iterator[Stage]:
    """Start a fake of this test's alone."""
    stage = stage_type()
    stage.clock = watch
    with stage.fake:
        yield stage


@pytest.fixture
def make_provider(stage: Stage, watch: ManualClock) -> Made:
    """Return what makes a provider, with other settings if need be, called without its name."""

    def make_provider(**other: Any) -> PaymentProvider:
        named = {f"{stage.name}.{name}": value for name, value in ({"timeout_seconds": 5} | other).items()}
        return stage.provider({**stage.settings(), **named}, watch)

    return make_provider


@pytest.fixture
def provider(make_provider: Made) -> PaymentProvider:
    """Give a provider that speaks with the fake."""
    return make_provider()


@pytest.fixture
def charge(watch: ManualClock) -> Callable[..., Charge]:
    """Return what asks for 25.00 EUR, or as it is said."""

    def charge(key: str = "charge-1", amount: int = 2500, currency: str = "EUR", **other: Any) -> Charge:
        usual: dict[str, Any] = {
            "payment_id": 1,
            "description": "Fado night, 2 places",
            "reference": "K7QX2M",
            "email": "ada@example.com",
            "back_url": "https://tickets.example.com/payments/token/back",
            "expires_at": watch.now() + timedelta(minutes=15),
        }
        return Charge(key=key, amount=amount, currency=currency, **usual | other)

    return charge


@pytest.fixture
def agreed(provider: PaymentProvider, stage: Stage, charge: Callable[..., Charge]) -> Callable[..., str]:
    """Return what opens a payment and lets the buyer pay, or agree to; gives its ref."""

    def agreed(key: str = "charge-1", **other: Any) -> str:
        ref = provider.open(charge(key, **other)).ref
        stage.pay(ref)
        return ref

    return agreed


@pytest.fixture
def paid(provider: PaymentProvider, agreed: Callable[..., str]) -> Callable[..., str]:
    """Return what does that, and has the money taken."""

    def paid(key: str = "charge-1", **other: Any) -> str:
        ref = agreed(key, **other)
        provider.look(ref)
        return ref

    return paid


@pytest.fixture
def wanted() -> Callable[..., WantedRefund]:
    """Return what asks for a refund."""

    def wanted(amount: int, key: str = "refund-1", currency: str = "EUR") -> WantedRefund:
        return WantedRefund(key, amount, currency, "The event is cancelled.")

    return wanted


@pytest.fixture
def answering(make_provider: Made, stage: Stage) -> Iterator[Made]:
    """Return what makes a provider to which everything is answered in one way, once it has what comes before (`Stage.preface`)."""
    servers: list[tuple[HTTPServer, Thread]] = []

    def answering(status: int, body: bytes, kind: str = "application/json") -> PaymentProvider:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                before = stage.preface(self.path)
                sent = body if before is None else before
                self.send_response(status if before is None else 200)
                self.send_header("Content-Type", kind)
                self.send_header("Location", stage.fake.url + self.path)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - http.server's name
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return make_provider(base_url=f"http://127.0.0.1:{server.server_port}")

    yield answering
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def server(stage_type: type[Stage]) -> Iterator[Stage]:
    """Start the fake that an application speaks with, for all tests of a module."""
    stage = stage_type()
    with stage.fake:
        yield stage


@pytest.fixture
def shop(server: Stage, api: Api, make: Make, outbox: Steps, session: Session, clock: ManualClock) -> Iterator[Shop]:
    """Open a shop whose bookings are paid at the fake."""
    server.clock = clock
    server.fake.courier.hold()
    yield Shop(server, api, make, outbox, session, clock)
    server.calm()
