"""Plugins that a test writes, with a table and its migration."""

from textwrap import dedent

MODELS = """
from turnout.plugin import *
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

class Thing(Base):
    __tablename__ = "{name}_things"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int | None] = mapped_column(Id, ForeignKey("events.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(40))
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

def upgrade():
    {up}

def downgrade():
    {down}
"""
CREATE = """
op.create_table(
    "{name}_things",
    sa.Column("id", ID, nullable=False),
    sa.Column("event_id", ID, nullable=True),
    sa.Column("title", sa.String(40), nullable=False),
    sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_{name}_things_event_id"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_{name}_things")),
    sqlite_autoincrement=True,
)
op.create_index(op.f("ix_{name}_things_event_id"), "{name}_things", ["event_id"])
op.execute("INSERT INTO {name}_things (title) VALUES ('made by the migration')")
"""
DROP = 'op.drop_table("{name}_things")'


def add_with_table(shelf, name, *, fails="", models="", **options):
    """Install a plugin with the table ``<name>_things``; its migration makes it, puts a row in, and then does `fails`."""
    shelf.add(name, "from . import models", models=MODELS.format(name=name) + dedent(models), **options)
    add_migration(shelf, name, "0001", CREATE.format(name=name) + fails, DROP.format(name=name))
    return name


def add_migration(shelf, name, revision, up="pass", down="pass", *, before=None):
    """Write a migration of a plugin; return its path."""
    folder = shelf.folder / f"turnout_{name}" / "migrations" / "versions"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{revision}_written.py"
    up, down = ("\n    ".join(part.strip("\n").splitlines()) for part in (up, down))
    path.write_text(MIGRATION.format(revision=revision, before=before, up=up, down=down), "utf-8")
    return path
