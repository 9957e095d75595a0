"""Lists that stay fast however long they are: pages, a capped count, and cursors for deep walks.

`count` is exact up to `EXACT`. Past it PostgreSQL's planner estimates; SQLite, which has no such estimate and is meant for
small installations, counts. A cursor holds the ordering values of the last row, so that the next page is found in the
index; pages by number read everything before them and therefore end at `DEEPEST` results, from where a cursor leads on.
Measured in docs/adr/0006-lists-that-stay-fast.md.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Executable, func, literal, literal_column, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.visitors import InternalTraversal

from turnout.db import AnySelect
from turnout.errors import Invalid

DEEPEST = 10_000
EXACT = 1_000


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC)


def _amount(value: Any) -> Decimal:
    amount = Decimal(value)
    if not abs(amount) < 10**14:
        raise ValueError(value)
    return amount


def _text(value: Any) -> str:
    if type(value) is not str or "\x00" in value:
        raise ValueError(value)
    value.encode()  # refuses what is no Unicode text
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not abs(value) < 2**53:
        raise ValueError(value)
    return value


_KINDS: Mapping[type, Callable[[Any], Any]] = {datetime: _moment, Decimal: _amount, str: _text, int: _whole}
"""How the value in a cursor is read: anybody may have written it, so what no database can compare is a `ValueError`."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is wanted: a page, from 1, of so many rows; or what follows a cursor. A cursor of "" starts a walk."""

    page: int = 1
    size: int = 10
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """How a list is sorted: one column, made unambiguous by the id, both in one direction.

    `name` is what clients call it, such as "-created_at". It is written into cursors: one that was given with one ordering
    is refused with another, so no two orderings of a list have the same name. `column` is of moments, decimals, texts or
    whole numbers and never null; `id` is the primary key of the rows. An index over what the list is filtered by, `column`
    and `id` makes it fast, in both directions.

        NEWEST_FIRST = Ordering("-created_at", Question.created_at, Question.id, descending=True)
    """

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
    """A part of a list. `has_next` tells whether more follows; `next_cursor`, where it is set, leads there.

    `rows` are as `fetch` describes them. `count` is how many there are in the whole list, estimated unless `is_exact`.
    """

    count: int
    is_exact: bool
    rows: Sequence[Any]
    has_next: bool
    next_cursor: str | None = None

    def shown(self, represent: Callable[[Any], Any]) -> "Slice":
        """Return the same part with each row as `represent` shows it."""
        return replace(self, rows=[represent(row) for row in self.rows])


class _Explain(Executable, ClauseElement):
    """Asks the planner. Its parts are declared, so that SQLAlchemy compiles it once like any other statement."""

    inherit_cache = True
    _traverse_internals: Any = (("statement", InternalTraversal.dp_clauseelement),)
    _all_selected_columns: ClassVar[Any] = ()

    def __init__(self, statement: AnySelect) -> None:
        self.statement = statement


@compiles(_Explain)
def _compile_explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + str(compiler.process(element.statement, **options))


def part_of(rows: Sequence[Any], paging: Paging) -> Slice:
    """Return the wanted part of a list that is short and already there; a walk gets it whole."""
    if paging.cursor is not None:
        return Slice(len(rows), is_exact=True, rows=rows, has_next=False)
    start = (paging.page - 1) * paging.size
    part = rows[start : start + paging.size]
    return Slice(len(rows), is_exact=True, rows=part, has_next=start + paging.size < len(rows))


def fetch(
    session: Session, query: AnySelect, ordering: Ordering, paging: Paging, *, shown: AnySelect | None = None
) -> Slice:
    """Return the wanted part of `query`, in two statements (three where a long list's count is estimated).

    `query` selects and filters; sorting and cutting are done here. The rows of the slice are SQLAlchemy's, with what was
    selected by its name: ``row.Question`` after ``select(Question)``, ``row.text`` after ``select(Question.text)``.

        query = select(Question).where(Question.event_id == event_id)
        questions = [row.Question for row in fetch(self.session, query, NEWEST_FIRST, paging).rows]

    `shown` is what to select of each row instead, for lists that show what they are neither filtered nor sorted by: it is
    joined by the ordering's id to the rows of the part alone. `query` may then be ``select().select_from(Question)``.
    Raises `Invalid` for a page that is too deep or a cursor that was not made here.
    """
    count, is_exact = _count(session, query, ordering)
    columns = [ordering.column.label("cursor_value"), ordering.id.label("cursor_id")]
    wanted = query.add_columns(*columns).order_by(*ordering.clauses).limit(paging.size + 1)
    if paging.cursor is None:
        offset = (paging.page - 1) * paging.size
        if offset + paging.size > DEEPEST:
            raise Invalid({"page": f"must stay within the first {DEEPEST} results; go deeper with ?cursor="})
        wanted = wanted.offset(offset)
    elif paging.cursor:
        wanted = wanted.where(_after(ordering, paging.cursor))
    rows = session.execute(wanted if shown is None else _joined(shown, wanted, ordering)).all()
    has_next = len(rows) > paging.size
    rows = rows[: paging.size]
    walks = paging.cursor is not None or paging.page * paging.size + paging.size > DEEPEST
    next_cursor = _cursor(ordering, rows[-1]) if has_next and walks else None
    return Slice(count, is_exact, rows, has_next, next_cursor)


def _joined(shown: AnySelect, wanted: AnySelect, ordering: Ordering) -> AnySelect:
    part = wanted.subquery("part")
    again = Ordering(ordering.name, part.c.cursor_value, part.c.cursor_id, descending=ordering.descending)
    return shown.add_columns(*part.c).join(part, part.c.cursor_id == ordering.id).order_by(*again.clauses)


def _count(session: Session, query: AnySelect, ordering: Ordering) -> tuple[int, bool]:
    matches: AnySelect = query.with_only_columns(literal_column("1"), maintain_column_froms=True).order_by(None)
    if session.get_bind().dialect.name == "sqlite":
        return session.scalar(select(func.count()).select_from(matches.subquery())) or 0, True
    # In the order of an index: reading from the start of the table, it may take long to meet the first that match.
    some = matches.order_by(*ordering.clauses).limit(EXACT + 1)
    counted = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    if counted <= EXACT:
        return counted, True
    plan: Any = session.scalar(_Explain(matches))
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
        value, last_id = _KINDS[ordering.column.type.python_type](value), _whole(last_id)
        is_ours = name == ordering.name
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        is_ours = False
    if not is_ours:
        raise Invalid({"cursor": "is not one that this list gave with this ordering"})
    here = tuple_(ordering.column, ordering.id)
    last = tuple_(literal(value, ordering.column.type), literal(last_id, ordering.id.type))
    return here < last if ordering.descending else here > last
