"""Background work over REST, for staff."""

from typing import Any

import orjson
from pyramid.request import Request

from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.errors import NotFound
from turnout.outbox import schemas
from turnout.outbox.errors import NotDead
from turnout.outbox.services import JobService

TAG = "Background work"

jobs = Service("jobs", "/jobs", TAG)
job = Service("job", "/jobs/{id}", TAG)
retry = Service("job-retry", "/jobs/{id}/retry", TAG)
SERVICES = (jobs, job, retry)


def _shown(row: Any) -> dict[str, Any]:
    shown = {node.name: getattr(row, node.name) for node in schemas.JobView().children}
    return shown | {"payload": orjson.loads(row.payload)}


@jobs.get(permission="jobs:read", query=schemas.JobQuery, answer=schemas.JobPage)
def list_jobs(request: Request) -> dict[str, Any]:
    """List background work, newest first."""
    paging = paging_of(request)
    found = request.find_service(JobService).find(request.validated["query"], paging)
    return page(request, found, _shown)


@job.get(permission="jobs:read", answer=schemas.JobView, refuses=(NotFound,))
def read_job(request: Request) -> dict[str, Any]:
    """Read what became of a piece of background work."""
    return _shown(request.find_service(JobService).get(int(request.matchdict["id"])))


@retry.post(permission="jobs:retry", answer=schemas.JobView, refuses=(NotFound, NotDead))
def retry_job(request: Request) -> dict[str, Any]:
    """Try again what has failed for good."""
    return _shown(request.find_service(JobService).retry(int(request.matchdict["id"])))
