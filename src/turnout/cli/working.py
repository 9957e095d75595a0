"""``turnout worker``: background work in a process of its own."""

import signal
import threading

import click

from turnout.cli.context import SPARE, application, config_option, require_migrated


@click.command(
    short_help="Do background work.",
    epilog="""
    \b
    Examples:
      turnout worker                 beside servers that run with outbox.embedded = false
      turnout worker --threads 8     for work that waits on others: mail, webhooks
      turnout worker --drain         from cron, where nothing may run for long

    As many as wanted, on as many machines as wanted: no two do the same work. With outbox.engine = celery a worker
    hands the work to Celery; see turnout celery --help.
    """,
)
@config_option
@click.option("--threads", type=click.IntRange(1, 64), help="Jobs at once [default: setting outbox.threads, 2].")
@click.option("--drain", is_flag=True, help="Do what is due now, and end.")
def worker(*, threads: int | None, drain: bool) -> None:
    """Do background work until told to stop (Ctrl-C, SIGTERM)."""
    from turnout.outbox.worker import Worker

    more = {} if threads is None else {"outbox.threads": str(threads), "database.pool_size": str(threads + SPARE)}
    with application(**more) as router:
        require_migrated(router.registry.engine)
        if drain:
            done = Worker(router.registry).drain()
            click.echo(f"Did {done} {'job' if done == 1 else 'jobs'}.")
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        with Worker(router.registry):
            click.echo("Working. Stop it with Ctrl-C.")
            stopping.wait()
