"""Running work: the handler and the mark that it is done, in one transaction."""

import time
from datetime import timedelta

import structlog
from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy.orm import Session

from turnout.outbox.handlers import CurrentJob, Handler
from turnout.outbox.hooks import JobsRun
from turnout.outbox.queue import LeaseLost, Queue, Work
from turnout.outbox.retries import Retry
from turnout.system import transact

DONE, RETRIED, BURIED, LOST = "done", "retried", "dead", "lost"

DEATHS = 3
"""How often work may be taken by workers that die, however seldom it may be tried: it may be another's fault."""

log = structlog.get_logger()


def open_queue(registry: Registry, session: Session) -> Queue:
    """Return the queue as a transaction of `session` sees it."""
    return Queue(session, registry.clock.now(), timedelta(seconds=registry.settings["outbox.lease_seconds"]))


def begin(registry: Registry) -> Session:
    """Return a session for one short transaction of a worker's own, apart from what handlers do."""
    return Session(registry.engine, join_transaction_mode="create_savepoint")


def run(registry: Registry, work: Work) -> None:
    """Do work that was taken. What goes wrong with it is noted at the jobs; only a database that is away is raised."""
    started = time.perf_counter()
    handler: Handler | None = registry.handlers.get(work.handler)
    retry = (handler.retry if handler else None) or Retry(registry.settings["outbox.attempts"])
    attempt = work.jobs[0].attempts
    log.debug("job begins", handler=work.handler, jobs=work.ids, attempt=attempt)
    if handler is None:
        outcome = _fail(registry, work, retry, LookupError(f"this installation has no handler {work.handler}"))
    elif attempt > max(retry.attempts, DEATHS):
        # Taken again and again, and never heard of: it ends its workers.
        outcome = _fail(registry, work, retry, RuntimeError("the worker died each time that it ran this"))
    else:
        outcome = _try(registry, work, handler, retry)
    registry.notify(JobsRun(work.handler, len(work.jobs), outcome, time.perf_counter() - started))


def _try(registry: Registry, work: Work, handler: Handler, retry: Retry) -> str:
    def do(request: Request) -> None:
        job = work.jobs[0]
        request.job = CurrentJob(job.id, job.attempts, is_last_attempt=job.attempts >= retry.attempts)
        handler.call(request, [job.payload for job in work.jobs])
        open_queue(registry, request.db).finish(work)

    try:
        transact(registry, do)
    except LeaseLost:
        log.warning("job was taken by another worker meanwhile", handler=work.handler, jobs=work.ids)
        return LOST
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises, sys.exit() too, the worker goes on
        return _fail(registry, work, retry, error)
    return DONE


def _words_of(error: BaseException) -> str:
    """Return what an error says, as far as a database can keep it."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot be told is still one
        said = "(it cannot say what)"
    return f"{type(error).__name__}: {said}".replace("\x00", "?").encode(errors="replace").decode()


def _fail(registry: Registry, work: Work, retry: Retry, error: BaseException) -> str:
    attempt = work.jobs[0].attempts
    pause = retry.pause(attempt)
    words = _words_of(error)
    with begin(registry) as session, session.begin():
        open_queue(registry, session).fail(work, words, pause)
    plugin = registry.plugins.owner(work.handler) or registry.plugins.blamed(error)
    about = {} if plugin is None else {"plugin": plugin.name}
    if pause is None:
        log.error("job failed for good", handler=work.handler, jobs=work.ids, attempt=attempt, **about, exc_info=error)
        return BURIED
    log.warning(
        "job failed",
        **about,
        handler=work.handler,
        jobs=work.ids,
        attempt=attempt,
        next_try_in=round(pause.total_seconds(), 1),
        error=words,
        exc_info=error if attempt == 1 else None,
    )
    return RETRIED
