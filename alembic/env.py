"""Runs migrations on the connection that `turnout.migrate` opened."""

from alembic import context
from sqlalchemy import BigInteger

from turnout.db import Amount, UTCDateTime

ID = "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')"
AMOUNT = "sa.Numeric(14, 4).with_variant(sa.BigInteger(), 'sqlite')"


def render_item(kind, value, _autogen_context):
    """Write our own types as plain SQLAlchemy, so that a migration never depends on tomorrow's code."""
    if kind != "type":
        return False
    if isinstance(value, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(value, Amount):
        return AMOUNT
    if isinstance(value, BigInteger):
        return ID
    return False


attributes = context.config.attributes
connection = attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=attributes["metadata"],
    version_table=attributes["version_table"],
    include_object=attributes["include_object"],
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
