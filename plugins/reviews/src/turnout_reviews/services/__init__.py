"""What can be done with reviews."""

from turnout_reviews.services.catalog import NAMELESS, NEWEST_FIRST, ORDERINGS, REPORT_ORDERINGS, ReviewCatalog
from turnout_reviews.services.invitations import REVIEW_REQUEST, InvitationService
from turnout_reviews.services.ratings import RatingService
from turnout_reviews.services.reviews import ReviewService

__all__ = [
    "NAMELESS",
    "NEWEST_FIRST",
    "ORDERINGS",
    "REPORT_ORDERINGS",
    "REVIEW_REQUEST",
    "InvitationService",
    "RatingService",
    "ReviewCatalog",
    "ReviewService",
]
