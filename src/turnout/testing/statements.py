"""Counting what is asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import ORMExecuteState, Session

_REFRESH = "turnout_testing_refresh"
_OF_TRANSACTIONS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


def ignore_refreshes(session: Session) -> None:
    """Keep out of the count what the test's own `session` does when a test looks at an object again."""

    @event.listens_for(session, "do_orm_execute")
    def _mark(state: ORMExecuteState) -> None:
        if state.is_column_load:
            state.update_execution_options(**{_REFRESH: True})


@contextmanager
def recorded(bind: Connection | Engine) -> Iterator[list[str]]:
    """Collect the statements sent through `bind`, but for those that begin and end transactions."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's protocol
        is_refresh = context is not None and context.execution_options.get(_REFRESH)
        if not is_refresh and not statement.lstrip().upper().startswith(_OF_TRANSACTIONS):
            seen.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(bind, "before_cursor_execute", note)
