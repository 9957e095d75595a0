"""What is measured, round by round: each scenario makes fresh material, puts load on it, and proves what came of it."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

import psycopg

from benchmarks import data, load, pgbench, requests
from benchmarks.data import Tally

SPREAD = 1_000
PLENTY = 10_000_000
LAST_PLACES = 100
BACKLOG = 5_000
"""How many bookings wait at once; fewer in a turn of fewer seconds than `FULL_TURN`."""
FULL_TURN = 8.0
DECIDING_SECONDS = 120.0
NAIVE = "naive"


@dataclass(slots=True)
class Figures:
    """What the rounds of one scenario measured: rates a second, latencies in milliseconds."""

    rates: list[float] = field(default_factory=list)
    p50s: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    oversold: int = 0
    apart: int = 0
    answered: list[float] = field(default_factory=list)
    """Answers a second, where the rate is that of what was decided."""
    left_over: list[float] = field(default_factory=list)
    """Seconds from the last answer until the last decision."""

    rate = property(lambda self: median(self.rates))
    p50 = property(lambda self: median(self.p50s or [0.0]))
    p99 = property(lambda self: median(self.p99s or [0.0]))

    @property
    def sold(self) -> int:
        """How many places were sold to those who were answered."""
        return self.statuses[201] + self.statuses[202]

    def add(self, outcome: load.Outcome) -> None:
        """Take in a round."""
        self.rates.append(outcome.rate)
        self.p50s.append(outcome.percentile(0.50))
        self.p99s.append(outcome.percentile(0.99))
        self.statuses += outcome.statuses


@dataclass(frozen=True, slots=True)
class Turn:
    """One scenario's part of one round. No two turns of any run have the same name."""

    name: str
    seconds: float
    tick: load.Tick


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that a round needs."""

    connection: psycopg.Connection
    url: str
    address: tuple[str, int]
    tokens: list[str]
    published: list[int]
    clients: int
    pgbench: str | None

    def http(self, material: Iterator[bytes], turn: Turn) -> load.Outcome:
        """Put the load of all clients on the servers."""
        return load.run(self.address, material, clients=self.clients, seconds=turn.seconds, tick=turn.tick)


Scenario = Callable[[Bench, Figures, Turn], None]


def _require(condition: object, message: str) -> None:
    if not condition:
        raise RuntimeError(message)


def _check_samples(outcome: load.Outcome, status: int, *members: str) -> None:
    """Raise `RuntimeError` unless the sampled answers with `status` are JSON objects with `members`."""
    good = [json.loads(body) for found, body in outcome.samples if found == status]
    _require(good, f"No answer {status}, but {dict(outcome.statuses)}: {[s[1][:300] for s in outcome.samples[:2]]}")
    for document in good:
        _require(all(document.get(name) is not None for name in members), f"Not a right answer: {document}")


def _check_tally(found: Tally, answered: int) -> None:
    """Raise `RuntimeError` when bookings that were answered 201 or 202 and rows are not the same number."""
    _require(
        found.booked == found.tickets == answered,
        f"{answered} bookings were answered 201 or 202, but there are {found.booked} places in bookings, {found.tickets} tickets.",
    )


def _book(bench: Bench, figures: Figures, turn: Turn, events: list[int]) -> load.Outcome:
    material = requests.bookings(bench.tokens, events, turn.name)
    outcome = bench.http(iter(material), turn)
    figures.add(outcome)
    _check_samples(outcome, 201, "id", "code", "status")
    found = data.tally(bench.connection, events)
    figures.oversold += found.oversold
    figures.apart += found.apart
    _check_tally(found, outcome.statuses[201])
    return outcome


def hot(bench: Bench, figures: Figures, turn: Turn) -> None:
    """Everybody wants the same event."""
    _book(bench, figures, turn, data.open_sales(bench.connection, 1, PLENTY))


def _wait_until_decided(bench: Bench, event: int) -> None:
    """Wait until every booking of `event` is decided: the newest first, which is quickly asked."""
    deadline = time.monotonic() + DECIDING_SECONDS
    while not data.is_decided(bench.connection, event, newest=True) or data.undecided(bench.connection, event):
        _require(time.monotonic() < deadline, f"Not decided after {DECIDING_SECONDS:.0f} seconds.")
        time.sleep(0.01)


def hot_async(bench: Bench, figures: Figures, turn: Turn) -> None:
    """Everybody wants the same event, and is answered before it is decided; the clock runs until the last one is."""
    events = data.open_sales(bench.connection, 1, PLENTY)
    material = requests.bookings(bench.tokens, events, turn.name, requests.ASYNC)
    started = time.perf_counter()
    outcome = bench.http(iter(material), turn)
    answered = time.perf_counter()
    _wait_until_decided(bench, events[0])
    decided = time.perf_counter()
    figures.add(outcome)
    figures.rates[-1] = outcome.statuses[202] / (decided - started)
    figures.answered.append(outcome.rate)
    figures.left_over.append(decided - answered)
    _check_samples(outcome, 202, "id", "code", "status")
    found = data.tally(bench.connection, events)
    figures.oversold += found.oversold
    figures.apart += found.apart
    _check_tally(found, outcome.statuses[202])


def backlog(bench: Bench, figures: Figures, turn: Turn) -> None:
    """Many bookings of one event wait to be decided, and nothing else happens: one worker at a time decides them."""
    [event] = data.open_sales(bench.connection, 1, PLENTY)
    count = min(len(bench.tokens), max(500, round(BACKLOG * min(1.0, turn.seconds / FULL_TURN))))
    data.accept(bench.connection, event, count)
    while not data.is_decided(bench.connection, event, newest=False):
        time.sleep(0.01)  # a worker that had nothing to do may have slept until now
    left = data.undecided(bench.connection, event)
    started = time.perf_counter()
    _wait_until_decided(bench, event)
    figures.rates.append(left / (time.perf_counter() - started))
    found = data.tally(bench.connection, [event])
    figures.oversold += found.oversold
    figures.apart += found.apart
    _check_tally(found, count)


def spread(bench: Bench, figures: Figures, turn: Turn) -> None:
    """The wishes are spread over many events."""
    _book(bench, figures, turn, data.open_sales(bench.connection, SPREAD, PLENTY))


def last_places(bench: Bench, figures: Figures, turn: Turn) -> None:
    """There are far fewer places than wishes; most are refused."""
    outcome = _book(bench, figures, turn, data.open_sales(bench.connection, 1, LAST_PLACES))
    _require(
        outcome.statuses[201] == min(LAST_PLACES, len(outcome.latencies)),
        f"{outcome.statuses[201]} of {LAST_PLACES} places were sold in {len(outcome.latencies)} requests.",
    )


def _naive(bench: Bench, figures: Figures, pools: int, seconds: float) -> None:
    _require(bench.pgbench, "pgbench was not found")
    rows = pgbench.prepare(bench.connection, pools)
    found = pgbench.run(bench.pgbench or "", bench.url, rows, clients=bench.clients, seconds=max(1, round(seconds)))
    figures.rates.append(found.rate)
    figures.p50s.append(found.p50)
    figures.p99s.append(found.p99)


def naive_hot(bench: Bench, figures: Figures, turn: Turn) -> None:
    """pgbench: everybody wants the same row."""
    _naive(bench, figures, 1, turn.seconds)


def naive_spread(bench: Bench, figures: Figures, turn: Turn) -> None:
    """pgbench: the wishes are spread over many rows."""
    _naive(bench, figures, SPREAD, turn.seconds)


def _read(outcome: load.Outcome, figures: Figures, *members: str) -> None:
    figures.add(outcome)
    _check_samples(outcome, 200, *members)


def lists(bench: Bench, figures: Figures, turn: Turn) -> None:
    """The first page of events."""
    _read(bench.http(requests.first_pages(), turn), figures, "count", "results")


def filters(bench: Bench, figures: Figures, turn: Turn) -> None:
    """Pages by filters, by search and deep in the list."""
    _read(bench.http(requests.filtered_pages(), turn), figures, "count", "results")


def details(bench: Bench, figures: Figures, turn: Turn) -> None:
    """One event after the other."""
    _read(bench.http(requests.details(bench.published), turn), figures, "id", "seats_available", "title")


SCENARIOS: dict[str, tuple[str, Scenario]] = {
    "hot": ("Bookings, one hot event", hot),
    "hot-async": ("Bookings, one hot event, asynchronous, until decided", hot_async),
    "backlog": ("Decisions of bookings that wait, one hot event", backlog),
    "naive-hot": ("pgbench, one hot row", naive_hot),
    "spread": (f"Bookings, {SPREAD:,} events", spread),
    "naive-spread": (f"pgbench, {SPREAD:,} rows", naive_spread),
    "last-places": (f"Rush for the last {LAST_PLACES:,} places (mostly refusals)", last_places),
    "lists": ("List of events, first page of 20", lists),
    "filters": ("List of events, filtered, searched, deep", filters),
    "details": ("Details of an event", details),
}
"""In the order in which a round goes through them; each yardstick right after what it is compared with."""
