"""Migrations: up, down, up again, and equal to the models."""

import threading

import pytest
from sqlalchemy import inspect, text

from turnout import migrate
from turnout.db import make_engine, metadata


@pytest.fixture
def engine(empty_database):
    engine = make_engine(empty_database)
    yield engine
    engine.dispose()


def tables(engine):
    return {name for name in inspect(engine).get_table_names() if not name.startswith("events_search")}


def test_up_down_and_up_again(engine):
    with engine.connect() as connection:
        assert migrate.current(connection) is None
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert migrate.current(connection) == migrate.head()
    assert tables(engine) == migrate.core_tables() | {migrate.VERSION_TABLE}
    migrate.downgrade(engine, "base")
    assert tables(engine) <= {migrate.VERSION_TABLE}
    migrate.upgrade(engine)
    assert migrate.differences(engine) == []


def test_models_equal_migrations(engine):
    migrate.upgrade(engine)
    assert migrate.differences(engine) == []


def test_a_difference_is_found(engine):
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE interests ADD COLUMN strength INTEGER"))
    assert "strength" in str(migrate.differences(engine))


def test_migrating_again_changes_nothing(engine):
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO pools (taken, revision) VALUES (0, 1)"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pools")) == 1


def test_two_who_migrate_at_once_do_it_once(engine, database):
    if database == "sqlite":
        pytest.skip("SQLite is migrated by the one process that has it")
    errors = []

    def upgrade():
        own = make_engine(engine.url.render_as_string(hide_password=False).replace("+psycopg", ""))
        try:
            migrate.upgrade(own)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert migrate.differences(engine) == []


def test_sqlite_has_its_foreign_keys_on_afterwards(engine, database):
    if database != "sqlite":
        pytest.skip("SQLite's own trap")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_database_that_is_newer_than_the_code_is_told(engine):
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.MigrationError, match="is at version 9999, which this Turnout does not know"):
        migrate.standing(engine)


def test_rows_that_refer_to_nothing_stop_a_migration(engine, database):
    if database != "sqlite":
        pytest.skip("PostgreSQL has its foreign keys on throughout")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(text("INSERT INTO interests (user_id, event_id, created_at) VALUES (1, 1, '2027-01-01')"))
        connection.commit()
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
    with pytest.raises(migrate.MigrationError, match="interests"):
        migrate.upgrade(engine)


def test_no_id_is_given_twice(engine):
    """What is left of somebody deleted (a token, an idempotency key) must not fit whoever comes next."""
    migrate.upgrade(engine)
    with engine.begin() as connection:
        ids = []
        for _ in range(2):
            ids.append(connection.scalar(text("INSERT INTO pools (taken, revision) VALUES (0, 1) RETURNING id")))
            connection.execute(text("DELETE FROM pools"))
        assert ids[0] < ids[1]
        if engine.dialect.name == "sqlite":
            query = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%AUTOINCREMENT%'")
            reused = set(connection.scalars(query)) & {
                name
                for name, table in metadata.tables.items()
                if "id" in table.c and table.c.id.type.python_type is int
            }
            assert reused == set()
