"""What happens to images."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class ImagesSought(DomainEvent):
    """Who still shows one of these images? A subscriber that keeps addresses of images says which of `paths` it has.

    It keeps them as `ImageService.refer` gives them. What nobody shows for ``images.unused_days`` is deleted.
    """

    paths: frozenset[str]
    shown: set[str] = field(default_factory=set)

    def keep(self, paths: Iterable[str]) -> None:
        """Say that these are shown."""
        self.shown.update(paths)
