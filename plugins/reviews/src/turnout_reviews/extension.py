"""What reviews add to events: ``extensions.reviews`` in their JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from turnout_reviews.services import RatingService


def read(event_ids: Sequence[int], ratings: RatingService) -> Mapping[int, Mapping[str, Any]]:
    """Return how events are rated, in one statement however many they are."""
    return ratings.of_events(event_ids)
