"""Schemas of files with events."""

from turnout.events.models import DRAFT, PUBLISHED
from turnout.plugin import Schema, fields

from turnout_external_events.files.headings import FIELDS
from turnout_external_events.files.tables import LONGEST_HEADING, MOST_COLUMNS
from turnout_external_events.schemas import ExternalEventView
from turnout_external_events.uploads.services import KINDS, SHOWN, SHOWN_REFUSALS

LONGEST_NAME = LONGEST_HEADING + 10


def _columns() -> type[Schema]:
    """Return the schema of which column has what; each field may be left out."""
    members = {
        field: fields.text(LONGEST_NAME, optional=True, description=f"The column that has the event's `{field}`")
        for field in FIELDS
    }
    return type("ColumnMapping", (Schema,), {"__doc__": "Which column of a sheet has what of its events.", **members})


ColumnMapping = _columns()


class UploadQuery(Schema):
    """How a file is to be read."""

    timezone = fields.timezone(missing=None, description="Of times for which the file names no zone")
    day_first = fields.flag(missing=None, description="Whether 1/2/2027 is in February, where nothing else tells")


class UploadChoices(Schema):
    """How a file is to be read."""

    mapping = ColumnMapping(missing=None, nullable=True, description="Of a sheet; null: as its headings tell")
    timezone = fields.timezone(optional=True, description="Of times for which the file names no zone")
    day_first = fields.flag(optional=True, description="Whether 1/2/2027 is in February, where nothing else tells")


class UploadImport(UploadChoices):
    """How a file is to be imported."""

    status = fields.choice((PUBLISHED, DRAFT), missing=PUBLISHED, description="Of events that are new here")


class UploadedRow(Schema):
    """An event of a file, and what the file says about selling it here."""

    event = ExternalEventView()
    capacity = fields.whole(nullable=True, description="With one, it is for sale here")
    price = fields.money(nullable=True)
    currency = fields.currency(nullable=True)


class UnreadRow(Schema):
    """An event of a file that cannot be read, or not be imported."""

    title = fields.text(200, 0)
    reason = fields.text(1000)


class UploadView(Schema):
    """A file, and what importing it would bring."""

    id = fields.identifier()
    kind = fields.choice(KINDS)
    filename = fields.text(255, 0)
    created_at = fields.moment()
    columns = fields.many(fields.text(LONGEST_NAME, name="column"), MOST_COLUMNS, description="Of a sheet")
    mapping = ColumnMapping(description="Which column it was read by for what")
    wanting = fields.many(
        fields.text(30, name="field"), len(FIELDS), description="Fields that need a column before anything can be read"
    )
    count = fields.whole(description="How many events can be imported")
    preview = fields.many(UploadedRow(name="row"), SHOWN, description="The first of them")
    refused = fields.whole(description="How many cannot")
    refusals = fields.many(UnreadRow(name="refusal"), SHOWN_REFUSALS, description="The first of those, and why")
    remarks = fields.many(
        fields.text(1000, name="remark"), 10, description="What is to be known of the file as a whole"
    )
