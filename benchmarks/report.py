"""What was measured, as `results.md`."""

import os
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.data import Size
from benchmarks.scenarios import NAIVE, SCENARIOS, Figures

COMPARED = {"hot": "naive-hot", "spread": "naive-spread"}
DECIDED_LATER = ("hot-async", "backlog")
MEANINGS = {
    "hot": "everybody wants the same event, the moment a sale opens",
    "spread": "an ordinary busy day",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what the figures came about."""

    size: Size
    clients: int
    processes: int
    threads: str
    rounds: int
    seconds: float
    command: str


def idle_share(seconds: float = 3.0) -> float:
    """Watch the machine for `seconds` and return which share of its cores has nothing to do (Linux)."""

    def times() -> tuple[int, int]:
        spent = [int(field) for field in Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:9]]
        return spent[3] + spent[4], sum(spent)

    idle, whole = times()
    time.sleep(seconds)
    idle_after, whole_after = times()
    return (idle_after - idle) / max(1, whole_after - whole)


def machine(connection: psycopg.Connection, idle: float) -> list[tuple[str, str]]:
    """Return the facts of the machine that figures depend on; `idle` is what `idle_share` said before the rounds."""
    shown = {
        name: str((connection.execute(f"SHOW {name}").fetchone() or [""])[0])
        for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
    }
    connection.rollback()
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return [
        ("Date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("Machine", f"{os.cpu_count()} cores ({cpu}), {platform.system()} {platform.release()}"),
        (
            "Idle before the rounds",
            f"{idle:.0%} of the cores; under about 95% others took part, and the figures say little",
        ),
        ("PostgreSQL", ", ".join([shown.pop("server_version").split()[0], *(f"{k} {v}" for k, v in shown.items())])),
        (
            "Python",
            f"{platform.python_version()}, SQLAlchemy {version('sqlalchemy')}, psycopg {version('psycopg')}, waitress {version('waitress')}, Pyramid {version('pyramid')}",
        ),
    ]


def _statuses(figures: Figures) -> str:
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(figures.statuses.items()))


def _row(name: str, figures: Figures, statements: dict[str, int]) -> str:
    cells = [
        SCENARIOS[name][0],
        f"{figures.rate:,.0f}",
        f"{min(figures.rates):,.0f} - {max(figures.rates):,.0f}",
        f"{figures.p50:.1f}" if figures.p50s else "",
        f"{figures.p99:.1f}" if figures.p99s else "",
        str(statements.get(name, "")),
        _statuses(figures),
    ]
    return "| " + " | ".join(cells) + " |"


def _ratios(measured: dict[str, Figures]) -> list[str]:
    lines = []
    for name, yardstick in COMPARED.items():
        if name in measured and yardstick in measured:
            ours, theirs = measured[name], measured[yardstick]
            each = ", ".join(f"{a / b:.2f}" for a, b in zip(ours.rates, theirs.rates, strict=True))
            lines.append(
                f"- {SCENARIOS[name][0]} ({MEANINGS[name]}): **{ours.rate / theirs.rate:.2f}** of what pgbench does "
                f"({ours.rate:,.0f} against {theirs.rate:,.0f} a second; round by round {each})."
            )
    return lines


def _asynchronous(measured: dict[str, Figures]) -> list[str]:
    """Return how deciding many bookings together compares with deciding each before it is answered."""
    if "hot" not in measured or not any(name in measured for name in DECIDED_LATER):
        return []
    lines, at_once = ["", "## Decided later", ""], measured["hot"]
    for name in DECIDED_LATER:
        if name in measured:
            ours = measured[name]
            each = ", ".join(f"{a / b:.2f}" for a, b in zip(ours.rates, at_once.rates, strict=True))
            lines.append(
                f"- {SCENARIOS[name][0]}: **{ours.rate / at_once.rate:.2f}** of {SCENARIOS['hot'][0]} "
                f"({ours.rate:,.0f} against {at_once.rate:,.0f} a second; round by round {each})."
            )
    if "hot-async" in measured:
        ours = measured["hot-async"]
        lines.append(
            f"- Answered: {median(ours.answered):,.0f} a second; the last decision came {median(ours.left_over):.2f} seconds "
            "after the last answer."
        )
    return [
        *lines,
        "",
        "Both take the same requests to the same processes, whose workers decide what waits for the one event together, up to",
        "a hundred in one transaction; the clock runs from the first request until the last booking is decided. The backlog",
        "is decided with no requests beside it, by one worker at a time.",
    ]


def _exactness(measured: dict[str, Figures]) -> str:
    booked = [figures for name, figures in measured.items() if figures.sold and NAIVE not in name]
    sold = sum(figures.sold for figures in booked)
    oversold, apart = sum(f.oversold for f in booked), sum(f.apart for f in booked)
    return (
        f"Of {sold:,} places booked, **{oversold} were oversold**; counters of taken places and rows of bookings are "
        f"{apart} apart; bookings answered 201 or 202, booking rows and ticket rows are the same number."
    )


def write(
    measured: dict[str, Figures], statements: dict[str, int], facts: list[tuple[str, str]], conditions: Conditions
) -> str:
    """Return the report as Markdown."""
    size = conditions.size
    failures = sum(
        count for figures in measured.values() for status, count in figures.statuses.items() if status >= 500
    )
    lines = [
        "# How fast Turnout is",
        "",
        "Written by `python -m benchmarks`. Figures of another machine differ; ratios within this page say more.",
        "",
        *(f"- {name}: {value}" for name, value in facts),
        f"- Turnout: {conditions.processes} processes of `turnout serve` ({conditions.threads}) on one port",
        f"- Load: {conditions.clients} clients on the same machine, each sending its next request when the last is answered",
        f"- Data: {size.events:,} events, {size.bookings:,} bookings, {size.users:,} users, {size.venues:,} venues",
        f"- {conditions.rounds} rounds of {conditions.seconds:g} seconds each, every round going through all scenarios; medians of the rounds",
        "",
        "| What | a second | lowest - highest | p50 ms | p99 ms | SQL statements a request | answers by status |",
        "|---|---:|---:|---:|---:|---:|---|",
        *(_row(name, figures, statements) for name, figures in measured.items()),
        "",
        "## Against the database alone",
        "",
        *_ratios(measured),
        "",
        "The yardstick is pgbench with as many clients, on the same server, in the same rounds: `BEGIN`, a conditional",
        "`UPDATE` of a counter row, `INSERT` of a booking, `COMMIT`, as prepared statements. It speaks no HTTP, checks no",
        "token, no rule and no idempotency key, and keeps no tickets: 1.00 would mean that all of this costs nothing.",
        "",
        *_asynchronous(measured)[1:],
        *([""] if _asynchronous(measured) else []),
        "## Never oversold",
        "",
        _exactness(measured) + f" Answers with a status of 500 or more: {failures}.",
        "",
        "## What it means",
        "",
        "- *Bookings*: each is made by another signed-in user (token checked, user and session looked up), for one place at a",
        "  free event, with an `Idempotency-Key`. BEGIN and COMMIT are not among the statements counted.",
        "- *One hot event* is limited by one row: each booking must wait until the last one's commit is on the disk.",
        "- *The last places*: refusing must be cheaper than booking, or those who come too late slow down everybody.",
        "- *Lists and details* are read without signing in. The filtered list goes through search, country, category, tags,",
        "  price, organizer, availability, a deep page and a cursor in turn.",
        "",
        "## Again",
        "",
        "```",
        conditions.command,
        "```",
        "",
        "`make bench` does the same. `--quick` takes a smaller data set and shorter rounds; `--url postgresql://...` or",
        "`TURNOUT_BENCH_POSTGRES_URL` measure on a server of yours, in a database of its own that is dropped at the end;",
        "without them a throw-away cluster with fsync on is started. `--help` names the rest.",
    ]
    return "\n".join(lines) + "\n"
