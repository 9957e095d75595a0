"""What the fake of an outside service needs: a server on loopback, faults on purpose, and a courier for notices."""

import heapq
import json
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx2

BUSY, ERROR, SILENT, LOST, GARBLED = "busy", "error", "silent", "lost", "garbled"
FAULTS = (BUSY, ERROR, SILENT, LOST, GARBLED)
"""Refused as too busy (429), and an error (500), both before anything is done; no answer at all, likewise; done, but the
connection breaks off before the answer; done, but the answer is no JSON."""

TRIES = 6
MOST_REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked; names of `headers` are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, document: Any, status: int = 200) -> Self:
        """Answer with a document."""
        return cls(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

    @classmethod
    def html(cls, page: str, status: int = 200) -> Self:
        """Answer with a page."""
        return cls(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    @classmethod
    def see(cls, url: str) -> Self:
        """Send a browser elsewhere."""
        return cls(HTTPStatus.SEE_OTHER, headers={"Location": url})


@dataclass
class Faults:
    """What goes wrong on purpose: each `every`th call (0: none), one of `kinds` in turn; all take `delay` seconds longer."""

    every: int = 0
    kinds: tuple[str, ...] = (ERROR, LOST, BUSY)
    delay: float = 0
    silence: float = 60
    """For how many seconds nothing is answered to a call that meets with `SILENT`."""
    _calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str | None:
        """Return what goes wrong with the next call, or None."""
        with self._lock:
            if not self.every:
                return None
            self._calls += 1
            times, rest = divmod(self._calls, self.every)
            return None if rest else self.kinds[(times - 1) % len(self.kinds)]


class Courier:
    """Delivers notices to `url` in a thread of its own, and again while they are not taken.

    Each goes out `copies` times, after `delay` seconds and a chance of up to `spread` more, so that order is lost. `hold`
    keeps them back until `release`. `forged` ones are signed with a wrong secret, and signatures are `age` seconds old.
    """

    def __init__(self, sign: Callable[["Courier", bytes], Mapping[str, str]], url: str | None = None) -> None:
        self._sign = sign
        self.url = url
        self.copies = 1
        self.delay = 0.0
        self.spread = 0.0
        self.forged = False
        self.age = 0
        self.answers: deque[int] = deque(maxlen=MOST_REMEMBERED)
        """What the receiver answered, as statuses; 0 where it did not."""
        self._held: list[bytes] | None = None
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._is_busy = False
        self._is_over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True, name="courier")

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver nothing any more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join()

    def send(self, notice: Mapping[str, Any]) -> None:
        """Let a notice be delivered."""
        body = json.dumps(notice).encode()
        with self._changed:
            if self._held is not None:
                self._held.append(body)
                return
            for _ in range(self.copies):
                self._put(body, self.delay + random.uniform(0, self.spread), 1)

    def hold(self) -> None:
        """Keep back what is sent from now on."""
        with self._changed:
            self._held = []

    def release(self, *, backwards: bool = False) -> None:
        """Deliver what was kept back, perhaps the last first, and keep back nothing any more."""
        with self._changed:
            held, self._held = self._held or [], None
            for body in reversed(held) if backwards else held:
                for _ in range(self.copies):
                    self._put(body, 0, 1)

    def take(self) -> list[bytes]:
        """Return what was kept back, for whoever delivers it in another way; it is not delivered from here."""
        with self._changed:
            taken, self._held = self._held or [], []
            return taken

    def settle(self, seconds: float = 20) -> None:
        """Wait until everything that was sent was taken or given up. Raises `TimeoutError`."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting and not self._is_busy, seconds):
                raise TimeoutError("There still are notices to deliver.")

    def _put(self, body: bytes, pause: float, attempt: int) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (time.monotonic() + pause, self._count, attempt, body))
        self._changed.notify_all()

    def _work(self) -> None:
        with httpx2.Client(timeout=10, trust_env=False) as client:
            while True:
                with self._changed:
                    if self._is_over:
                        return
                    pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    if pause is None or pause > 0:
                        self._changed.wait(pause)
                        continue
                    _, _, attempt, body = heapq.heappop(self._waiting)
                    self._is_busy = True
                taken = self._deliver(client, body)
                with self._changed:
                    self._is_busy = False
                    if not taken and attempt < TRIES:
                        self._put(body, 0.1 * 2**attempt, attempt + 1)
                    self._changed.notify_all()

    def _deliver(self, client: httpx2.Client, body: bytes) -> bool:
        if self.url is None:
            return True
        headers = {"Content-Type": "application/json"} | dict(self._sign(self, body))
        try:
            status = client.post(self.url, content=body, headers=headers).status_code
        except httpx2.HTTPError:
            status = 0
        self.answers.append(status)
        # A forgery is not sent again: its refusal is what was wanted.
        return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or self.forged or bool(self.age)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body go out together; parted, the second would wait for the first to be acknowledged
    server: "_Server"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        target = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        call = Call(
            self.command,
            target.path,
            dict(parse_qsl(target.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        answer = self.server.fake.serve(call)
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fake: "Fake"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers who did not wait for the answer."""


class Fake:
    """A server on 127.0.0.1 that pretends to be somebody else's: ``with FakeThing() as fake: fake.url``.

    `port` 0 takes a free one. `calls` are those to the API, the newest last. A subclass says what is answered to calls of the
    API (`answer`) and of browsers (`show`), and what an error looks like (`problem`).
    """

    api_prefixes: tuple[str, ...] = ()

    def __init__(self, port: int = 0, *, webhook_url: str | None = None) -> None:
        self.faults = Faults()
        self.calls: deque[Call] = deque(maxlen=MOST_REMEMBERED)
        self.courier = Courier(self.sign, webhook_url)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._closing = threading.Event()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.courier.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self.courier.stop()

    def serve(self, call: Call) -> Answer | None:
        """Return what is answered to a call; None: the connection breaks off."""
        if not call.path.startswith(self.api_prefixes):
            return self.show(call)
        self.calls.append(call)
        self._closing.wait(self.faults.delay)
        fault = self.faults.next()
        if fault == BUSY:
            return self.problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.")
        if fault == ERROR:
            return self.problem(HTTPStatus.INTERNAL_SERVER_ERROR, "An internal error occurred.")
        if fault == SILENT:
            self._closing.wait(self.faults.silence)
            return None
        answer = self.answer(call)
        if fault == LOST:
            return None
        return Answer(answer.status, b"<html>Bad gate", {"Content-Type": "text/html"}) if fault == GARBLED else answer

    def answer(self, call: Call) -> Answer:
        """Answer a call of the API."""
        raise NotImplementedError

    def show(self, call: Call) -> Answer:
        """Answer a browser."""
        raise NotImplementedError

    def problem(self, status: int, message: str) -> Answer:
        """Return an error as the service has them."""
        raise NotImplementedError

    def sign(self, courier: Courier, body: bytes) -> Mapping[str, str]:
        """Return the headers that show that a notice is the service's."""
        raise NotImplementedError
