"""What nobody shows is let go of, after a while; files that belong to nothing, too."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from turnout.images import services
from turnout.images.models import Image
from turnout.images.services import ImageAddresses, ImageService
from turnout.images.tasks import review_images, sweep_files
from turnout.outbox.services import Outbox
from turnout.security.actors import SYSTEM
from turnout.system import transact


@pytest.fixture
def keep(application, session, file_of, folder):
    """Return a function that adds an image and returns its address."""

    def keep(shade=0):
        session.commit()
        kept = transact(
            application.registry,
            lambda request: request.find_service(ImageService).keep(file_of(shade=shade), actor=SYSTEM),
        )
        return kept.url

    return keep


@pytest.fixture
def names(session):
    def names():
        session.expire_all()
        return [f"/media/{name}" for name in session.scalars(select(Image.name).order_by(Image.id))]

    return names


def test_what_nobody_shows_is_deleted_after_a_while(keep, names, outbox, clock):
    url = keep()
    for _ in range(29):
        clock.move(days=1)
        outbox.run()
    assert names() == [url]
    clock.move(days=1)
    outbox.run()
    assert names() == []


def test_what_is_shown_stays(keep, names, outbox, clock, make, api):
    of_event, of_user, of_nobody = keep(1), keep(2), keep(3)
    ada = make.organizer(picture_url=of_user)
    event = make.event(organizer=ada, image_url=of_event)
    for _ in range(3):
        clock.move(days=30)
        outbox.run()
    assert names() == [of_event, of_user]
    assert of_nobody not in names()

    api.as_(ada).patch(f"/events/{event.id}", {"image_url": None})
    clock.move(days=1)
    outbox.run()  # nobody shows it from now on
    clock.move(days=29)
    outbox.run()
    assert names() == [of_event, of_user]
    clock.move(days=1)
    outbox.run()
    assert names() == [of_user]


def test_what_is_shown_again_stays(keep, names, outbox, clock, make, api):
    url = keep()
    clock.move(days=29)
    outbox.run()
    event = make.event()
    api.as_(make.staff()).patch(f"/events/{event.id}", {"image_url": f"https://tickets.example.com{url}"})
    clock.move(days=1)
    outbox.run()
    assert names() == [url]


def test_what_is_added_again_stays_as_long_again(keep, names, outbox, clock):
    url = keep()
    clock.move(days=29)
    assert keep() == url
    clock.move(days=29)
    outbox.run()
    assert names() == [url]
    clock.move(days=1)
    outbox.run()
    assert names() == []


def test_many_are_reviewed_in_parts(keep, names, outbox, clock, make, monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    urls = [keep(shade) for shade in range(5)]
    make.event(image_url=urls[2])
    clock.move(days=31)
    outbox.run()
    assert names() == [urls[2]]


def test_reviewing_takes_as_many_statements_however_many_there_are(application, keep, session, statements):
    found = []
    for shade in range(4):
        keep(shade)
        with statements() as seen:
            transact(application.registry, lambda request: request.find_service(ImageService).review())
        found.append(len(seen))
    assert found[0] == found[-1] <= 6


def age(folder, **ago):
    """Make the files there are old, by the real clock, which the disk has."""
    for path in folder.glob("*/*"):
        moment = path.stat().st_mtime - timedelta(**ago).total_seconds()
        os.utime(path, (moment, moment))


@pytest.fixture
def sweep(application, session, clock):
    """Return a function that sweeps as of now, by the real clock."""
    from datetime import UTC, datetime

    def sweep():
        clock.set(datetime.now(UTC))
        session.commit()
        transact(application.registry, lambda request: request.find_service(ImageService).sweep())

    return sweep


def test_files_without_a_row_are_deleted_after_a_day(application, session, keep, folder, files, sweep):
    url = keep(1)
    keep(2)
    row = session.scalars(select(Image).where(Image.name != url.rpartition("/")[2])).one()
    session.delete(row)
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "ab" / ("ab" * 32 + ".webp.0a1b2c3d.part")).write_bytes(b"half")
    assert len(files()) == 5

    age(folder, hours=23)
    sweep()
    assert len(files()) == 5
    age(folder, hours=2)
    sweep()
    stem = url.rpartition("/")[2].removesuffix(".webp")
    assert files() == [f"{stem}-thumbnail.webp", f"{stem}.webp"]


def test_what_was_just_written_waits_for_its_row(keep, session, folder, files, sweep):
    keep()
    session.delete(session.scalars(select(Image)).one())
    sweep()
    assert len(files()) == 2


def test_many_files_are_looked_at_in_parts(keep, session, folder, files, sweep, monkeypatch):
    monkeypatch.setattr(services, "BATCH", 3)
    kept = [keep(shade) for shade in range(5)]
    for row in session.scalars(select(Image).order_by(Image.id)).all()[1:]:
        session.delete(row)
    age(folder, days=2)
    sweep()
    stem = kept[0].rpartition("/")[2].removesuffix(".webp")
    assert files() == [f"{stem}-thumbnail.webp", f"{stem}.webp"]


def test_both_are_done_every_day(application):
    periodic = application.registry.periodic_tasks
    for task in (review_images, sweep_files):
        assert periodic[f"{task.__module__}.{task.__name__}"] == timedelta(days=1)


def test_who_begins_to_show_an_image_at_the_last_moment_has_it(committing, file_of, database):
    """The one who refers to it holds its row; whoever lets go of it waits, and looks again."""
    registry = committing.registry
    url = transact(registry, lambda request: request.find_service(ImageService).keep(file_of(), actor=SYSTEM)).url
    registry.clock.move(days=31)

    def refer_late(request):
        transact(registry, lambda other: other.find_service(ImageAddresses).refer(url))

    def review(request):
        service = request.find_service(ImageService)
        service.announce = refer_late if database == "postgresql" else lambda _event: None
        if database == "sqlite":  # one writer at a time: the other comes before
            refer_late(request)
        service.review()
        request.find_service(Outbox).forget()

    transact(registry, review)
    with committing.engine.connect() as connection:
        assert len(connection.execute(select(Image.id)).all()) == 1
