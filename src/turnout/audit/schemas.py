"""Schemas of the audit log."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.audit.models import LONGEST_LABEL, LONGEST_PATH, SOURCES
from turnout.schema import Schema


class AuditEntryView(Schema):
    """Something that somebody did."""

    id = fields.identifier()
    at = fields.moment()
    user_id = fields.identifier(optional=True, description="Who did it; null: the installation itself")
    username = fields.text(150, 0, description="What they were called then")
    action = fields.text(100, description="What was done; over the API the operation's name", example="cancel")
    subject = fields.text(100, description="To what kind of thing", example="events")
    subject_id = fields.identifier(optional=True, description="To which; null: to none, or several")
    label = fields.text(LONGEST_LABEL, 0, description="What it was called then")
    before = fields.anything(nullable=True, description="What was otherwise before, without secrets; null: not noted")
    after = fields.anything(
        nullable=True, description="What is otherwise now, or what was sent, without secrets; null: not noted"
    )
    source = fields.choice(SOURCES, description="Where it was done")
    path = fields.text(LONGEST_PATH, 0, description="By which request", example="POST /api/v1/events/12/cancel")
    request_id = fields.text(64, 0, description="Finds the request in our log")


class AuditQuery(PageQuery):
    """Filters of the audit log."""

    subject = fields.text(100, missing=None, title="Kind of thing", description="Kind of thing, such as `events`")
    subject_id = fields.identifier(missing=None, title="Its number", description="The thing's id")
    user = fields.identifier(missing=None, description="Id of who did it")
    action = fields.text(100, missing=None, description="What was done, such as `cancel` or `cancel_event`")
    date_from = fields.moment(missing=None, description="Done then or later")
    date_to = fields.moment(missing=None, description="Done then or earlier")


AuditPage = page_of(AuditEntryView(name="entry"))
