"""``turnout import``: everything that a search finds, in one go."""

import time
from contextlib import suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import click
from pyramid.router import Router
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from sqlalchemy import func, select
from turnout.events.models import DRAFT, PUBLISHED
from turnout.plugin import (
    SYSTEM,
    Actor,
    DomainError,
    Invalid,
    NotFound,
    Request,
    Session,
    application,
    system_request,
    transact,
)
from turnout.users.models import User

from turnout_external_events.errors import WrongRunStatus
from turnout_external_events.models import DONE, Run
from turnout_external_events.services import Runner, RunService
from turnout_external_events.services.people import organizer
from turnout_external_events.sources import Criteria
from turnout_external_events.stopping import Stopping

LONGEST_WAIT = 120.0
"""Seconds for which a source is waited for; what takes longer is for another day."""
DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command(
    "import",
    short_help="Import events from elsewhere.",
    epilog="""
    \b
    Examples:
      turnout import --as harbour --provider ticketmaster --query jazz --date-from 2027-01-01 --date-to 2027-12-31
      turnout import --as harbour --provider ical --query https://example.com/events.ics

    Ctrl-C stops it after the step that it is at, a second one at once; the same command goes on where it stopped.
    Nothing is imported twice.
    """,
)
@click.option("--provider", required=True, help="The source, such as ticketmaster.")
@click.option("--as", "username", required=True, help="The organizer whose events they become: a username.")
@click.option("--query", default="", help="Words; for ical the address of the calendar.")
@click.option("--location", default="", help="A city.")
@click.option("--category", default="", help="A word such as music.")
@click.option("--date-from", type=DAY, help="Events from that day on (UTC) [default: from now on].")
@click.option("--date-to", type=DAY, help="Events until that day (UTC), which is included.")
@click.option("--draft", is_flag=True, help="Make drafts, which nobody else sees.")
@click.option(
    "--fresh", is_flag=True, help="Begin anew, even if an earlier run of this search has not come to its end."
)
def import_events(
    *,
    provider: str,
    username: str,
    query: str,
    location: str,
    category: str,
    date_from: datetime | None,
    date_to: datetime | None,
    draft: bool,
    fresh: bool,
) -> None:
    """Import everything that a search finds, however much it is.

    Exit code 1: it did not come to its end; run it again.
    """
    criteria = Criteria(query, location, _utc(date_from), _end_of_day(date_to), category)
    with application() as app, Stopping() as stopping:
        try:
            with system_request(app) as request:
                run = _begun(request, username, provider, criteria, draft=draft, fresh=fresh)
                run_id, is_resumed = run.id, run.step > 0
        except Invalid as error:
            said = "; ".join(f"--{field.replace('_', '-')}: {message}" for field, message in error.errors)
            raise click.UsageError(said) from None
        except DomainError as error:
            raise click.ClickException(error.detail) from None
        if is_resumed:
            click.echo("Going on where an earlier run of this search stopped; --fresh begins anew.", err=True)
        status = _imported(app, run_id, stopping)
    if status != DONE:
        click.get_current_context().exit(1)


def _begun(request: Request, username: str, provider: str, criteria: Criteria, *, draft: bool, fresh: bool) -> Run:
    runs: RunService = request.find_service(RunService)
    actor = _organizer(request.db, username)
    status = DRAFT if draft else PUBLISHED
    earlier = None if fresh else runs.unfinished(provider, criteria, status=status, actor=actor)
    if earlier is not None:
        return runs.resume(earlier.id, actor=actor, by_hand=True)
    return runs.search(provider, criteria, status=status, actor=actor, by_hand=True)


def _organizer(session: Session, username: str) -> Actor:
    user_id = session.scalar(select(User.id).where(func.lower(User.username) == func.lower(username)))
    if user_id is None:
        raise NotFound(f"There is no user {username}.")
    return organizer(session, user_id)


def _imported(app: Router, run_id: int, stopping: Stopping) -> str:
    """Step until the run is over, showing how far it is; return its status."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        watch = Watch(progress, _read(app, run_id))
        while not stopping.is_wanted and _stepped(app, run_id, watch, stopping):
            pass
        if stopping.is_wanted:
            transact(app.registry, lambda request: _stop(request.find_service(RunService), run_id))
            watch.show(_read(app, run_id))
    run, done = watch.run, watch.done
    click.echo(f"{done.seen} events looked at in {watch.seconds:.0f} s ({watch.rate:.0f}/s): {done.told}.")
    if watch.before.seen:
        click.echo(f"With what was done before, {run.seen} events were looked at: {Counts.of(run).told}.")
    if run.error:
        click.echo(run.error, err=True)
    if run.refused:
        click.echo(f"Why they were refused: GET /api/v1/external-events/runs/{run_id}/reports, or the admin.", err=True)
    if run.status != DONE:
        click.echo(f"The run is {run.status}; the same command goes on with it.", err=True)
    return run.status


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of the events that were looked at."""

    seen: int
    made: int
    changed: int
    same: int
    refused: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return what came of all events of a run so far."""
        return cls(run.seen, run.made, run.changed, run.same, run.refused)

    @property
    def told(self) -> str:
        """What came of them, in words."""
        return f"{self.made} made, {self.changed} changed, {self.same} there already, {self.refused} refused"

    def since(self, before: "Counts") -> "Counts":
        """Return what came since then."""
        return Counts(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


class Watch:
    """What is shown of a run: `done` and `rate`, events a second, are of this command, `before` of earlier ones."""

    def __init__(self, progress: Progress, run: Run) -> None:
        self.progress = progress
        self.run = run
        self.before = Counts.of(run)
        self._bar = progress.add_task("Importing", total=None, rate="")
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the command has worked."""
        return max(time.monotonic() - self._began, 0.001)

    @property
    def done(self) -> Counts:
        """What came of the events that this command looked at."""
        return Counts.of(self.run).since(self.before)

    @property
    def rate(self) -> float:
        """How many events were looked at a second."""
        return self.done.seen / self.seconds

    def show(self, run: Run) -> None:
        """Show how far the run is."""
        self.run = run
        self.progress.update(self._bar, total=run.total, completed=run.seen, rate=f"{self.rate:.0f}/s")


def _stepped(app: Router, run_id: int, watch: Watch, stopping: Stopping) -> bool:
    """Take one step; return whether there is another for us."""
    came_to = transact(app.registry, lambda request: request.find_service(Runner).step(run_id))
    watch.show(_read(app, run_id))
    if not came_to.goes_on or came_to.seconds > LONGEST_WAIT:
        return False
    if came_to.seconds:
        watch.progress.console.print(f"{watch.run.error} Going on in {came_to.seconds:.0f} s.")
        stopping.wait(came_to.seconds)
    return True


def _read(app: Router, run_id: int) -> Run:
    with system_request(app) as request:
        run: Run = request.find_service(RunService).get(run_id, actor=SYSTEM)
        request.db.expunge(run)
        return run


def _stop(runs: RunService, run_id: int) -> None:
    with suppress(WrongRunStatus):  # it came to its end at the last moment
        runs.stop(run_id, actor=SYSTEM)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _end_of_day(moment: datetime | None) -> datetime | None:
    """Return the last second of a day that is named without a time."""
    if moment is None:
        return None
    is_day = moment.time() == moment.min.time()
    return _utc(moment + timedelta(days=1, seconds=-1) if is_day else moment)
