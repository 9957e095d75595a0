"""Background work: runs go on step by step, events are kept fresh, saved searches begin.

Each asks its source first and only then writes; what it writes, and that the job is done, is one transaction.
"""

from datetime import timedelta

import structlog
from turnout.outbox.services import Outbox
from turnout.plugin import Clock, CurrentJob, Retry

from turnout_external_events.hooks import ChangedElsewhere, RunBegun
from turnout_external_events.services import Refresher, Runner, RunService, SavedSearchService, Telling

STEPPING = Retry(attempts=10, first=1, longest=300)
ASKING = Retry(attempts=5, first=5, longest=300)
SLOT = timedelta(minutes=5)
"""How often it is looked for what is due."""
LONGEST_WAIT = timedelta(days=1)

log = structlog.get_logger()


def begin_run(begun: RunBegun, runner: Runner, runs: RunService, outbox: Outbox, job: CurrentJob) -> None:
    """Take the first step of a run that begins, or goes on."""
    _go_on(begun.run_id, None, runner, runs, outbox, job)


def go_on(run_id: int, step: int, runner: Runner, runs: RunService, outbox: Outbox, job: CurrentJob) -> None:
    """Take a step of a run, and put the next."""
    _go_on(run_id, step, runner, runs, outbox, job)


def _go_on(run_id: int, step: int | None, runner: Runner, runs: RunService, outbox: Outbox, job: CurrentJob) -> None:
    try:
        progress = runner.step(run_id, step)
    except Exception as error:
        if not job.is_last_attempt:
            raise
        # The step wrote nothing; that nobody goes on with the run is written instead.
        log.error("an import was given up", run=run_id, exc_info=error)
        runs.give_up(run_id)
        return
    if progress.goes_on:
        delay = min(timedelta(seconds=progress.seconds), LONGEST_WAIT)
        outbox.put(go_on, {"run_id": run_id, "step": progress.step}, delay=delay)


def begin_searches(searches: SavedSearchService) -> None:
    """Begin the saved searches that are due."""
    while searches.begin_due():
        pass


def refresh_due(refresher: Refresher, outbox: Outbox, clock: Clock) -> None:
    """Let sources be asked of which events are due."""
    slot = int(clock.now().timestamp() // SLOT.total_seconds())
    for provider in refresher.due():
        outbox.put(refresh, {"provider": provider}, key=f"external_events:refresh:{provider}:{slot}")


def refresh(provider: str, refresher: Refresher, outbox: Outbox) -> None:
    """Ask a source about some events that are due, and go on while there are more."""
    heard = refresher.ask(provider)
    refresher.take(heard)
    if heard.news and heard.seconds is None:
        outbox.put(refresh, {"provider": provider}, stream=f"external_events:refresh:{provider}")
    elif heard.seconds is not None:
        log.info("a source cannot be asked now", source=provider, seconds=heard.seconds)


def tell(changed: ChangedElsewhere, telling: Telling) -> None:
    """Tell the organizer what happened elsewhere."""
    telling.tell(changed.event_id, changed.status)


def purge(runs: RunService) -> None:
    """Let runs fail that nobody goes on with, and delete runs that nobody needs any more."""
    runs.give_up_forgotten()
    while runs.purge():
        pass
