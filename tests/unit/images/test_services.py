"""Files come before rows, and addresses lead to files whatever the host is called."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from turnout.db import open_read_session
from turnout.images.errors import NotAnImage
from turnout.images.models import Image
from turnout.images.services import ImageAddresses, ImageService, path_of, thumbnail_of
from turnout.images.stores import FolderStore
from turnout.security.actors import SYSTEM, Actor
from turnout.system import transact

NAME = "ab" * 32


@pytest.fixture
def root():
    return "https://tickets.example.com/media"


@pytest.fixture
def images(session, clock, application, folder, root):
    settings = application.registry.settings
    reading = open_read_session(application.registry)
    return ImageService(session, reading, clock, settings, lambda _event: None, FolderStore(folder), root)


@pytest.fixture
def addresses(session, root):
    return ImageAddresses(session, root)


def test_what_is_kept_says_where_it_is(images, file_of, make, session, clock):
    ada = make.organizer()
    kept = images.keep(file_of(size=(60, 40)), actor=Actor.of(ada.id))
    assert kept.url.startswith("https://tickets.example.com/media/")
    assert (kept.width, kept.height) == (60, 40)
    row = session.get_one(Image, kept.id)
    assert kept.url.endswith(row.name)
    assert (row.user_id, row.created_at, row.unused_since) == (ada.id, clock.now(), clock.now())
    assert images.read(row.name)
    assert images.read(thumbnail_of(row.name))


def test_a_file_that_is_too_large_is_refused_before_it_is_looked_at(images, application, file_of, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "api.max_upload_bytes", 100)
    with pytest.raises(NotAnImage, match="is larger than 100 bytes"):
        images.keep(file_of(), actor=SYSTEM)


def test_an_image_outlives_whoever_added_it(images, file_of, make, session):
    gone = make.organizer()
    kept = images.keep(file_of(), actor=Actor.of(gone.id))
    session.delete(gone)
    session.flush()
    session.expire_all()
    assert session.get_one(Image, kept.id).user_id is None


def test_what_is_undone_leaves_files_and_no_row(committing, file_of, tmp_path):
    def act(request):
        request.find_service(ImageService).keep(file_of(), actor=SYSTEM)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transact(committing.registry, act)
    with committing.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Image)) == 0
    assert len(list((tmp_path / "media").glob("*/*.webp"))) == 2


def test_a_store_that_fails_leaves_no_row(images, file_of, session, monkeypatch):
    def full(_self, name, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FolderStore, "put", full)
    with pytest.raises(OSError, match="No space"):
        images.keep(file_of(), actor=SYSTEM)
    assert session.scalar(select(func.count()).select_from(Image)) == 0


@pytest.fixture
def one(images, file_of):
    """The name of an image that is there, without how it ends."""
    return Path(images.keep(file_of(), actor=SYSTEM).url).stem


@pytest.mark.parametrize(
    "address",
    [
        "https://tickets.example.com/media/{}.webp",
        "http://localhost:6543/media/{}.webp",
        "https://www.example.com/tickets/media/{}.webp",
        "https://cdn.example.com/{}.webp",
        "/media/{}.webp",
        "https://tickets.example.com/media/{}-thumbnail.webp",
    ],
)
def test_whatever_leads_to_it_is_kept_as_one_path(addresses, one, address, session):
    kept = addresses.refer(address.format(one))
    assert session.scalars(select(Image.unused_since)).one() is None
    assert kept == f"/media/{one}.webp"
    assert addresses.address(kept) == f"https://tickets.example.com/media/{one}.webp"


@pytest.mark.parametrize(
    "address",
    [
        "https://images.example.com/{}.jpg",
        "https://images.example.com/media/{}.webp?size=2",
        "https://images.example.com/{}.webp#top",
        "https://images.example.com/x{}.webp",
        f"https://images.example.com/media/{NAME}.webp",
        f"/media/{NAME}.webp",
        "",
        None,
    ],
)
def test_what_leads_elsewhere_stays_as_it_is(addresses, one, address, session, clock):
    assert addresses.refer(address and address.format(one)) == (address and address.format(one))
    assert session.scalars(select(Image.unused_since)).one() == clock.now()


def test_an_address_of_elsewhere_is_not_touched(addresses):
    assert addresses.address("https://images.example.com/a.jpg") == "https://images.example.com/a.jpg"
    assert addresses.address(None) is None


def test_the_thumbnail_of_an_address():
    assert thumbnail_of(f"/media/{NAME}.webp") == f"/media/{NAME}-thumbnail.webp"
    assert thumbnail_of(f"https://x.example.com/{NAME}.webp") == f"https://x.example.com/{NAME}-thumbnail.webp"
    assert thumbnail_of("https://x.example.com/a.webp") == "https://x.example.com/a.webp"


def test_the_path_at_which_it_is_shown_here():
    assert path_of(f"https://cdn.example.com/pictures/{NAME}.webp") == f"/media/{NAME}.webp"
    assert path_of(f"/media/{NAME}-thumbnail.webp") == f"/media/{NAME}.webp"
    assert path_of("https://images.example.com/a.jpg") is None
    assert path_of(None) is None


def test_an_address_elsewhere_asks_the_database_nothing(addresses, statements):
    with statements() as seen:
        addresses.refer("https://images.example.com/a.jpg")
        addresses.refer(None)
    assert seen == []


@pytest.mark.parametrize(
    ("configured", "asks", "expected"),
    [
        ("", True, "http://localhost/media"),
        ("https://cdn.example.com/pictures/", True, "https://cdn.example.com/pictures"),
        ("", False, "/media"),
        ("https://cdn.example.com/pictures", False, "https://cdn.example.com/pictures"),
    ],
)
def test_where_images_are(application, session, monkeypatch, configured, asks, expected):
    from turnout.security.actors import NOBODY

    monkeypatch.setitem(application.registry.settings, "images.url", configured)

    def root(request):
        request.actor = NOBODY if asks else request.actor
        return request.find_service(ImageAddresses).root

    session.commit()
    assert transact(application.registry, root) == expected
