"""Importing a file: it is uploaded, looked at, read otherwise if need be, and then imported."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from turnout.plugin import AdminSection, DomainError, Invalid, Request, Settings, fields, flash, own_page, record

from turnout_external_events.admin.finding import NEW_STATUSES, TEMPLATES, status_of, where
from turnout_external_events.admin.runs import RunSection
from turnout_external_events.admin.words import FILE, GROUP, IMPORT, READ, RUNS
from turnout_external_events.files.sheets import FIELDS, table
from turnout_external_events.models import Upload
from turnout_external_events.uploads.services import CALENDAR, MOST_BYTES, SHEET, Choices, UploadService

KINDS = {".ics": CALENDAR, ".ical": CALENDAR, ".csv": SHEET, ".tsv": SHEET, ".txt": SHEET}
BAD_REQUEST = 400
ORDERS = (("", "as the dates tell"), ("day", "day first (31/12/2027)"), ("month", "month first (12/31/2027)"))
DAY_FIRST = {"day": True, "month": False}
GROUPS = {
    "What": ("title", "description", "category", "status"),
    "When": ("date", "time", "starts_at", "end_date", "end_time", "ends_at", "timezone"),
    "Where": ("venue", "address", "city", "country", "location"),
    "Tickets": ("price", "currency", "capacity", "url", "image_url", "id"),
}
"""The fields of an event that a column may have, as the page groups them."""
TITLES = {
    "title": "Title", "description": "Description", "category": "Category", "status": "Status", "date": "Date",
    "time": "Time", "starts_at": "Date and time", "end_date": "Last day", "end_time": "Ends at", "ends_at": "End, date and time",
    "timezone": "Time zone", "venue": "Venue", "address": "Address", "city": "City", "country": "Country",
    "location": "Place in words", "price": "Price", "currency": "Currency", "capacity": "Places for sale here",
    "url": "Web address", "image_url": "Picture", "id": "Number or code",
}  # fmt: skip


class FileSection(AdminSection):
    """Files with events."""

    name, title, singular = FILE, "Import a file", "file"
    icon, group, order = "upload", GROUP, 20
    description = (
        "Events in a calendar (.ics) or a table (.csv). You see what they would become before anything is imported."
    )

    def __init__(self, uploads: UploadService, run_section: RunSection, settings: Settings) -> None:
        self.uploads = uploads
        self.run_section = run_section
        self.settings = settings

    @own_page("", permission=READ, template=f"{TEMPLATES}/upload.jinja2")
    def begin(self, request: Request) -> dict[str, Any]:
        """Ask for the file."""
        return {"problem": None, "most": MOST_BYTES // 1_000_000}

    @own_page("", permission=IMPORT, template=f"{TEMPLATES}/upload.jinja2", method="POST")
    def keep(self, request: Request) -> Any:
        """Keep the file, and go to where it can be looked at."""
        sent = request.POST.get("file")
        name = _filename(getattr(sent, "filename", ""))
        content = sent.file.read(MOST_BYTES + 1) if name else b""
        try:
            upload = self.uploads.keep(content, name, _kind(name, content), actor=request.actor)
        except DomainError as error:
            request.response.status_int = BAD_REQUEST
            return {"problem": _said(error), "most": MOST_BYTES // 1_000_000}
        record(request, self, "upload", upload.id, None, {"id": upload.id, "name": name, "kind": upload.kind})
        return HTTPSeeOther(request.route_path(f"admin:{self.name}:one", id=upload.id))

    @own_page("{id}", permission=READ, template=f"{TEMPLATES}/preview.jinja2")
    def look(self, request: Request) -> dict[str, Any]:
        """Show what the file would become, as it is read without a word from anybody."""
        zone = self.settings["admin.timezone"]
        return self._page(request, self._upload(request), Choices(timezone=None if zone == "UTC" else zone))

    @own_page("{id}", permission=IMPORT, template=f"{TEMPLATES}/preview.jinja2", method="POST")
    def look_again(self, request: Request) -> dict[str, Any]:
        """Show what the file would become, read as the form says. Nothing is written."""
        upload = self._upload(request)
        return self._page(request, upload, _choices(request, upload))

    @own_page("{id}/import", permission=IMPORT, template=f"{TEMPLATES}/preview.jinja2", method="POST")
    def import_it(self, request: Request) -> Any:
        """Begin to import the file, read as the form says."""
        upload = self._upload(request)
        choices, status = _choices(request, upload), status_of(request)
        try:
            run = self.uploads.start(upload.id, choices, status=status, actor=request.actor)
        except DomainError as error:
            return self._page(request, upload, choices, _said(error))
        record(request, self.run_section, "create", run.id, None, self.run_section.get(run.id, actor=request.actor))
        flash(request, "It has begun; this page shows how far it is.")
        return HTTPSeeOther(request.route_path(f"admin:{RUNS}:one", id=run.id))

    def _upload(self, request: Request) -> Upload:
        return self.uploads.get(int(request.matchdict["id"]), actor=request.actor)

    def _page(self, request: Request, upload: Upload, choices: Choices, problem: str = "") -> dict[str, Any]:
        preview, actor = None, request.actor
        try:
            preview = self.uploads.preview(upload, choices, actor=actor)
        except DomainError as error:
            problem = problem or _said(error)
        if problem:
            request.response.status_int = BAD_REQUEST
        return {
            "upload": upload,
            "is_sheet": upload.kind == SHEET,
            "preview": preview,
            "columns": preview.columns if preview is not None else _columns(upload),
            "where": where,
            "ends_at": self.uploads.ends_at,
            "mapping": upload.mapping if choices.mapping is None else choices.mapping,
            "problem": problem,
            "groups": GROUPS,
            "titles": TITLES,
            "zones": sorted(fields.timezones()),
            "zone": choices.timezone or "",
            "orders": ORDERS,
            "order": {True: "day", False: "month", None: ""}[choices.day_first],
            "status": status_of(request),
            "new_statuses": NEW_STATUSES,
        }


def _kind(name: str, content: bytes) -> str:
    """Return what a file is, by its name or else by how it begins."""
    by_name = KINDS.get(PurePath(name).suffix.lower())
    return by_name or (CALENDAR if b"BEGIN:VCALENDAR" in content[:1000] else SHEET)


def _columns(upload: Upload) -> Sequence[str]:
    return table(upload.content).columns if upload.kind == SHEET else ()


def _filename(sent: Any) -> str:
    """Return the last part of what a browser calls a file."""
    name = sent.replace("\\", "/").rpartition("/")[2] if isinstance(sent, str) else ""
    return "".join(letter for letter in name if letter.isprintable()).strip()[:255]


def _choices(request: Request, upload: Upload) -> Choices:
    """Return how the form says that the file is to be read."""
    sent = request.POST
    said = {name: sent.get(f"column-{name}") for name in FIELDS}
    mapping = {name: column for name, column in said.items() if isinstance(column, str) and column}
    zone = sent.get("timezone")
    known = zone if isinstance(zone, str) and zone in fields.timezones() else None
    order = sent.get("order")
    day_first = DAY_FIRST.get(order) if isinstance(order, str) else None
    return Choices(mapping if upload.kind == SHEET else None, known, day_first)


def _said(error: DomainError) -> str:
    """Return in one sentence or two why something is refused."""
    if isinstance(error, Invalid):
        return " ".join(_sentence(path, message) for path, message in error.errors)
    return error.detail


def _sentence(path: str, message: str) -> str:
    """Return what is wrong with a field as a sentence; files say theirs as whole ones already."""
    if message[:1].isupper():
        return message
    name = path.rpartition(".")[2]
    return f"{TITLES.get(name, 'The file' if name == 'file' else name)} {message}."
