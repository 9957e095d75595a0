"""Schemas of background work."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.outbox.models import STATUSES
from turnout.schema import Schema


class JobView(Schema):
    """A piece of background work."""

    id = fields.identifier()
    handler = fields.text(200, description="The function that does it")
    queue = fields.text(40)
    stream = fields.text(100, optional=True, description="What it concerns; of one stream, work is done in order")
    key = fields.text(200, optional=True)
    payload = fields.anything(description="What it works on")
    status = fields.choice(STATUSES, description="`dead`: it has failed as often as it may")
    attempts = fields.whole()
    error = fields.text(2000, 0, description="Why it failed last")
    due_at = fields.moment(description="When it is tried next or, while it runs, when its worker's lease ends")
    created_at = fields.moment()
    finished_at = fields.moment(optional=True)


JobPage = page_of(JobView(name="job"))


class JobQuery(PageQuery):
    """Filters of the list of background work."""

    status = fields.choice(STATUSES, missing=None)
    queue = fields.text(40, missing=None, example="messages")
    handler = fields.text(200, missing=None, description="A part of the function's name", example="deliver")
