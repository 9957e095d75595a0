"""Files with events: kept for a day, shown before anything is imported, and then imported by a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from turnout.plugin import (
    Actor,
    Clock,
    Denied,
    DomainError,
    Invalid,
    NotFound,
    ReadSession,
    Session,
    Settings,
    delete_some,
)

from turnout_external_events.files import calendars, sheets
from turnout_external_events.models import Report, Run, Upload
from turnout_external_events.services.importing import FILES, Importer
from turnout_external_events.services.mapping import Mapper
from turnout_external_events.services.runs import RunService
from turnout_external_events.sources.contract import ExternalEvent, Malformed, Refusal
from turnout_external_events.uploads.errors import NothingToImport, TooManyUploads, UnreadableFile
from turnout_external_events.uploads.unfollowed import unfollowed

CALENDAR, SHEET = "ics", "csv"
KINDS = (CALENDAR, SHEET)
PROVIDERS = {CALENDAR: "ical", SHEET: FILES}
MOST_BYTES = 5_000_000
MOST_A_DAY = 20
A_DAY = timedelta(days=1)
SHOWN, SHOWN_REFUSALS = 10, 100
MALFORMED, NOT_FOLLOWED, REMARK = "malformed", "not_followed", "remark"
"""What a run reports of a file: an event cannot be read; it is imported, and not all of it is as the file says; what goes for all."""
MOST_REPORTS = 1000
"""How many events that cannot be read a run names; all are counted."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is to be read. `mapping` says by fields which columns of a sheet have them; None: as its headings tell.

    `timezone` is meant where the file names none, `day_first` decides of 1/2/2027 where nothing else does.
    """

    mapping: Mapping[str, str] | None = None
    timezone: str | None = None
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing a file would bring: the first `rows`, and how many there are in all; likewise of what cannot be imported.

    `remarks` are about the file as a whole.
    A sheet has `columns`, and the `mapping` by which it was read; `wanting` are fields that no column is mapped to, without
    which nothing can be read.
    """

    columns: Sequence[str]
    mapping: Mapping[str, str]
    wanting: Sequence[str]
    rows: Sequence[sheets.Row]
    count: int
    refusals: Sequence[Refusal]
    refused: int
    remarks: Sequence[str]


class UploadService:
    """Keeps files, says what is in them, and lets that be imported. Files are read while no transaction is open."""

    def __init__(
        self,
        session: Session,
        reading: ReadSession,
        clock: Clock,
        settings: Settings,
        runs: RunService,
        importer: Importer,
        mapper: Mapper,
    ) -> None:
        self.session = session
        self.reading = reading
        self.clock = clock
        self.settings = settings
        self.runs = runs
        self.importer = importer
        self.mapper = mapper

    def keep(self, content: bytes, filename: str, kind: str, *, actor: Actor) -> Upload:
        """Keep a file. Raises `UnreadableFile`, `TooManyUploads`."""
        if len(content) > MOST_BYTES:
            raise UnreadableFile(f"must have at most {MOST_BYTES:,} bytes")
        now = self.clock.now()
        recent = select(func.count(Upload.id)).where(Upload.user_id == actor.user_id, Upload.created_at > now - A_DAY)
        with self.reading as session:
            if (session.scalar(recent) or 0) >= MOST_A_DAY:
                raise TooManyUploads(f"At most {MOST_A_DAY} files a day can be uploaded; try again tomorrow.")
        mapping = _guessed(content, kind)
        upload = Upload(
            user_id=actor.user_id, kind=kind, filename=filename[:255], content=content, mapping=mapping, created_at=now
        )
        self.session.add(upload)
        self.session.flush()
        return upload

    def get(self, upload_id: int, *, actor: Actor) -> Upload:
        """Return a file that was kept. Raises `NotFound`, also for somebody else's; staff see all."""
        with self.reading as session:
            upload = session.get(Upload, upload_id)
        if upload is None or not actor.owns(upload.user_id):
            raise NotFound("There is no such file; files are kept for a day.")
        return upload

    def preview(self, upload: Upload, choices: Choices, *, actor: Actor) -> Preview:
        """Return what importing a file would bring. Raises `Invalid` for a mapping that the file does not have."""
        columns: Sequence[str] = ()
        mapping: Mapping[str, str] = {}
        wanting: Sequence[str] = ()
        if upload.kind == SHEET:
            columns = _table(upload.content).columns
            mapping = upload.mapping if choices.mapping is None else choices.mapping
            wanting = sheets.wanting(mapping)
        read, said = ((), ()) if wanting else self.candidates(upload, choices)
        rows, refused = self._importable(PROVIDERS[upload.kind], read, actor)
        refusals = [each for each in said if not each.is_remark] + refused
        remarks = [each.reason for each in said if each.is_remark]
        shown = refusals[:SHOWN_REFUSALS]
        return Preview(columns, mapping, wanting, rows[:SHOWN], len(rows), shown, len(refusals), remarks)

    def ends_at(self, event: ExternalEvent) -> datetime | None:
        """Return when an event will end here; None where no more than its days is known."""
        ends_at: datetime | None = None if event.starts_at is None else self.mapper.times(event, {})["ends_at"]
        return ends_at

    def candidates(self, upload: Upload, choices: Choices) -> tuple[tuple[sheets.Row, ...], tuple[Refusal, ...]]:
        """Return the events of a file, and why others cannot be read. Raises `UnreadableFile`, `Invalid`."""
        scope = _scope(upload.user_id)
        if upload.kind == CALENDAR:
            return self._of_calendar(upload.content, scope, choices.timezone)
        table = _table(upload.content)
        mapping = upload.mapping if choices.mapping is None else choices.mapping
        _require_mapping(table, mapping)
        try:
            return sheets.read(table, mapping, scope=scope, timezone=choices.timezone, day_first=choices.day_first)
        except Malformed as error:
            raise UnreadableFile(str(error)) from None

    def start(self, upload_id: int, choices: Choices, *, status: str, actor: Actor) -> Run:
        """Begin to import a file in the background; new events have `status`.

        What cannot be read is reported by the run, and so are prices and places that stay as they are here (`unfollowed`).
        Whoever uploaded a file imports it, and nobody else: its events are theirs, and follow their next file.
        Raises `NotFound`, `Denied`, `UnreadableFile`, `Invalid`, `NothingToImport`.
        """
        upload = self.get(upload_id, actor=actor)
        if upload.user_id != actor.user_id:
            raise Denied("Only whoever uploaded a file imports it: its events are theirs.")
        rows, refusals = self.candidates(upload, choices)
        if not rows:
            raise NothingToImport(refusals[0].reason if refusals else None)
        title = upload.filename or f"a file of {len(rows)} events"
        events = [(row.event, _overrides(row)) for row in rows]
        provider = PROVIDERS[upload.kind]
        run = self.runs.upload(provider, title, events, status=status, actor=actor)
        self._report(run, REMARK, [each for each in refusals if each.is_remark])
        self._report(run, MALFORMED, [each for each in refusals if not each.is_remark])
        unread = sum(not refusal.is_remark for refusal in refusals)
        run.total = (run.total or 0) + unread
        run.seen += unread
        run.refused += unread
        self._report(run, NOT_FOLLOWED, list(unfollowed(self.session, provider, rows)))
        self.session.flush()
        return run

    def purge(self) -> None:
        """Delete files that are older than a day."""
        old = self.clock.now() - A_DAY
        while delete_some(self.session, Upload, Upload.created_at < old):
            pass

    def _importable(
        self, provider: str, rows: Sequence[sheets.Row], actor: Actor
    ) -> tuple[list[sheets.Row], list[Refusal]]:
        """Part what can be imported, or is here already, from what importing refuses."""
        reasons: dict[str, str] = {}
        for row in rows:
            try:
                self.importer.require_to_come(row.event, {})
            except DomainError as error:
                reasons[row.event.external_id] = error.detail
        here = self.importer.known([(provider, external_id) for external_id in reasons], actor=actor)
        for _, external_id in here:
            del reasons[external_id]
        refused = [row.event for row in rows if row.event.external_id in reasons]
        return (
            [row for row in rows if row.event.external_id not in reasons],
            [Refusal(reasons[event.external_id], event.external_id, event.title) for event in refused],
        )

    def _of_calendar(
        self, content: bytes, scope: str, timezone: str | None
    ) -> tuple[tuple[sheets.Row, ...], tuple[Refusal, ...]]:
        now = self.clock.now()
        begin, end = horizon = now - A_DAY, now + timedelta(days=self.settings["external_events.feed_days"])
        try:
            events, refusals = calendars.read(content, scope=scope, horizon=horizon, timezone=timezone)
        except Malformed as error:
            raise UnreadableFile(str(error)) from None
        if not events and not refusals:
            said = f"The calendar has no event between {begin:%Y-%m-%d} and {end:%Y-%m-%d}."
            refusals = (Refusal(said, is_remark=True),)
        return tuple(sheets.Row(event, {}) for event in events), refusals

    def _report(self, run: Run, code: str, refusals: Sequence[Refusal]) -> None:
        """Let a run report of its file what could not be read, or not be taken over."""
        now = self.clock.now()
        rows = [_report(run.id, code, refusal, now) for refusal in refusals[:MOST_REPORTS]]
        if rows:
            self.session.execute(insert(Report), rows)


def _scope(user_id: int) -> str:
    """Return in what ids are unique: the same file, uploaded again by the same user, has the same events."""
    return f"upload:{user_id}"


def _overrides(row: sheets.Row) -> Mapping[str, Any]:
    """Return what a row says of selling it here. The price of what is sold elsewhere is what the file says, and follows it."""
    return {} if row.event.price is not None and "capacity" not in row.overrides else row.overrides


def _guessed(content: bytes, kind: str) -> dict[str, str]:
    """Return what the headings of a sheet tell. Raises `UnreadableFile` also for a calendar that is none."""
    if kind == SHEET:
        return sheets.guess(_table(content).columns)
    try:
        calendars.require(content)
    except Malformed as error:
        raise UnreadableFile(str(error)) from None
    return {}


def _table(content: bytes) -> sheets.Table:
    try:
        return sheets.table(content)
    except Malformed as error:
        raise UnreadableFile(str(error)) from None


def _require_mapping(table: sheets.Table, mapping: Mapping[str, str]) -> None:
    errors = [(f"mapping.{field}", "must be mapped to a column") for field in sheets.wanting(mapping)]
    errors += [
        (f"mapping.{field}", f"there is no column {column[:100]!r}")
        for field, column in sorted(mapping.items())
        if column not in table.columns
    ]
    if errors:
        raise Invalid(errors)


def _report(run_id: int, code: str, refusal: Refusal, now: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "external_id": refusal.external_id[:255],
        "title": refusal.title[:300],
        "code": code,
        "reason": refusal.reason,
        "created_at": now,
    }
