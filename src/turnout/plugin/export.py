"""Tables written to files that anything can read, for good: a JSON object for each row and line.

Nothing is lost on the way: what JSON has no exact word for is written as text, and what is JSON already as it is.
"""

import base64
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Enum,
    Float,
    Select,
    String,
    Text,
    cast,
    column,
    inspect,
    select,
    table,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from turnout.db import Amount, UTCDateTime, metadata

MANIFEST = "manifest.json"
AT_ONCE = 1000
"""How many rows are in memory at a time."""
HOW = (
    "Each file has a JSON object for each row, one in a line. Decimals are text; moments are ISO 8601, in UTC; bytes are "
    "Base64; numbers that JSON does not know (NaN, Infinity) are text. An export without this file was not finished."
)
Told = Callable[[int], None]
"""Told how many more rows are written."""


def export(connection: Connection, tables: Iterable[str], folder: Path, about: Mapping[str, Any], told: Told) -> None:
    """Write `tables` into `folder`, which must not be there yet; when all is on the disk, its manifest with `about` it."""
    folder.mkdir(parents=True)
    counts = {name: _write_table(connection, name, folder / f"{name}.jsonl", told) for name in tables}
    described = {name: {"rows": rows, "columns": _columns(connection, name)} for name, rows in counts.items()}
    manifest = dict(about) | {"how": HOW, "tables": described}
    unfinished = folder / f"{MANIFEST}.new"
    with unfinished.open("wb") as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        _keep(file)
    unfinished.rename(folder / MANIFEST)
    for each in (folder, folder.parent):
        _keep_names(each)


def _write_table(connection: Connection, name: str, path: Path, told: Told) -> int:
    query, converters = _reading(connection, name)
    rows = 0
    with path.open("wb") as file:
        found = connection.execute(query, execution_options={"yield_per": AT_ONCE})
        keys = list(found.keys())
        for part in found.partitions():
            for row in part:
                values = [convert(value) for convert, value in zip(converters, row, strict=True)]
                file.write(orjson.dumps(dict(zip(keys, values, strict=True)), default=_text))
                file.write(b"\n")
            rows += len(part)
            told(len(part))
        _keep(file)
    return rows


def _columns(connection: Connection, name: str) -> dict[str, str]:
    """Return the columns of a table as the database has them, with their types."""
    return {found["name"]: str(found["type"]) for found in inspect(connection).get_columns(name)}


def _reading(connection: Connection, name: str) -> tuple[Select[*tuple[Any, ...]], list[Callable[[Any], Any]]]:
    """Return what reads a table in the order of its key, and what makes each value fit for JSON."""
    looked = inspect(connection)
    columns = {found["name"]: _type(name, found["name"], found["type"]) for found in looked.get_columns(name)}
    read = [_read(column_name, kind) for column_name, kind in columns.items()]
    key = looked.get_pk_constraint(name)["constrained_columns"]
    query = select(*read).select_from(table(name)).order_by(*[column(part) for part in key])
    return query, [_converter(kind) for kind in columns.values()]


def _type(table_name: str, name: str, found: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return what a column holds: as the plugin's models say, if they know it."""
    model = metadata.tables.get(table_name)
    kind = model.c[name].type if model is not None and name in model.c else found
    # What a type of the plugin's own makes of a value only the plugin knows; what is stored anyone can read.
    is_foreign = isinstance(kind, TypeDecorator) and not isinstance(kind, (Amount, UTCDateTime))
    return kind.impl_instance if is_foreign else kind  # type: ignore[attr-defined]


def _read(name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if isinstance(kind, JSON):
        return cast(column(name), Text).label(name)
    return column(name, String() if isinstance(kind, Enum) else kind)


def _converter(kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    if isinstance(kind, JSON):
        return _as_it_is
    return _finite if isinstance(kind, Float) else _same


def _same(value: Any) -> Any:
    return value


def _finite(value: Any) -> Any:
    return value if value is None or math.isfinite(value) else str(value)


def _as_it_is(value: str | None) -> Any:
    """Return JSON to be written to the letter; it may have numbers that Python would round."""
    if value is None:
        return None
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return orjson.Fragment(value.replace("\n", " ").replace("\r", " "))


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _keep(file: BinaryIO) -> None:
    """Let what was written outlast a power cut."""
    file.flush()
    os.fsync(file.fileno())


def _keep_names(folder: Path) -> None:
    """Let the names in a folder outlast it, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
