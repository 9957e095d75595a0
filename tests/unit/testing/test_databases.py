"""Where the databases of the tests come from."""

import pytest
from sqlalchemy import create_engine

from turnout.testing.databases import URL_VARIABLE, NoServer, PostgreSQLDatabases
from turnout.testing.fixtures import Workshop
from turnout.testing.postgresql import Cluster, programs


@pytest.fixture
def no_address(monkeypatch):
    monkeypatch.delenv(URL_VARIABLE, raising=False)


def test_without_a_server_it_is_said_what_to_do(no_address):
    with pytest.raises(NoServer, match=URL_VARIABLE):
        PostgreSQLDatabases(None).create()


def test_without_a_server_tests_are_skipped(no_address, monkeypatch, tmp_path):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="No PostgreSQL"):
        Workshop(tmp_path, None).fresh("postgresql")


def test_without_a_server_tests_fail_where_they_must_run(no_address, monkeypatch, tmp_path):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="No PostgreSQL"):
        Workshop(tmp_path, None).fresh("postgresql")


@pytest.mark.postgresql
@pytest.mark.skipif(programs() is None, reason="no PostgreSQL to be a guest of")
def test_a_given_server_is_left_as_it_was(monkeypatch):
    cluster = Cluster(programs())
    try:
        cluster.start()
        monkeypatch.setenv(URL_VARIABLE, cluster.url)
        databases = PostgreSQLDatabases(None)
        assert databases.create(migrated=False) != databases.create(migrated=False)
        databases.close()
        engine = create_engine(cluster.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            names = connection.exec_driver_sql("SELECT datname FROM pg_database ORDER BY datname").scalars().all()
        engine.dispose()
        assert names == ["postgres", "template0", "template1"]
    finally:
        cluster.stop()
