"""``python -m benchmarks``."""

import os
import secrets
import shlex
import sys
import tempfile
import warnings
from pathlib import Path

import click
import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)

from benchmarks import data, load, pgbench, report, requests, servers  # noqa: E402
from benchmarks.scenarios import NAIVE, PLENTY, SCENARIOS, SPREAD, Bench, Figures, Turn  # noqa: E402
from benchmarks.statements import application, statements  # noqa: E402

RESULTS = Path(__file__).with_name("results.md")
WARM_UP = 2.0
console = Console(stderr=True)


def _make_data(url: str, size: data.Size, progress: Progress) -> None:
    """Migrate and fill the database, unless it was filled before (``--keep``)."""
    from turnout import migrate
    from turnout.db import make_engine

    engine = make_engine(url, statement_timeout=0)
    migrate.upgrade(engine)
    engine.dispose()
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT 1 FROM events LIMIT 1").fetchone():
            return
        bar = progress.add_task("Data", total=len(data.STEPS) + 1)

        def step(name: str) -> None:
            progress.update(bar, advance=1, description=f"Data: {name}")

        data.fill(connection, size, step)
        progress.remove_task(bar)


def _count_statements(bench: Bench, url: str, secret: str, names: list[str]) -> dict[str, int]:
    """Return how many statements one request of each scenario sends, once the caches are warm."""
    free = data.open_sales(bench.connection, 1, PLENTY)
    run = secrets.token_hex(4)
    ours = requests.bookings(bench.tokens[-10:], free, run)
    kinds = {
        "hot": (ours, 201),
        "hot-async": (requests.bookings(bench.tokens[-20:-10], free, run, requests.ASYNC), 202),
        "spread": (ours, 201),
        "lists": ([next(requests.first_pages()) for _ in range(3)], 200),
        "details": ([next(requests.details(bench.published)) for _ in range(3)], 200),
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = {"database.url": url, "turnout.secret": secret, "turnout.data": folder}
        with application(settings) as app:
            for name in names:
                if name in kinds:
                    wanted, status = kinds[name]
                    found[name] = [len(statements(app, wanted.pop(), expected=status)) for _ in range(3)][-1]
    return found


def _measure(bench: Bench, names: list[str], rounds: int, seconds: float, progress: Progress) -> dict[str, Figures]:
    """Go through the scenarios `rounds` times."""
    measured = {name: Figures() for name in names}
    run = secrets.token_hex(4)
    whole = progress.add_task("Rounds", total=rounds * len(names) * seconds)
    for number in range(1, rounds + 1):
        for position, name in enumerate(names):
            title, function = SCENARIOS[name]
            start = ((number - 1) * len(names) + position) * seconds
            progress.update(whole, completed=start, description=f"Round {number} of {rounds}: {title}")

            def tick(passed: float, start: float = start) -> None:
                progress.update(whole, completed=start + min(passed, seconds))

            function(bench, measured[name], Turn(f"{run}-{number}-{name}", seconds, tick))
            figures = measured[name]
            progress.console.print(
                f"{number}  {title:60} {figures.rates[-1]:8,.0f}/s"
                + (f"  p50 {figures.p50s[-1]:7.1f} ms  p99 {figures.p99s[-1]:7.1f} ms" if figures.p50s else "")
            )
    progress.update(whole, completed=rounds * len(names) * seconds)
    return measured


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url",
    envvar="TURNOUT_BENCH_POSTGRES_URL",
    help="PostgreSQL server to measure on [default: a throw-away cluster].",
)
@click.option("--quick", is_flag=True, help="Smaller data set, shorter rounds; prints, and writes only with --output.")
@click.option("--rounds", type=click.IntRange(1), help="[default: 3; quick: 2]")
@click.option("--seconds", type=click.FloatRange(1), help="Length of each scenario in a round [default: 8; quick: 3].")
@click.option("--clients", type=click.IntRange(1), default=32, show_default=True)
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True, help="Processes of turnout serve.")
@click.option("--threads", type=click.IntRange(1), help="Threads of each process [default: the server's].")
@click.option("--only", help=f"Scenarios, comma between: {', '.join(SCENARIOS)}.")
@click.option("--keep", metavar="DATABASE", help="Use this database, made where missing, and keep it (with --url).")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: benchmarks/results.md]")
def main(
    *,
    url: str | None,
    quick: bool,
    rounds: int | None,
    seconds: float | None,
    clients: int,
    processes: int,
    threads: int | None,
    only: str | None,
    keep: str | None,
    output: Path | None,
) -> None:
    """Measure bookings, lists and details over HTTP on PostgreSQL, beside pgbench, and write the results."""
    size = data.QUICK if quick else data.FULL
    rounds, seconds = rounds or (2 if quick else 3), seconds or (3 if quick else 8)
    names = [name for name in SCENARIOS if only is None or name in only.split(",")]
    program = pgbench.find()
    if program is None:
        console.print("pgbench was not found, so there is nothing to compare with. It comes with PostgreSQL.")
        names = [name for name in names if NAIVE not in name]
    secret = "bench-" + secrets.token_hex(24)
    columns = (TextColumn("{task.description:75}"), BarColumn(), TimeElapsedColumn())
    # Two refreshes a second: a livelier bar would take part in what is measured.
    with (
        servers.database(url, keep=keep) as address,
        Progress(*columns, console=console, refresh_per_second=2) as progress,
    ):
        _make_data(address, size, progress)
        with psycopg.connect(address) as connection:
            published = [
                row[0]
                for row in connection.execute(
                    "SELECT id FROM events WHERE status = 'published' AND id <= %s", (size.events,)
                )
            ]
            signed = requests.tokens(secret, size.users)
            further = {} if threads is None else {"server_threads": str(threads)}
            with servers.serving(address, secret, processes=processes, **further) as listening:
                idle = report.idle_share()
                bench = Bench(connection, address, listening, signed, published, clients, program)
                counted = _count_statements(bench, address, secret, names)
                _warm_up(bench)
                measured = _measure(bench, names, rounds, seconds, progress)
            facts = report.machine(connection, idle)
    conditions = report.Conditions(
        *(size, clients, processes, f"{threads} threads each" if threads else "threads by default", rounds, seconds),
        shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
    )
    text = report.write(measured, counted, facts, conditions)
    path = output or (None if quick or only else RESULTS)
    if path is None:
        click.echo(text)
    else:
        path.write_text(text, "utf-8")
        console.print(f"Written to {os.path.relpath(path)}")


def _warm_up(bench: Bench) -> None:
    """Let every process make its connections and fill its caches."""
    load.run(bench.address, requests.first_pages(), clients=bench.clients, seconds=WARM_UP)
    free = data.open_sales(bench.connection, SPREAD, PLENTY)
    material = requests.bookings(bench.tokens, free, "warm-" + secrets.token_hex(4))
    load.run(bench.address, iter(material), clients=bench.clients, seconds=WARM_UP)


main()
