"""A bank for tests, which speaks real HTTP, and the provider that asks it. No test of payments needs another's network.

def includeme(config):
    bank_provider(config)            # payments can be made with "bank"

with Bank() as bank:
    application.registry.bank_url = bank.url
    ...
    bank.pay(ref)                    # what happens there
    bank.notice(ref)                 # what it tells of it: headers and body
"""

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NewType, Self
from urllib.error import HTTPError, URLError
from urllib.request import Request as WebRequest
from urllib.request import urlopen

from turnout.plugin import Clock, Configurator, Invalid

from turnout_payments.providers import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
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

BankUrl = NewType("BankUrl", str)
SECRET = b"known to the bank and to us"
TOLERANCE = 300
"""How many seconds old a notice may be."""
TIMEOUT = 60
SERVER_ERROR = 500


@dataclass(slots=True)
class Account:
    """A payment as the bank has it."""

    ref: str
    key: str
    amount: int
    currency: str
    status: str = OPEN
    captured: int = 0
    disputed: int = 0
    refunds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """What the bank has taken and not given back."""
        return self.captured - self.disputed - sum(one["amount"] for one in self.refunds if one["status"] == DONE)


class Bank:
    """Takes payments and refunds over HTTP; each key does a thing once.

    `trouble`, given the number of a call and its path, says by a word what goes wrong with it: "before" (nothing is done,
    500), "after" (it is done, and the answer is 500), or None. `says_keys`: whether it tells by which request a refund was made.
    `refund_status`: how refunds are when they were asked for.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.calls: list[tuple[str, str, str | None]] = []
        self.trouble: Callable[[int, str], str | None] = lambda _number, _path: None
        self.refuses_refunds: str | None = None
        self.says_keys = True
        self.refund_status = DONE
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._by_key: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # What happens there.

    def pay(self, ref: str, amount: int | None = None) -> None:
        """Let the buyer pay, even if it is late."""
        account = self.accounts[ref]
        account.status, account.captured = PAID, account.amount if amount is None else amount

    def delay(self, ref: str) -> None:
        """Let the money be on its way."""
        self.accounts[ref].status = PROCESSING

    def fail(self, ref: str) -> None:
        """Let the buyer's own bank say no."""
        self.accounts[ref].status = FAILED

    def dispute(self, ref: str, amount: int) -> None:
        """Let the buyer dispute so much; 0: the dispute is won."""
        self.accounts[ref].disputed = amount

    def begin_refund(self, ref: str, amount: int, status: str = DONE) -> dict[str, Any]:
        """Give money back without having been asked for it by a program."""
        made = {"ref": f"re_{next(self._numbers)}", "amount": amount, "status": status, "key": None}
        self.accounts[ref].refunds.append(made)
        return made

    def notice(self, ref: str | None, *, number: int | None = None, at: float, secret: bytes = SECRET) -> Any:
        """Return headers and body of a notice that something happened to a payment, as if it was sent at a moment."""
        said = {"id": f"no_{next(self._numbers) if number is None else number}", "kind": "payment.changed", "ref": ref}
        body = json.dumps(said).encode()
        return {"bank-signature": _signature(body, int(at), secret), "content-type": "application/json"}, body

    @property
    def kept(self) -> int:
        """Return what it has taken and not given back, over all payments."""
        return sum(account.kept for account in self.accounts.values())

    # What it is asked.

    def answer(self, method: str, path: str, key: str | None, said: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request."""
        with self._lock:
            self.calls.append((method, path, key))
            trouble = self.trouble(len(self.calls), path)
            if trouble == "before":
                return 500, {"error": "out of order"}
            status, answered = self._do(method, path.strip("/").split("/"), key, said)
            return (500, {"error": "out of order"}) if trouble == "after" else (status, answered)

    def _do(
        self, method: str, parts: list[str], key: str | None, said: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if key is not None and key in self._by_key:
            return 200, self._by_key[key]
        if parts == ["payments"]:
            ref = f"pay_{next(self._numbers)}"
            self.accounts[ref] = Account(ref, key or "", said["amount"], said["currency"])
            answered: dict[str, Any] = {"ref": ref, "url": f"{self.url}/pages/{ref}"}
        else:
            account = self.accounts.get(parts[1])
            if account is None:
                return 404, {"error": "no such payment"}
            if method == "GET":
                return 200, self._shown(account)
            if parts[2] == "close":
                account.status = EXPIRED if account.status == OPEN else account.status
                return 200, self._shown(account)
            if self.refuses_refunds is not None:
                return 402, {"error": self.refuses_refunds}
            promised = sum(one["amount"] for one in account.refunds if one["status"] != FAILED)
            if said["amount"] > account.captured - promised - account.disputed:
                return 402, {"error": "there is not so much left"}
            answered = self.begin_refund(account.ref, said["amount"], self.refund_status)
            answered["key"] = key
        if key is not None:
            self._by_key[key] = answered
        return 201, answered

    def _shown(self, account: Account) -> dict[str, Any]:
        hidden = {} if self.says_keys else {"key": None}
        return {
            "status": account.status,
            "captured": account.captured,
            "currency": account.currency,
            "disputed": account.disputed,
            "refunds": [one | hidden for one in account.refunds],
        }


def _handler(bank: Bank) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = json.loads(body) if body else {}
            status, answered = bank.answer(method, self.path, self.headers.get("Idempotency-Key"), said)
            sent = json.dumps(answered).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *_arguments: Any) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    return Handler


class BankProvider(PaymentProvider):
    """Asks the bank of the tests."""

    title = "The tests' bank"

    def __init__(self, url: BankUrl, clock: Clock) -> None:
        self.url = url
        self.clock = clock

    def takes(self, currency: str) -> bool:
        """Tell whether the bank takes a currency: all but one."""
        return currency != "XAU"

    def open(self, charge: Charge) -> Opened:
        """Begin a payment."""
        answered = self._ask("payments", {"amount": charge.amount, "currency": charge.currency}, charge.key)
        return Opened(answered["ref"], answered["url"])

    def look(self, ref: str) -> Seen:
        """Return how a payment is."""
        answered = self._ask(f"payments/{ref}")
        refunds = tuple(SeenRefund(**one) for one in answered.pop("refunds"))
        return Seen(**answered, refunds=refunds)

    def close(self, ref: str) -> None:
        """Let a payment not be possible any more."""
        self._ask(f"payments/{ref}/close", {})

    def refund(self, ref: str, wanted: WantedRefund) -> SeenRefund:
        """Give money back."""
        return SeenRefund(**self._ask(f"payments/{ref}/refunds", {"amount": wanted.amount}, wanted.key))

    def receive(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check a notice's signature and age."""
        stamp, _, _ = headers.get("bank-signature", "").partition(",")
        if not stamp.isdigit() or abs(self.clock.now().timestamp() - int(stamp)) > TOLERANCE:
            raise Forged
        if not hmac.compare_digest(headers["bank-signature"], _signature(body, int(stamp), SECRET)):
            raise Forged
        try:
            said = json.loads(body)
            return Notice(said["id"], said["kind"], refs=(said["ref"],) if said["ref"] else ())
        except (ValueError, KeyError, TypeError):
            raise Invalid({"body": "is no notice"}) from None

    def _ask(self, path: str, said: Mapping[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
        request = WebRequest(f"{self.url}/{path}", None if said is None else json.dumps(said).encode())  # noqa: S310
        if key is not None:
            request.add_header("Idempotency-Key", key)
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the tests' own server
                found: dict[str, Any] = json.load(answer)
                return found
        except HTTPError as error:
            said_there = json.load(error)["error"]
            raise (Unavailable if error.code >= SERVER_ERROR else Refused)(said_there) from None
        except (URLError, OSError) as error:
            raise Unavailable(str(error)) from None


def _signature(body: bytes, stamp: int, secret: bytes) -> str:
    return f"{stamp},{hmac.new(secret, b'%d.' % stamp + body, hashlib.sha256).hexdigest()}"


def bank_provider(config: Configurator) -> None:
    """Let payments be made with "bank"; its address is ``registry.bank_url``."""
    config.registry.bank_url = ""
    config.add_injectable(BankUrl, lambda request: request.registry.bank_url)
    config.add_payment_provider("bank", BankProvider)
