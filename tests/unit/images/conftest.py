"""Pictures to upload, made here, and where they go."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def file_of():
    """Return a function that makes the file of a picture, of a colour of its own for each `shade`, from 0 to 5."""

    def file_of(kind="PNG", size=(60, 40), *, mode="RGB", shade=0, **options):
        file = BytesIO()
        Image.new(mode, size, (200, shade * 50, 30)).save(file, kind, **options)
        return file.getvalue()

    return file_of


@pytest.fixture
def folder(application):
    """Where the application keeps files; empty before and after."""
    folder = Path(application.registry.settings["turnout.data"]) / "media"

    def clear():
        for path in folder.glob("*/*"):
            path.unlink()

    clear()
    yield folder
    clear()


@pytest.fixture
def files(folder):
    """Return a function that lists the files there are."""
    return lambda: sorted(path.name for path in folder.glob("*/*"))


@pytest.fixture
def upload(api):
    """Return a function that sends a file to the API."""

    def upload(user, data, *, status=None, kind="image/png", **headers):
        return api.as_(user).post("/images", data, status=status, headers={"Content-Type": kind} | headers)

    return upload
