"""What the pages of events from elsewhere ask for and show, beside what the API has."""

from turnout.events.models import DRAFT, PUBLISHED
from turnout.plugin import PageQuery, Schema, fields

from turnout_external_events.models import RUN_STATUSES
from turnout_external_events.schemas import (
    ORIGIN_STATUSES,
    ImportReportView,
    NewSavedSearch,
    OriginView,
    SavedSearchView,
)

LONGEST_QUERY = 300


class FindQuery(PageQuery):
    """What is searched for elsewhere."""

    query = fields.text(LONGEST_QUERY, missing=None, title="Words")
    location = fields.text(200, missing=None, title="City")
    date_from = fields.day(missing=None, title="From")
    date_to = fields.day(missing=None, title="To")
    category = fields.text(100, missing=None)
    provider = fields.text(30, missing=None, title="Source")


class NewStatus(Schema):
    """What new events are."""

    status = fields.choice((PUBLISHED, DRAFT), missing=PUBLISHED)


class RunRowQuery(PageQuery):
    """Filters of the list of runs."""

    status = fields.choice(RUN_STATUSES, missing=None)


class ReportRow(ImportReportView):
    """An event that could not be imported."""

    run_id = fields.identifier()


class ReportRowQuery(PageQuery):
    """Filters of the list of what could not be imported."""

    run = fields.identifier(missing=None, title="Import")


class OriginRow(OriginView):
    """An event that came from elsewhere."""

    id = fields.identifier()
    title = fields.text(200)
    starts_at = fields.moment()
    timezone = fields.timezone()
    taken = fields.whole(title="Places booked here")


class OriginRowQuery(PageQuery):
    """Filters of the list of imported events."""

    provider = fields.text(30, missing=None, title="Source")
    status = fields.choice(ORIGIN_STATUSES, missing=None, title="At its source")
    needs_look = fields.flag(missing=None)
    differs = fields.flag(missing=None)


class TakeOver(Schema):
    """Which fields follow their source again."""

    chosen = fields.many(
        fields.text(60, name="field"),
        20,
        missing=list,
        title="Fields",
        description="What belongs together goes together, such as beginning and end. None chosen: all that differ.",
    )


class SavedSearchForm(NewSavedSearch):
    """A search that imports by itself what it finds."""

    query = fields.text(
        LONGEST_QUERY,
        0,
        missing="",
        title="Words",
        description="For a calendar its web address",
        insert_before="location",
    )
    provider = fields.text(30, title="Source", insert_before="query")
    location = fields.text(200, 0, missing="", title="City", insert_before="category")


class SavedSearchRow(SavedSearchView):
    """A saved search."""
