"""``turnout worker`` and ``turnout celery``: background work in processes of its own."""

import os
import signal
import threading
from typing import TYPE_CHECKING

import click

from turnout.cli.context import SPARE, application, config_option, load_settings
from turnout.errors import StartError

if TYPE_CHECKING:
    from pyramid.registry import Registry

    from turnout.outbox.worker import Worker


def _drain(worker: "Worker") -> int:
    """Do what is due, while the heartbeat lets what takes long last."""
    worker.heartbeat.start()
    try:
        return worker.drain()
    finally:
        worker.heartbeat.stop()


@click.command(
    short_help="Do background work.",
    epilog="""
    \b
    Examples:
      turnout worker                 beside servers that run with outbox.embedded = false
      turnout worker --threads 8     for more of the default queue at once
      turnout worker --queue bookings --queue default    for these alone; others do the rest
      turnout worker --drain         from cron, where nothing may run for long

    As many as wanted, on as many machines as wanted: no two do the same work. With outbox.engine = celery a worker
    hands the work to Celery; see turnout celery --help.
    """,
)
@config_option
@click.option("--threads", type=click.IntRange(1, 64), help="Jobs at once [default: setting outbox.threads, 2].")
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Only this queue; may be given more than once.")
@click.option("--drain", is_flag=True, help="Do what is due now, and end.")
def worker(*, threads: int | None, queues: tuple[str, ...], drain: bool) -> None:
    """Do background work until told to stop (Ctrl-C, SIGTERM)."""
    from turnout.outbox.handlers import queues_of
    from turnout.outbox.worker import Worker

    more = {} if threads is None else {"outbox.threads": str(threads), "database.pool_size": str(threads + SPARE)}
    with application(more, is_migrated=True) as router:
        known = queues_of(router.registry.handlers)
        if unknown := sorted(set(queues) - set(known)):
            raise click.BadParameter(f"{unknown[0]!r} is none of: {', '.join(known)}", param_hint="--queue")
        if drain:
            done = _drain(Worker(router.registry, queues))
            click.echo(f"Did {done} {'job' if done == 1 else 'jobs'}.")
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        with Worker(router.registry, queues):
            click.echo("Working. Stop it with Ctrl-C.")
            stopping.wait()


@click.command(
    short_help="Run Celery, which does background work where outbox.engine is celery.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="""
    \b
    Examples:
      turnout celery worker --concurrency 4              on as many machines as wanted
      turnout celery worker --queues turnout.bookings    for one kind of work alone
      turnout celery inspect ping                        whether they answer

    Something must hand the work over: turnout serve with outbox.embedded, or turnout worker. How much is logged says the
    setting log.level.
    """,
)
@config_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def celery(*, arguments: tuple[str, ...]) -> None:
    """Run Celery's own command line (worker, inspect, ...) with the settings of this installation."""
    from turnout.outbox.engines import require_celery

    require_celery()
    # Before Celery reads them: it would listen elsewhere than where the work is handed over.
    for name in [name for name in os.environ if name.startswith("CELERY_")]:
        del os.environ[name]
    from turnout.outbox.celery import worker_of

    settings = load_settings()
    works = "worker" in arguments and "--help" not in arguments
    with application({}, _require_engine, is_migrated=works) as router:
        app = worker_of(router.registry, lambda: _registry(settings))
    # After the application is closed: the processes that Celery forks must not inherit its connections.
    exit_code = app.start(list(arguments))
    if exit_code:
        raise SystemExit(exit_code)


def _require_engine(registry: "Registry") -> None:
    if registry.outbox_engine is None:
        raise StartError("Setting outbox.engine (or TURNOUT_OUTBOX_ENGINE) is local; Celery would get no work.")


def _registry(settings: dict[str, object]) -> "Registry":
    from turnout.migrate import require_migrated
    from turnout.plugin.assembly import assemble

    return assemble(settings, require_migrated).registry
