"""Lists that stay fast however long they are: pages, a capped count, and cursors for deep walks.

`count` is exact up to `EXACT`. Past it PostgreSQL's planner estimates; SQLite, which has no such estimate and is meant for
small installations, counts. A cursor holds the ordering values of the last row, so that the next page is found in the
index; pages by number read everything before them and therefore end at `DEEPEST` results. Measured in
docs/adr/0006-lists-that-stay-fast.md.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, func, literal, literal_column, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.expression import ClauseElement

from turnout.errors import Invalid

DEEPEST = 10_000
EXACT = 1_000


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


_KINDS: Mapping[type, Callable[[Any], Any]] = {datetime: _aware, Decimal: Decimal}


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is wanted. A cursor of "" starts a walk."""

    page: int = 1
    size: int = 10
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """How a list is sorted: one column, made unambiguous by the id, both in one direction."""

    name: str
    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    id: ColumnElement[int] | InstrumentedAttribute[int]
    descending: bool = False

    @property
    def clauses(self) -> list[ColumnElement[Any]]:
        """Return what to ORDER BY."""
        columns = [self.id] if self.column is self.id else [self.column, self.id]
        return [column.desc() if self.descending else column.asc() for column in columns]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a list. `next_cursor` is set on a walk that goes on, `has_next` in both ways of leafing."""

    count: int
    is_exact: bool
    rows: Sequence[Any]
    has_next: bool
    next_cursor: str | None = None


class _Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _compile_explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + str(compiler.process(element.statement, **options))


def part_of(rows: Sequence[Any], paging: Paging) -> Slice:
    """Return the wanted part of a list that is short and already there; a walk gets it whole."""
    if paging.cursor is not None:
        return Slice(len(rows), True, rows, has_next=False)
    start = (paging.page - 1) * paging.size
    return Slice(len(rows), True, rows[start : start + paging.size], has_next=start + paging.size < len(rows))


def fetch(session: Session, query: Select[Any], ordering: Ordering, paging: Paging) -> Slice:
    """Return the wanted part of `query`, in two statements (three where a long list's count is estimated).

    Raises `Invalid` for a page that is too deep or a cursor that was not made here.
    """
    count, is_exact = _count(session, query)
    columns = [ordering.column.label("cursor_value"), ordering.id.label("cursor_id")]
    wanted = query.add_columns(*columns).order_by(*ordering.clauses).limit(paging.size + 1)
    if paging.cursor is None:
        offset = (paging.page - 1) * paging.size
        if offset + paging.size > DEEPEST:
            raise Invalid({"page": f"must stay within the first {DEEPEST} results; go deeper with ?cursor="})
        wanted = wanted.offset(offset)
    elif paging.cursor:
        wanted = wanted.where(_after(ordering, paging.cursor))
    rows = session.execute(wanted).all()
    has_next = len(rows) > paging.size
    rows = rows[: paging.size]
    next_cursor = _cursor(ordering, rows[-1]) if has_next and paging.cursor is not None else None
    return Slice(count, is_exact, rows, has_next, next_cursor)


def _count(session: Session, query: Select[Any]) -> tuple[int, bool]:
    matches = query.with_only_columns(literal_column("1"), maintain_column_froms=True).order_by(None)
    if session.get_bind().dialect.name == "sqlite":
        return session.scalar(select(func.count()).select_from(matches.subquery())) or 0, True
    counted = session.scalar(select(func.count()).select_from(matches.limit(EXACT + 1).subquery())) or 0
    if counted <= EXACT:
        return counted, True
    plan: Any = session.scalar(_Explain(matches))  # type: ignore[call-overload]
    return max(int(plan[0]["Plan"]["Plan Rows"]), EXACT + 1), False


def _cursor(ordering: Ordering, row: Any) -> str:
    value = row.cursor_value
    if isinstance(value, datetime):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    token = json.dumps([ordering.name, value, row.cursor_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _after(ordering: Ordering, cursor: str) -> ColumnElement[bool]:
    try:
        name, value, last_id = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        kind = ordering.column.type.python_type
        value = _KINDS.get(kind, kind)(value)
        if name != ordering.name or type(last_id) is not int or not 0 <= last_id < 2**53:
            raise ValueError(name)
        if "\x00" in str(value):
            raise ValueError(value)
    except (ValueError, TypeError, ArithmeticError, binascii.Error, RecursionError):
        raise Invalid({"cursor": "is not one that this list gave with this ordering"}) from None
    here = tuple_(ordering.column, ordering.id)
    last = tuple_(literal(value, ordering.column.type), literal(last_id, ordering.id.type))
    return here < last if ordering.descending else here > last
