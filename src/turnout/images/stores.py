"""Where files of images are kept: in a folder, or in a bucket.

A file's name says what is in it, so that a name, once it is there, always has the same content.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from turnout.errors import StartError
from turnout.images.pictures import TYPE

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PART = ".part"
"""How the name of a file ends that is still being written."""


class ImageStore(Protocol):
    """Keeps files by name."""

    def put(self, name: str, data: bytes) -> None:
        """Keep a file: all of it, or nothing."""

    def get(self, name: str) -> bytes | None:
        """Return a file, or None."""

    def delete(self, names: Iterable[str]) -> None:
        """Let files go; one that is not there is no trouble."""

    def names(self, before: datetime) -> Iterator[str]:
        """Give the names of files that were written before a moment, in no order."""


class FolderStore:
    """Files in a folder of this machine, or of one that several share; in subfolders, so that none grows too large."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def put(self, name: str, data: bytes) -> None:
        """Keep a file. It has its name when all of it is on the disk, and the folder knows of it."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{name}.{secrets.token_hex(4)}{PART}")
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(path.parent)
        _sync(self.folder)

    def get(self, name: str) -> bytes | None:
        """Return a file, or None."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, names: Iterable[str]) -> None:
        """Let files go."""
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def names(self, before: datetime) -> Iterator[str]:
        """Give the names of files that were written before a moment; left over parts are among them."""
        for folder in self.folder.glob("??"):
            with os.scandir(folder) as entries:
                yield from (entry.name for entry in entries if _written_at(entry) < before.timestamp())


def _written_at(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # renamed, or deleted, a moment ago
        return inf


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class BucketStore:
    """Files in a bucket, by obstore."""

    def __init__(self, bucket: "ObjectStore") -> None:
        self.bucket = bucket

    def put(self, name: str, data: bytes) -> None:
        """Keep a file."""
        from obstore import put

        put(self.bucket, name, data, attributes={"Content-Type": TYPE})

    def get(self, name: str) -> bytes | None:
        """Return a file, or None."""
        from obstore import get

        try:
            return bytes(get(self.bucket, name).bytes())
        except FileNotFoundError:
            return None

    def delete(self, names: Iterable[str]) -> None:
        """Let files go."""
        from obstore import delete

        for name in names:
            try:
                delete(self.bucket, name)
            except FileNotFoundError:
                continue

    def names(self, before: datetime) -> Iterator[str]:
        """Give the names of files that were written before a moment."""
        from obstore import list as list_bucket

        for some in list_bucket(self.bucket):
            yield from (file["path"] for file in some if file["last_modified"].astimezone(UTC) < before)


def open_store(where: str, data: Path) -> ImageStore:
    """Return the store that the setting ``images.store`` names: a folder, or a bucket such as ``s3://media/turnout``.

    Credentials, region and endpoint of a bucket are taken from the environment, as the tools of its provider do
    (``AWS_ACCESS_KEY_ID``, ...). Raises `StartError` for a bucket without obstore, or one that cannot be named so.
    """
    if "://" not in where:
        return FolderStore(Path(where) if where else data / "media")
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise StartError("Setting images.store names a bucket; install turnout[s3].") from None
    options: dict[str, Any] = {
        # Plain http only where the operator names such an endpoint.
        "client_options": {"timeout": "30s", "connect_timeout": "5s", "allow_http": True, "user_agent": "Turnout"},
        "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
    }
    try:
        return BucketStore(from_url(where, **options))
    except (BaseError, ValueError) as error:
        raise StartError(f"Setting images.store cannot be used: {error}") from None
