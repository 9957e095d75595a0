"""Reviews in the admin UI: what staff decide about, and how an event is rated on the event's own page."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from turnout.plugin import (
    ATTENTION,
    Actor,
    AdminSection,
    Column,
    Facts,
    Link,
    Note,
    Paging,
    Slice,
    Table,
    Versioned,
    action,
    panel,
)

from turnout_reviews import schemas
from turnout_reviews.models import PUBLISHED, REPORTED
from turnout_reviews.services import NEWEST_FIRST, RatingService, ReviewCatalog, ReviewService

LATEST = 3
EXCERPT = 200
"""How much of a comment a list shows."""

Review = Mapping[str, Any]


class ReviewSection(AdminSection):
    """What guests thought, and what was said against it."""

    name, title, singular = "reviews", "Reviews", "review"
    icon, group, order = "star", "Communication", 40
    description = (
        "What guests thought of events. One that was reported is hidden until you decide: restore or delete it."
    )
    permissions = {"read": "reviews:read_reports"}
    query, view = schemas.AnyReviewQuery, schemas.ReportedReview
    columns = (
        "reviewer",
        Column("event", "Event", to="events", id="event_id"),
        "rating",
        Column("excerpt", "Comment"),
        "status",
        "created_at",
    )
    facts = (
        Column("event", "Event", to="events", id="event_id"),
        "rating",
        "comment",
        "status",
        "created_at",
        "updated_at",
    )
    pickers = {"event": "events"}
    empty = "Nobody has reviewed an event yet"

    def __init__(self, catalog: ReviewCatalog, reviews: ReviewService, ratings: RatingService) -> None:
        self.catalog = catalog
        self.reviews = reviews
        self.ratings = ratings

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.catalog.everywhere(filters, paging).shown(lambda row: {**row, "excerpt": _excerpt(row["comment"])})

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return self.catalog.one(row_id)

    def label(self, row: Review) -> str:
        return f"{row['reviewer']} on {row['event']}"

    @action("Restore", permission="reviews:moderate", icon="eye", bulk=True, when=lambda one: one["status"] == REPORTED)
    def restore(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.reviews.restore(row_id, expected=expected)
        return "Everybody sees it again."

    @action(
        "Hide",
        permission="reviews:moderate",
        icon="eye-off",
        form=schemas.ReportInput,
        when=lambda one: one["status"] == PUBLISHED,
    )
    def hide(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Hide it from all but its author and staff. It does not count any more."""
        self.reviews.hide(row_id, said["reason"], actor=actor, expected=expected)
        return "Only its author and staff see it now."

    @action("Delete", permission="reviews:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        self.reviews.delete(row_id, actor=actor, expected=expected)

    @delete.consequences
    def foresee_delete(self, review: Review, *, actor: Actor) -> list[str]:
        return ["The review is gone for good, with what was said against it, and its author may write another."]

    @panel("Reports")
    def reports(self, review: Review, *, actor: Actor) -> Iterable[Table]:
        """Show what was said against it."""
        rows = [(report["reason"], report["created_at"]) for report in review["reports"]]
        yield Table(("Why it should not be there", "When"), rows, empty="Nobody has reported it.")

    @panel("Reviews", on="events", permission="reviews:read")
    def of_event(self, event: Mapping[str, Any], *, actor: Actor) -> Iterable[Facts | Table]:
        """Show how an event is rated, and what was said last."""
        rating = self.ratings.of_events([event["id"]])[event["id"]]
        if rating["rating_count"]:
            yield Facts({"Average": f"{rating['rating_average']} of 5", "Reviews": rating["rating_count"]})
        latest = self.catalog.find(event["id"], {"ordering": NEWEST_FIRST}, Paging(1, LATEST), actor=actor)
        rows = [
            (Link(one["reviewer"], self.name, one["id"]), one["rating"], _excerpt(one["comment"]))
            for one in latest.rows
        ]
        more = Link("All reviews", self.name, filters={"event": event["id"]}) if latest.has_next else None
        yield Table(("Who", "Rating", "Comment"), rows, empty="Guests can review it after its end.", more=more)

    @panel("Reviews", on=ATTENTION, permission="reviews:read_reports")
    def attention(self, *, actor: Actor) -> Iterable[Note]:
        """Tell of reviews that staff have to decide about."""
        reported = self.catalog.everywhere({"status": REPORTED}, Paging(1, 1)).count
        if reported:
            what = "A review was reported, and is" if reported == 1 else f"{reported} reviews were reported, and are"
            yield Note(
                f"{what} hidden until you decide.", "warning", Link("Decide", self.name, filters={"status": REPORTED})
            )


def _excerpt(comment: str) -> str:
    return comment if len(comment) <= EXCERPT else f"{comment[:EXCERPT]}…"
