"""The yardstick: what PostgreSQL alone does with the naive transaction, by its own pgbench."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

TABLES = """
    CREATE SCHEMA IF NOT EXISTS naive;
    CREATE TABLE IF NOT EXISTS naive.pools (
        id bigint PRIMARY KEY, capacity integer NOT NULL, taken integer NOT NULL DEFAULT 0 CHECK (taken <= capacity)
    ) WITH (fillfactor = 50);
    CREATE TABLE IF NOT EXISTS naive.bookings (
        id bigserial PRIMARY KEY, pool_id bigint NOT NULL, user_id bigint NOT NULL, quantity integer NOT NULL,
        created_at timestamptz NOT NULL
    );
"""
TRANSACTION = r"""
\set pool random(:first, :last)
\set user random(1, 1000000)
BEGIN;
UPDATE naive.pools SET taken = taken + 1 WHERE id = :pool AND taken + 1 <= capacity;
INSERT INTO naive.bookings (pool_id, user_id, quantity, created_at) VALUES (:pool, :user, 1, now());
COMMIT;
"""
_RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NaiveOutcome:
    """Transactions a second, and how long they took in milliseconds."""

    rate: float
    p50: float
    p99: float


def find() -> str | None:
    """Return where pgbench is; Debian keeps it out of the way."""
    found = shutil.which("pgbench")
    if found:
        return found
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(places[-1]) if places else None


def prepare(connection: psycopg.Connection, pools: int) -> tuple[int, int]:
    """Make `pools` fresh counter rows; return the first and the last id."""
    connection.execute(TABLES)
    first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM naive.pools").fetchone()[0]  # type: ignore[index]
    last = first + pools - 1
    connection.execute(
        "INSERT INTO naive.pools (id, capacity) SELECT n, 1000000000 FROM generate_series(%s::bigint, %s::bigint) AS n",
        (first, last),
    )
    connection.commit()
    return first, last


def run(program: str, url: str, pools: tuple[int, int], *, clients: int, seconds: int) -> NaiveOutcome:
    """Run the naive transaction over `pools` with `clients` for `seconds`."""
    with tempfile.TemporaryDirectory(prefix="turnout-bench-") as folder:
        script = Path(folder, "naive.sql")
        script.write_text(TRANSACTION, "ascii")
        command = [
            program,
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            "--jobs=2",
            f"--time={seconds}",
        ]
        command += [f"--define=first={pools[0]}", f"--define=last={pools[1]}", f"--file={script}"]
        command += ["--log", f"--log-prefix={folder}/log", url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        rate = _RATE.search(done.stdout)
        if done.returncode or rate is None:
            raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
        microseconds = sorted(
            int(line.split()[2]) for log in Path(folder).glob("log.*") for line in log.read_text("ascii").splitlines()
        )
    return NaiveOutcome(
        float(rate[1]),
        microseconds[len(microseconds) // 2] / 1000,
        microseconds[int(len(microseconds) * 0.99)] / 1000,
    )
