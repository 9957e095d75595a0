"""Background work of images: letting go of those that nobody shows."""

from turnout.images.services import ImageService
from turnout.outbox.services import Outbox


def review_images(outbox: Outbox) -> None:
    """Begin to delete images that nobody has shown for long."""
    outbox.put(review_some, {"after": 0})


def review_some(after: int, images: ImageService, outbox: Outbox) -> None:
    """Delete those among the next images, by their ids, and go on with the rest."""
    last = images.review(after)
    if last is not None:
        outbox.put(review_some, {"after": last})


def sweep_files(images: ImageService) -> None:
    """Delete files that belong to no image."""
    images.sweep()
