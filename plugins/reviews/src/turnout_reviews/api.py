"""Reviews over REST."""

from typing import Any

from turnout.plugin import (
    Denied,
    NotFound,
    Request,
    Service,
    VersionMismatch,
    about_no_event,
    expected_versions,
    page,
    paging_of,
)

from turnout_reviews import schemas
from turnout_reviews.errors import AlreadyReviewed, NotAttended, NotHeld, TooEarly, TooLate
from turnout_reviews.services import ReviewCatalog, ReviewService

TAG = "Reviews"


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


def _event_of(request: Request) -> int | None:
    found: int | None = request.find_service(ReviewCatalog).event_of(_id(request))
    return found


event_reviews = Service("event-reviews", "/events/{id}/reviews", TAG)
reviews = Service("reviews", "/reviews", TAG, event_of=about_no_event)
review = Service("review", "/reviews/{id}", TAG, event_of=_event_of)
report = Service("review-report", "/reviews/{id}/report", TAG, event_of=_event_of)
restore = Service("review-restore", "/reviews/{id}/restore", TAG, event_of=_event_of)
SERVICES = (event_reviews, reviews, review, report, restore)


def _shown(request: Request, review_id: int) -> dict[str, Any]:
    found: dict[str, Any] = request.find_service(ReviewCatalog).get(review_id, actor=request.actor)
    return found


@event_reviews.get(permission="reviews:read", query=schemas.ReviewQuery, answer=schemas.ReviewPage, refuses=(NotFound,))
def list_reviews(request: Request) -> dict[str, Any]:
    """List the reviews of an event, the newest first unless said otherwise."""
    paging = paging_of(request)
    catalog = request.find_service(ReviewCatalog)
    return page(request, catalog.find(_id(request), request.validated["query"], paging, actor=request.actor))


@event_reviews.post(
    permission="reviews:create",
    body=schemas.ReviewInput,
    answer=schemas.ReviewView,
    status=201,
    location="/reviews/{id}",
    versioned=True,
    refuses=(NotFound, NotHeld, TooEarly, NotAttended, AlreadyReviewed),
)
def create_review(request: Request) -> dict[str, Any]:
    """Review an event that is over, and for which one had a confirmed booking; once."""
    made = request.find_service(ReviewService).create(_id(request), request.validated["body"], actor=request.actor)
    return _shown(request, made.id)


@reviews.get(permission="reviews:read_reports", query=schemas.ReportedQuery, answer=schemas.ReportedPage)
def list_reported_reviews(request: Request) -> dict[str, Any]:
    """List the reviews of all events that were reported, with the reasons: for staff to decide."""
    paging = paging_of(request)
    return page(request, request.find_service(ReviewCatalog).find_by_status(request.validated["query"], paging))


@review.get(permission="reviews:read", answer=schemas.ReviewView, versioned=True, refuses=(NotFound,))
def read_review(request: Request) -> dict[str, Any]:
    """Read a review."""
    return _shown(request, _id(request))


@review.patch(
    permission="reviews:update",
    body=schemas.ReviewInput,
    partial=True,
    answer=schemas.ReviewView,
    versioned=True,
    refuses=(NotFound, Denied, VersionMismatch, TooLate),
)
def change_review(request: Request) -> dict[str, Any]:
    """Change one's own review, for as long as the setting `reviews.edit_days` says."""
    request.find_service(ReviewService).change(
        _id(request), request.validated["body"], actor=request.actor, expected=expected_versions(request)
    )
    return _shown(request, _id(request))


@review.delete(permission="reviews:delete", versioned=True, refuses=(NotFound, Denied, VersionMismatch))
def delete_review(request: Request) -> None:
    """Delete a review: for its author and staff, not for the organizer."""
    request.find_service(ReviewService).delete(_id(request), actor=request.actor, expected=expected_versions(request))


@report.post(permission="reviews:report", body=schemas.ReportInput, refuses=(NotFound, Denied))
def report_review(request: Request) -> None:
    """Report a review that should not be there; it is hidden at once, until staff decide."""
    reason = request.validated["body"]["reason"]
    request.find_service(ReviewService).report(_id(request), reason, actor=request.actor)


@restore.post(
    permission="reviews:moderate", answer=schemas.ReviewView, versioned=True, refuses=(NotFound, VersionMismatch)
)
def restore_review(request: Request) -> dict[str, Any]:
    """Show a review again that was reported without reason."""
    request.find_service(ReviewService).restore(_id(request), expected=expected_versions(request))
    return _shown(request, _id(request))
