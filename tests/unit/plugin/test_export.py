"""Exporting tables: exact, whole, and with little memory."""

import base64
import json
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy import text
from tests.plugins_with_tables import MODELS

from turnout.db import make_engine, metadata
from turnout.plugin.discovery import find, installed, load
from turnout.plugin.export import AT_ONCE, MANIFEST, export

KINDS = """
import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

class Mood(enum.Enum):
    GLAD = 1

class Reversed(TypeDecorator):
    impl = sa.String(20)
    cache_ok = True
    def process_bind_param(self, value, dialect):
        return value and value[::-1]
    def process_result_value(self, value, dialect):
        return object()

class Kind(Base):
    __tablename__ = "alpha_kinds"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    amount: Mapped[Decimal | None] = mapped_column(Amount)
    moment: Mapped[datetime | None] = mapped_column(UTCDateTime)
    raw: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    data: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    real: Mapped[float | None] = mapped_column(sa.Float)
    mood: Mapped[Mood | None] = mapped_column(sa.Enum(Mood, native_enum=False))
    flag: Mapped[bool | None]
    day: Mapped[date | None]
    words: Mapped[str | None] = mapped_column(sa.Text)
    reversed: Mapped[str | None] = mapped_column(Reversed)
"""


@pytest.fixture
def tables(shelf, empty_database):
    """An engine on a database with tables of a plugin that is loaded."""
    shelf.add("alpha", "from . import models", models=MODELS.format(name="alpha") + KINDS)
    load(find("alpha", installed()))
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE events (id BIGINT PRIMARY KEY)"))
        for name in ("alpha_things", "alpha_kinds"):
            metadata.tables[name].create(connection)
    yield engine
    engine.dispose()


def exported(engine, folder, *names):
    """Export tables; return their rows and the manifest."""
    with engine.connect() as connection:
        export(connection, names, folder, {"plugin": "alpha"}, lambda _more: None)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    lines = {name: (folder / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1] for name in names}
    return {name: [json.loads(line, parse_float=Decimal) for line in found] for name, found in lines.items()}, manifest


def put(engine, name, *rows):
    with engine.begin() as connection:
        connection.execute(sa.insert(metadata.tables[name]), list(rows))


def test_every_kind_of_value_is_written_exactly(tables, tmp_path):
    lisbon = timezone(timedelta(hours=1))
    mood = metadata.tables["alpha_kinds"].c.mood.type.python_type
    values = {
        "amount": Decimal("12345678.9012"),
        "moment": datetime(2027, 3, 1, 12, 30, 15, 123456, tzinfo=lisbon),
        "raw": bytes(range(256)),
        "data": {"ö": [1, None, True, "line\nline"]},
        "real": 0.1 + 0.2,
        "mood": mood.GLAD,
        "flag": True,
        "day": date(2027, 3, 1),
        "words": 'of "two"\nlines \u2028 and more 🎟',
        "reversed": "drawkcab",
    }
    put(tables, "alpha_kinds", {"id": 1} | values, {"id": 2} | dict.fromkeys(values))
    rows, _ = exported(tables, tmp_path / "export", "alpha_kinds")
    first, second = rows["alpha_kinds"]
    assert Decimal(first["amount"]) == values["amount"]
    assert datetime.fromisoformat(first["moment"]) == values["moment"]
    assert first["moment"].endswith("+00:00")
    assert base64.b64decode(first["raw"]) == values["raw"]
    assert first["data"] == values["data"]
    assert float(first["real"]) == values["real"]
    assert (first["mood"], first["flag"], first["day"]) == ("GLAD", True, "2027-03-01")
    assert first["words"] == values["words"]
    assert first["reversed"] == "backward"
    assert second == {"id": 2} | dict.fromkeys(values)


def test_json_keeps_numbers_that_python_would_round(tables, tmp_path):
    exact = '{"pi": 3.14159265358979323846264338327950288, "many": 123456789012345678901234567890}'
    put(tables, "alpha_kinds", {"id": 1})
    with tables.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alpha_kinds SET data = '{exact}'")
    rows, _ = exported(tables, tmp_path / "export", "alpha_kinds")
    assert rows["alpha_kinds"][0]["data"] == json.loads(exact, parse_float=Decimal)
    assert "338327950288" in (tmp_path / "export" / "alpha_kinds.jsonl").read_text("utf-8")


def test_json_of_several_lines_stays_in_one(tables, tmp_path):
    put(tables, "alpha_kinds", {"id": 1})
    with tables.begin() as connection:
        connection.execute(text("""UPDATE alpha_kinds SET data = '{\n  "a":\r\n  1\n}'"""))
    rows, _ = exported(tables, tmp_path / "export", "alpha_kinds")
    assert rows["alpha_kinds"][0]["data"] == {"a": 1}


@pytest.mark.parametrize("real", ["inf", "-inf", "nan"])
def test_numbers_that_json_does_not_know_are_text(tables, tmp_path, real):
    if real == "nan" and tables.dialect.name == "sqlite":
        pytest.skip("SQLite keeps NaN as NULL")
    put(tables, "alpha_kinds", {"id": 1, "real": float(real)})
    rows, _ = exported(tables, tmp_path / "export", "alpha_kinds")
    assert rows["alpha_kinds"][0]["real"] == real


def test_the_manifest_tells_what_there_is(tables, tmp_path):
    put(tables, "alpha_things", {"title": "one"}, {"title": "two"})
    rows, manifest = exported(tables, tmp_path / "exports" / "new", "alpha_kinds", "alpha_things")
    assert manifest["plugin"] == "alpha"
    assert {name: about["rows"] for name, about in manifest["tables"].items()} == {"alpha_kinds": 0, "alpha_things": 2}
    assert list(manifest["tables"]["alpha_things"]["columns"]) == ["id", "event_id", "title"]
    assert rows["alpha_kinds"] == []
    assert [row["title"] for row in rows["alpha_things"]] == ["one", "two"]


def test_columns_and_tables_that_no_model_knows_are_exported_too(tables, tmp_path):
    put(tables, "alpha_things", {"title": "one"})
    with tables.begin() as connection:
        connection.execute(text("ALTER TABLE alpha_things ADD COLUMN older NUMERIC(10, 2) DEFAULT 1.5"))
        connection.execute(text("ALTER TABLE alpha_kinds DROP COLUMN words"))
        connection.execute(text('CREATE TABLE "alpha_Old things" (one INTEGER, "Two words" TEXT)'))
        connection.execute(text("""INSERT INTO "alpha_Old things" VALUES (7, 'seven')"""))
    rows, _ = exported(tables, tmp_path / "export", "alpha_things", "alpha_kinds", "alpha_Old things")
    assert Decimal(rows["alpha_things"][0]["older"]) == Decimal("1.5")
    assert rows["alpha_Old things"] == [{"one": 7, "Two words": "seven"}]


def test_rows_are_in_the_order_of_their_key(tables, tmp_path):
    put(tables, "alpha_things", *[{"id": number, "title": str(number)} for number in (3, 1, 2)])
    rows, _ = exported(tables, tmp_path / "export", "alpha_things")
    assert [row["id"] for row in rows["alpha_things"]] == [1, 2, 3]


def test_an_export_never_writes_over_another(tables, tmp_path):
    exported(tables, tmp_path / "export", "alpha_things")
    put(tables, "alpha_things", {"title": "one"})
    with pytest.raises(FileExistsError):
        exported(tables, tmp_path / "export", "alpha_things")
    assert (tmp_path / "export" / "alpha_things.jsonl").read_text("utf-8") == ""


def test_memory_stays_flat_however_many_rows_there_are(tables, tmp_path):
    many = 30 * AT_ONCE
    with tables.begin() as connection:
        first = {"title": "x" * 40}
        connection.execute(sa.insert(metadata.tables["alpha_things"]), [first] * AT_ONCE)
        for _ in range(5):
            connection.execute(
                text("INSERT INTO alpha_things (title) SELECT title FROM alpha_things LIMIT :n").bindparams(n=many)
            )
        connection.execute(text("DELETE FROM alpha_things WHERE id > :many").bindparams(many=many))
    told = []
    tracemalloc.start()
    try:
        with tables.connect() as connection:
            export(connection, ["alpha_things"], tmp_path / "export", {}, told.append)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(told) == many
    assert max(told) == AT_ONCE
    assert (tmp_path / "export" / "alpha_things.jsonl").stat().st_size > 2_000_000
    assert peak < 2_000_000


def test_moments_are_utc(tables, tmp_path):
    put(tables, "alpha_kinds", {"id": 1, "moment": datetime(2027, 1, 1, tzinfo=UTC)})
    rows, _ = exported(tables, tmp_path / "export", "alpha_kinds")
    assert rows["alpha_kinds"][0]["moment"] == "2027-01-01T00:00:00+00:00"
