"""Files with events over REST: uploaded, looked at, imported."""

import re
from collections.abc import Mapping
from typing import Any

from turnout.plugin import Denied, Invalid, NotFound, Request, Service, about_no_event

from turnout_external_events.api import TAG, represent, represent_run
from turnout_external_events.files.headings import FIELDS
from turnout_external_events.files.sheets import Row
from turnout_external_events.models import Upload
from turnout_external_events.schemas import ImportRunView
from turnout_external_events.services.importing import Importer
from turnout_external_events.uploads import schemas
from turnout_external_events.uploads.errors import NothingToImport, TooManyUploads, UnreadableFile
from turnout_external_events.uploads.services import CALENDAR, PROVIDERS, SHEET, Choices, UploadService

TYPES = {"text/calendar": CALENDAR, "text/csv": SHEET}

uploads = Service("external-uploads", "/external-events/uploads", TAG, event_of=about_no_event)
upload = Service("external-upload", "/external-events/uploads/{id}", TAG, event_of=about_no_event)
previewing = Service("external-upload-preview", "/external-events/uploads/{id}/preview", TAG, event_of=about_no_event)
importing = Service("external-upload-import", "/external-events/uploads/{id}/import", TAG, event_of=about_no_event)
SERVICES = (uploads, upload, previewing, importing)


@uploads.post(
    permission="external_events:import",
    upload=TYPES,
    answer=schemas.UploadView,
    status=201,
    location="/external-events/uploads/{id}",
    refuses=(UnreadableFile, TooManyUploads),
)
def upload_events(request: Request) -> dict[str, Any]:
    """Upload a file with events, and see what importing it would bring.

    The body is the file: iCalendar (`text/calendar`) or a table with headings (`text/csv`), of at most 5 MB. It is kept for a
    day. Its name may be given by the header `Content-Disposition`.
    """
    kind = TYPES[request.content_type.lower()]
    service = request.find_service(UploadService)
    kept = service.keep(request.body, _filename(request), kind, actor=request.actor)
    return _shown(request, kept, Choices())


@upload.get(
    permission="external_events:read",
    query=schemas.UploadQuery,
    answer=schemas.UploadView,
    refuses=(NotFound, UnreadableFile),
)
def read_upload(request: Request) -> dict[str, Any]:
    """Read what importing a file would bring: for whoever uploaded it, and staff."""
    return _shown(request, _upload(request), Choices(**request.validated["query"]))


@previewing.post(
    permission="external_events:import",
    body=schemas.UploadChoices,
    answer=schemas.UploadView,
    status=200,
    refuses=(NotFound, Invalid, UnreadableFile),
)
def preview_upload(request: Request) -> dict[str, Any]:
    """See what importing a file would bring if it is read otherwise. Nothing is changed by it."""
    return _shown(request, _upload(request), _choices(request.validated["body"]))


@importing.post(
    permission="external_events:import",
    body=schemas.UploadImport,
    answer=ImportRunView,
    status=202,
    refuses=(NotFound, Denied, Invalid, UnreadableFile, NothingToImport),
)
def import_upload(request: Request) -> dict[str, Any]:
    """Import a file in the background: one's own only.

    What was imported from it before is not made again, but changed. Prices and places of what is for sale here stay as they
    are; where the file says them otherwise, the run reports that (`not_followed`).
    """
    new = request.validated["body"]
    service = request.find_service(UploadService)
    run = service.start(int(request.matchdict["id"]), _choices(new), status=new["status"], actor=request.actor)
    return represent_run(run)


def _upload(request: Request) -> Upload:
    return request.find_service(UploadService).get(int(request.matchdict["id"]), actor=request.actor)


def _choices(said: Mapping[str, Any]) -> Choices:
    mapping = said["mapping"]
    if mapping is not None:
        mapping = {field: column for field, column in mapping.items() if column is not None}
    return Choices(mapping, said["timezone"], said["day_first"])


def _filename(request: Request) -> str:
    """Return the file's name, as the header says it (RFC 6266, without its further encodings)."""
    found = re.search(r'filename="?([^";]*)"?', request.headers.get("Content-Disposition", ""))
    name = found[1].replace("\\", "/").rpartition("/")[2] if found else ""
    return "".join(letter for letter in name if letter.isprintable()).strip()[:255]


def _shown(request: Request, kept: Upload, choices: Choices) -> dict[str, Any]:
    preview = request.find_service(UploadService).preview(kept, choices, actor=request.actor)
    provider = PROVIDERS[kept.kind]
    known = request.find_service(Importer).known(
        [(provider, row.event.external_id) for row in preview.rows], actor=request.actor
    )
    return {
        "id": kept.id,
        "kind": kept.kind,
        "filename": kept.filename,
        "created_at": kept.created_at,
        "columns": list(preview.columns),
        "mapping": {field: preview.mapping.get(field) for field in FIELDS},
        "wanting": list(preview.wanting),
        "count": preview.count,
        "preview": [_row(provider, row, known) for row in preview.rows],
        "refused": preview.refused,
        "refusals": [{"title": each.title, "reason": each.reason} for each in preview.refusals],
        "remarks": list(preview.remarks),
    }


def _row(provider: str, row: Row, known: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    event = represent(provider, row.event) | {"imported_event_id": known.get((provider, row.event.external_id))}
    return {"event": event} | {name: row.overrides.get(name) for name in ("capacity", "price", "currency")}
