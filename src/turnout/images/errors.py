"""What can go wrong with images."""

from datetime import timedelta

from turnout.errors import Invalid, TooManyAttempts


class NotAnImage(Invalid):
    """What was uploaded is no image that is taken; `message` says why, as it is said of a field."""

    code = "not_an_image"
    title = "The image cannot be used"

    def __init__(self, message: str) -> None:
        super().__init__({"image": message})


class TooManyImages(TooManyAttempts):
    """One user has added many images within a day; after `wait` there may be another."""

    code = "too_many_images"
    title = "Too many images in one day"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(max(1, int(wait.total_seconds())))
