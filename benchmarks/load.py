"""Load over HTTP that costs little itself: one process, many keep-alive connections, requests made beforehand.

Each client sends its next request when it has the answer to the last one (a closed loop).
"""

import gc
import re
import select
import socket
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CHUNK = 262_144
SAMPLE_EVERY = 97
PATIENCE = 30.0
"""Seconds without any answer after which a run is given up."""

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"

Tick = Callable[[float], None]
"""Is told how many seconds of the run have passed."""


@dataclass(slots=True)
class Outcome:
    """What a run of load came to. `latencies` are in seconds, in order of arrival."""

    seconds: float
    latencies: "array[float]"
    statuses: Counter[int]
    samples: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency, in milliseconds, that `share` of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class _Client:
    __slots__ = ("received", "sent_at", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)  # noqa: FBT003 - its only argument
        self.sent_at = 0.0
        self.received = b""


def get(path: str, headers: str = "") -> bytes:
    """Return the bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{headers}\r\n".encode()


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    ).encode() + body


def run(
    address: tuple[str, int], requests: Iterator[bytes], *, clients: int, seconds: float, tick: Tick | None = None
) -> Outcome:
    """Let `clients` send `requests` for `seconds`, or until there are no more.

    Raises `RuntimeError` when a connection breaks or nothing comes back: a broken run has no figures.
    """
    crowd = [_Client(address) for _ in range(clients)]
    poll = select.epoll()
    by_number = {}
    for client in crowd:
        by_number[client.socket.fileno()] = client
        poll.register(client.socket.fileno(), select.EPOLLIN)
    gc.collect()
    gc.disable()
    try:
        return _drive(poll, by_number, requests, seconds, tick)
    finally:
        gc.enable()
        poll.close()
        for client in crowd:
            client.socket.close()


def _drive(
    poll: select.epoll, by_number: dict[int, _Client], requests: Iterator[bytes], seconds: float, tick: Tick | None
) -> Outcome:
    now = time.perf_counter
    latencies: array[float] = array("d")
    statuses: Counter[int] = Counter()
    samples: list[tuple[int, bytes]] = []
    busy = 0
    started = next_tick = last = now()
    deadline = started + seconds
    for client in by_number.values():
        busy += _send(client, requests, now())
    while busy:
        ready = poll.poll(PATIENCE)
        if not ready:
            raise RuntimeError(f"The server has not answered for {PATIENCE:.0f} seconds.")
        for number, _event in ready:
            client = by_number[number]
            answer = _receive(client)
            if answer is None:
                continue
            last = now()
            latencies.append(last - client.sent_at)
            status = int(answer[9:12])
            statuses[status] += 1
            if len(latencies) % SAMPLE_EVERY == 0:
                samples.append((status, answer[answer.find(_END_OF_HEAD) + 4 :]))
            busy -= 1
            if last < deadline:
                busy += _send(client, requests, last)
        if tick is not None and last >= next_tick:
            tick(last - started)
            next_tick = last + 0.5
    return Outcome(last - started, latencies, statuses, samples)


def _send(client: _Client, requests: Iterator[bytes], moment: float) -> int:
    request = next(requests, None)
    if request is None:
        return 0
    client.sent_at = moment
    if client.socket.send(request) != len(request):
        raise RuntimeError("A request did not fit into the socket's buffer.")
    return 1


def _receive(client: _Client) -> bytes | None:
    """Return the whole answer, or None when part of it is still under way."""
    chunk = client.socket.recv(CHUNK)
    if not chunk:
        raise RuntimeError(f"The server closed a connection; last it said: {client.received[:500]!r}")
    data = client.received + chunk if client.received else chunk
    end = data.find(_END_OF_HEAD)
    if end >= 0:
        length = _LENGTH.search(data, 0, end + 2)
        if len(data) >= end + 4 + (int(length[1]) if length else 0):
            client.received = b""
            return data
    client.received = data
    return None
