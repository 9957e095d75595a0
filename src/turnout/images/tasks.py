"""Background work of images: letting go of those that nobody shows."""

from turnout.images.services import ImageService
from turnout.outbox.services import Outbox


def review_images(images: ImageService, outbox: Outbox) -> None:
    """Delete images that nobody has shown for long."""
    review_some(0, images, outbox)


def review_some(after: int, images: ImageService, outbox: Outbox) -> None:
    """Do so with the next images after this id, and go on with the rest in a job of its own."""
    last = images.review(after)
    if last is not None:
        outbox.put(review_some, {"after": last})


def sweep_files(images: ImageService) -> None:
    """Delete files that belong to no image."""
    images.sweep()
