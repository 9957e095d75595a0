"""What can be done with images: add one, refer to it, and let go of those that nobody shows."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, NewType

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.images.errors import NotAnImage, TooManyImages
from turnout.images.hooks import ImagesSought
from turnout.images.models import Image
from turnout.images.pictures import picture_of
from turnout.images.stores import ImageStore
from turnout.injection import Announce, ReadSession, Settings
from turnout.security.actors import Actor

MEDIA = "/media/"
THUMBNAIL = "-thumbnail"
FILE = r"[0-9a-f]{64}(?:-thumbnail)?\.webp"
"""The names of files of images."""
A_DAY = timedelta(days=1)
UNFINISHED = timedelta(days=1)
"""How long a file may wait for its row."""
BATCH = 500

_ADDRESS = re.compile(rf"(?:https?:/)?/(?:[^\s?#]*/)?(?P<picture>[0-9a-f]{{64}})(?:{THUMBNAIL})?\.webp")
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}

MediaRoot = NewType("MediaRoot", str)
"""Where files of images are, as whoever asks reaches it; where nobody asks from outside, the path alone."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An image that was added. `url` is what to give where an image is referred to, such as an event's ``image_url``."""

    id: int
    url: str
    thumbnail_url: str
    width: int
    height: int
    bytes: int


def path_of(address: str | None) -> str | None:
    """Return the path at which an image of ours is shown here, whatever its `address` names; None for one of elsewhere."""
    found = _ADDRESS.fullmatch(address or "")
    return None if found is None else f"{MEDIA}{found['picture']}.webp"


def thumbnail_of(address: str) -> str:
    """Return the address, or path, of an image's thumbnail; of an image that is elsewhere, the address itself."""
    return re.sub(r"(/[0-9a-f]{64})(\.webp)\Z", rf"\1{THUMBNAIL}\2", address)


def _thumbnail(name: str) -> str:
    return name.replace(".", f"{THUMBNAIL}.")


class ImageAddresses:
    """Knows where images are. What is added here is kept as a path, so that it is found however the host is called."""

    def __init__(self, session: Session, root: MediaRoot) -> None:
        self.session = session
        self.root = root

    def refer(self, address: str | None) -> str | None:
        """Return as what the `address` of an image is to be kept: a path for one of ours, which is in use from now on.

        Whatever host it names: what has the name of an image has its content. An address of elsewhere stays as it is.
        """
        path = path_of(address)
        if path is None:
            return address
        touched: Any = self.session.execute(
            update(Image)
            .where(Image.name == path.removeprefix(MEDIA))
            .values(unused_since=None)
            .execution_options(synchronize_session=False)
        )
        return path if touched.rowcount else address

    def address(self, kept: str | None) -> str | None:
        """Return the whole address of what `refer` gave."""
        if kept is None or not kept.startswith(MEDIA):
            return kept
        return f"{self.root}/{kept.removeprefix(MEDIA)}"


class ImageService:
    """Adds images, and lets go of those that nobody shows."""

    def __init__(
        self,
        session: Session,
        reading: ReadSession,
        clock: Clock,
        settings: Settings,
        announce: Announce,
        store: ImageStore,
        root: MediaRoot,
    ) -> None:
        self.session = session
        self.reading = reading
        self.clock = clock
        self.settings = settings
        self.announce = announce
        self.store = store
        self.root = root

    def keep(self, data: bytes, *, actor: Actor) -> Kept:
        """Add the image in an uploaded file. Raises `NotAnImage`, `TooManyImages`.

        It takes up to seconds, so call it before anything is written. The files are there before the row: whatever ends
        this half-way leaves at most files that nobody knows of, which `sweep` deletes. The same picture is added once.
        """
        most = self.settings["api.max_upload_bytes"]
        if len(data) > most:
            raise NotAnImage(f"is larger than {most} bytes")
        self._require_few(actor)
        picture = picture_of(data)
        self.store.put(_thumbnail(picture.name), picture.thumbnail)
        self.store.put(picture.name, picture.data)
        now = self.clock.now()
        new = _INSERT[self.session.get_bind().dialect.name](Image).values(
            name=picture.name,
            width=picture.width,
            height=picture.height,
            bytes=len(picture.data),
            user_id=actor.user_id,
            created_at=now,
            unused_since=now,
        )
        again = new.on_conflict_do_update(index_elements=[Image.name], set_={"unused_since": now})
        image_id = self.session.scalars(again.returning(Image.id)).one()
        url = f"{self.root}/{picture.name}"
        return Kept(image_id, url, thumbnail_of(url), picture.width, picture.height, len(picture.data))

    def _require_few(self, actor: Actor) -> None:
        """Raise `TooManyImages` for a user who has added as many within a day as one may."""
        now = self.clock.now()
        newest = (
            select(Image.created_at)
            .where(Image.user_id == actor.user_id, Image.created_at > now - A_DAY)
            .order_by(Image.created_at.desc())
        )
        with self.reading as session:
            first = session.scalar(newest.offset(self.settings["images.most_per_day"] - 1).limit(1))
        if first is not None:
            raise TooManyImages(first + A_DAY - now)

    def read(self, name: str) -> bytes | None:
        """Return a file, or None."""
        return self.store.get(name)

    def review(self, after: int = 0) -> int | None:
        """Note which images nobody shows, and delete those for which this is so for long; of some, those `after` an id.

        Returns after which id to go on, or None at the end.
        """
        now = self.clock.now()
        some = select(Image.id, Image.name).where(Image.id > after).order_by(Image.id).limit(BATCH)
        rows = self.session.execute(some).all()
        sought = ImagesSought(frozenset(MEDIA + row.name for row in rows))
        self.announce(sought)
        shown = [row.id for row in rows if MEDIA + row.name in sought.shown]
        others = [row.id for row in rows if MEDIA + row.name not in sought.shown]
        changed = update(Image).execution_options(synchronize_session=False)
        self.session.execute(
            changed.where(Image.id.in_(shown), Image.unused_since.is_not(None)).values(unused_since=None)
        )
        self.session.execute(changed.where(Image.id.in_(others), Image.unused_since.is_(None)).values(unused_since=now))
        # Somebody may begin to show one at this very moment: then it is not unused any more.
        long_ago = now - timedelta(days=self.settings["images.unused_days"])
        self.session.execute(
            delete(Image)
            .where(Image.id.in_(others), Image.unused_since <= long_ago)
            .execution_options(synchronize_session=False)
        )
        return rows[-1].id if len(rows) == BATCH else None

    def sweep(self) -> None:
        """Delete files that have no row. No transaction is open while they are."""
        old = self.store.names(self.clock.now() - UNFINISHED)
        while some := list(islice(old, BATCH)):
            pictures = {name: name.replace(THUMBNAIL, "") for name in some}
            with self.reading as session:
                known = set(session.scalars(select(Image.name).where(Image.name.in_(set(pictures.values())))))
            self.store.delete(name for name in some if pictures[name] not in known)
