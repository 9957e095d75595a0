"""A plugin that keeps to everything, written into a folder with as many faults as wanted, and the suite run over it."""

import multiprocessing
import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from turnout.config import FEATURES

NAME = "badges"
METADATA = """\
Metadata-Version: 2.1
Name: turnout-badges
Version: 1.2
Summary: What guests wear
"""
PACKAGE = '''\
"""Badges: what guests wear."""

from datetime import timedelta

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, mapped_column

from turnout.bookings.hooks import BookingConfirmed
from turnout.events.models import Event
from turnout.plugin import *
from turnout.plugin import fields


class BadgeSettings(Schema):
    colour = fields.text(20, missing="red", description="What colour badges are")
    printer_key = fields.text(40, 0, missing="s3cret", description="Lets badges be printed")


plugin = Plugin(
    name="badges",
    title="Badges",
    description="What guests wear at an event",
    api_version=API_VERSION,
    settings=BadgeSettings,
    is_switchable=True,
)


class Badge(Base):
    __tablename__ = "badges_badges"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(Id, ForeignKey("events.id", ondelete="CASCADE"))
    label: Mapped[str]
    __table_args__ = (Index("ix_badges_badges_event_id", "event_id"), NEVER_REUSED)


class NewBadge(Schema):
    """A badge to be made."""

    label = fields.text(20, description="What is on it")


class BadgeView(NewBadge):
    """A badge."""


class Worn(Schema):
    """What is worn."""

    count = fields.whole()


def read(event_ids, session: Session):
    query = select(Badge.event_id, func.count()).where(Badge.event_id.in_(event_ids)).group_by(Badge.event_id)
    return {event_id: {"count": count} for event_id, count in session.execute(query)}


def on_confirmed(event: BookingConfirmed, session: Session) -> None:
    session.add(Badge(event_id=event.event_id, label="guest"))


def count_badges(session: Session) -> None:
    session.scalars(select(Badge)).one_or_none()


badges = Service("badges", "/events/{id}/badges", "Badges")


def event_of(request):
    event = request.db.get(Event, int(request.matchdict["id"]))
    if event is None:
        raise NotFound("There is no such event.")
    return event


@badges.get(permission="badges:read", answer=Worn, refuses=(NotFound,))
def read_badges(request):
    """Count the badges of an event."""
    return read([event_of(request).id], request.db).get(int(request.matchdict["id"]), {"count": 0})


@badges.post(permission="badges:create", body=NewBadge, answer=BadgeView, status=201, refuses=(NotFound,))
def create_badge(request):
    """Make a badge."""
    badge = Badge(event_id=event_of(request).id, label=request.validated["body"]["label"])
    request.db.add(badge)
    return {"label": badge.label}


class BadgeSection(AdminSection):
    name, title, singular = "badges", "Badges", "badge"
    permissions = {"read": "badges:look_through"}
    view, columns, label_by = BadgeView, ("label",), "label"

    def __init__(self, session: Session):
        self.session = session

    def find(self, filters, paging, *, actor):
        found = fetch(self.session, select(Badge), Ordering("id", Badge.id, Badge.id), paging)
        return found.shown(lambda row: {"id": row.Badge.id, "label": row.Badge.label})

    def get(self, badge_id, *, actor):
        badge = self.session.get(Badge, badge_id)
        if badge is None:
            raise NotFound("There is no such badge.")
        return Versioned({"id": badge.id, "label": badge.label}, 1)

    @panel("Badges", on="events", permission="badges:read")
    def of_event(self, event, *, actor):
        yield Facts({"Badges": read([event["id"]], self.session).get(event["id"], {"count": 0})["count"]})


def includeme(config):
    config.declare_permission("badges:read", "See how many badges there are", ANYONE)
    config.declare_permission("badges:create", "Make badges", ORGANIZER)
    config.add_api_service(badges)
    config.add_event_extension("badges", view=Worn, read=read)
    config.declare_permission("badges:look_through", "Look through the badges of all events", STAFF)
    config.add_admin_section(BadgeSection)
    config.add_listener(on_confirmed, BookingConfirmed)
    config.add_periodic_task(count_badges, every=timedelta(hours=1))
'''
MIGRATION = '''\
"""Badges."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "badges_badges",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_badges_badges_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badges_badges")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_badges_badges_event_id", "badges_badges", ["event_id"])


def downgrade():
    op.drop_table("badges_badges")
'''
CONFTEST = 'pytest_plugins = ["turnout.testing.fixtures"]\n'
TEST = f"""\
from turnout.testing.conformance import Conformance


class TestConformance(Conformance):
    plugin = "{NAME}"
"""
MEDALS = '''\
"""Medals: another plugin."""

from turnout.plugin import ANYONE, API_VERSION, Base, Id, Plugin, Schema, Service, fields
from sqlalchemy.orm import Mapped, mapped_column

plugin = Plugin(name="medals", title="Medals", description="Another plugin", api_version=API_VERSION)


class Medal(Base):
    __tablename__ = "medals_medals"
    id: Mapped[int] = mapped_column(Id, primary_key=True)


medals = Service("medals", "/events/{id}/medals", "Medals")


class Won(Schema):
    """What was won."""

    medals = fields.whole()


@medals.get(permission="medals:read", answer=Won)
def read_medals(request):
    """Count medals."""
    return {"medals": 0}


def includeme(config):
    config.declare_permission("medals:read", "See medals", ANYONE)
    config.add_api_service(medals)
'''
MEDALS_MIGRATION = '''\
"""Medals."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None


def upgrade():
    op.create_table(
        "medals_medals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medals_medals")),
        sqlite_autoincrement=True,
    )


def downgrade():
    op.drop_table("medals_medals")
'''
FILES = {
    "turnout_badges/__init__.py": PACKAGE,
    "turnout_badges/migrations/versions/0001_badges.py": MIGRATION,
    "turnout_badges-1.2.dist-info/METADATA": METADATA,
    "turnout_badges-1.2.dist-info/entry_points.txt": "[turnout.plugins]\nbadges = turnout_badges\n",
    "conftest.py": CONFTEST,
    "test_conformance.py": TEST,
}
MEDALS_FILES = {
    "turnout_medals/__init__.py": MEDALS,
    "turnout_medals/migrations/versions/0001_medals.py": MEDALS_MIGRATION,
    "turnout_medals-1.0.dist-info/METADATA": METADATA.replace("badges", "medals"),
    "turnout_medals-1.0.dist-info/entry_points.txt": "[turnout.plugins]\nmedals = turnout_medals\n",
}


def write(folder: Path, *changes: tuple[str, str], files: dict[str, str] | None = None) -> None:
    """Write the plugin, with each first text of `changes` replaced by the second wherever it is, and further `files`."""
    texts = dict(FILES)
    for old, new in changes:
        assert any(old in text for text in texts.values()), f"nothing to change: {old}"
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    for name, text in (texts | (files or {})).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


# Forked from a process that has imported everything once, so that a run takes about a second.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["turnout.testing.conformance", *(f"{feature}.api" for feature in FEATURES)])


def _run(folder: Path, arguments: tuple[str, ...]) -> None:
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    # Looking for what was not closed takes longer than most runs do.
    quick = ["-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    pytest.main([*quick, "-q", "--junitxml", "report.xml", *arguments])


def run(folder: Path, *arguments: str) -> dict[str, str]:
    """Run the tests in `folder`; return by the name of each what it said: "" if it passed, "skipped: ..." if it did not run."""
    process = _processes.Process(target=_run, args=(folder, arguments))
    process.start()
    process.join(120)
    report = folder / "report.xml"
    assert report.exists(), (folder / "output.txt").read_text("utf-8")
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        said = ""
        for kind in ("failure", "error"):
            if (failure := case.find(kind)) is not None:
                said = failure.text or failure.get("message") or kind
        if (skipped := case.find("skipped")) is not None:
            said = f"skipped: {skipped.get('message')}"
        found[case.get("name", "")] = said
    return found
