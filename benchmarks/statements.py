"""How many SQL statements a request sends, counted exactly: the application in this process, one request, a listener."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import webob
from sqlalchemy import Engine, event

Application = Any


@contextmanager
def application(settings: dict[str, Any]) -> Iterator[Application]:
    """Give the application, made with `settings` in this process; its connections are closed at the end."""
    from turnout import main

    made = main({}, **settings)
    try:
        yield made
    finally:
        made.registry.engine.dispose()


def statements(app: Application, raw: bytes, *, expected: int) -> list[str]:
    """Return the statements that the request `raw` sends, without BEGIN and COMMIT.

    Raises `RuntimeError` when the answer's status is not `expected`.
    """
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        answer = webob.Request.from_bytes(raw).get_response(app)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    if answer.status_int != expected:
        raise RuntimeError(f"Expected {expected}, got {answer.status}: {answer.text[:500]}")
    return seen
