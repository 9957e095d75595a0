"""Runs migrations on the connection that `turnout.migrate` opened."""

import warnings

from alembic import context
from sqlalchemy import BigInteger, TypeDecorator
from sqlalchemy.exc import SAWarning
from sqlalchemy.sql.elements import False_, True_
from sqlalchemy.sql.functions import now

from turnout.db import Amount, UTCDateTime

ID = "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')"
DEFAULTS = {True_: "sa.true()", False_: "sa.false()", now: "sa.text('CURRENT_TIMESTAMP')"}
AMOUNT = "sa.Numeric(14, 4).with_variant(sa.BigInteger(), 'sqlite')"


def render_item(kind, value, _autogen_context):
    """Write what both databases understand, and our own types as plain SQLAlchemy: tomorrow's code may have others."""
    if kind == "server_default":
        return DEFAULTS.get(type(getattr(value, "arg", None)), False)
    return render_type(value) if kind == "type" else False


def render_type(value):
    if isinstance(value, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(value, Amount):
        return AMOUNT
    if isinstance(value, BigInteger):
        return ID
    if isinstance(value, TypeDecorator):
        return f"sa.{value.impl_instance!r}"  # a type of a plugin's own, as it is stored
    return False


attributes = context.config.attributes
connection = attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=attributes["metadata"],
    version_table=attributes["version_table"],
    **attributes["only"],
    render_item=render_item,
    render_as_batch=True,  # what is written on either database runs on both
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction(), warnings.catch_warnings():
    # Rebuilding a table on SQLite also looks at those that it refers to; an index over an expression there stays as it is.
    warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
    context.run_migrations()
