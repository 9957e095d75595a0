"""The fixtures, as a pytest plugin."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from turnout.auth.throttle import Throttle
from turnout.plugin.assembly import Include
from turnout.testing.applications import Application
from turnout.testing.brokers import AnyBroker, Brokers, NoBroker
from turnout.testing.browsers import Browser
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.databases import KINDS, Databases, NoServer, PostgreSQLDatabases, SQLiteDatabases
from turnout.testing.deprecations import KNOWN
from turnout.testing.factories import Make
from turnout.testing.live import Live
from turnout.testing.outbox import Steps
from turnout.testing.postgresql import programs
from turnout.testing.statements import ignore_refreshes, recorded

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
MARKERS = {
    "sqlite": "runs on SQLite",
    "postgresql": "needs a PostgreSQL server",
    "xdist_group": "runs on the same worker as others of its group",
}


class Workshop:
    """What one process of the test run makes once: database servers and applications, each when first wanted."""

    def __init__(self, folder: Path, binaries: Path | None) -> None:
        self._folder = folder
        self._binaries = binaries
        self._databases: dict[str, Databases] = {}
        self._applications: dict[tuple[Any, ...], Application] = {}
        self._no_server: NoServer | None = None
        self._exits = ExitStack()
        self._brokers = Brokers()
        self._exits.callback(self._brokers.close)

    def databases(self, kind: str) -> Databases:
        """Return the maker of databases of `kind` ("sqlite", "postgresql")."""
        if kind not in self._databases:
            folder = self._folder / kind
            folder.mkdir()
            made: Databases = SQLiteDatabases(folder) if kind == "sqlite" else PostgreSQLDatabases(self._binaries)
            self._exits.callback(made.close)
            self._databases[kind] = made
        return self._databases[kind]

    def fresh(self, kind: str, *, migrated: bool = True, plugins: str = "") -> str:
        """Make a database; skip the test if there is no server for it, or fail it where CI is true."""
        if self._no_server is None:
            try:
                return self.databases(kind).create(migrated=migrated, plugins=plugins)
            except NoServer as error:
                self._no_server = error
        raise _want_of(self._no_server)

    def broker(self, kind: str) -> AnyBroker:
        """Return the broker of `kind` ("rabbitmq", "redis"), running; skip or fail the test if there is none."""
        try:
            return self._brokers.running(kind)
        except NoBroker as error:
            raise _want_of(error) from None

    def application(
        self, kind: str, include: Include | None = None, plugins: str = "", settings: Mapping[str, str] = NO_SETTINGS
    ) -> Application:
        """Return the application whose tests are rolled back, with `plugins` and `include` in it, and its clock set anew; it has seen nobody fail to sign in."""
        key = (kind, include, plugins, *sorted(settings.items()))
        if key not in self._applications:
            given = {"turnout.plugins": plugins} | dict(settings)
            application = Application(self.fresh(kind, plugins=plugins), self._folder, include, **given)
            self._exits.callback(application.close)
            self._applications[key] = application
        application = self._applications[key]
        application.registry.clock = ManualClock()
        application.registry.throttle = Throttle.of(application.registry.settings)
        return application

    def close(self) -> None:
        """Take everything down."""
        self._exits.close()


def _want_of(error: Exception) -> BaseException:
    """Return what skips the test for want of a server, or fails it where CI is true."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        return pytest.fail.Exception(str(error), pytrace=False)
    return pytest.skip.Exception(str(error))


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Hold what this process of the test run shares."""
    shop = Workshop(tmp_path_factory.mktemp("turnout"), programs())
    yield shop
    shop.close()


# Not of session scope: pytest would take such a parameter's value down and make it anew whenever it changes.
@pytest.fixture(params=[pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in KINDS])
def database(request: pytest.FixtureRequest) -> str:
    """Name the kind of database: each test that needs one runs once on each."""
    return str(request.param)


@pytest.fixture(scope="session")
def plugins() -> str:
    """Name the plugins that are enabled, as the setting ``turnout.plugins`` does; a plugin's tests define it anew."""
    return ""


@pytest.fixture(scope="session")
def settings() -> Mapping[str, str]:
    """Give further settings of the application, by full name; the tests of a plugin that needs some define it anew."""
    return NO_SETTINGS


@pytest.fixture
def fresh_database(workshop: Workshop, database: str, plugins: str) -> Iterator[str]:
    """Give the address of a migrated database that is this test's alone."""
    url = workshop.fresh(database, plugins=plugins)
    yield url
    workshop.databases(database).drop(url)


@pytest.fixture
def empty_database(workshop: Workshop, database: str) -> Iterator[str]:
    """Give the address of a database of this test's alone, with nothing in it."""
    url = workshop.fresh(database, migrated=False)
    yield url
    workshop.databases(database).drop(url)


@pytest.fixture
def application(workshop: Workshop, database: str, plugins: str, settings: Mapping[str, str]) -> Application:
    """Give the application under test."""
    return workshop.application(database, plugins=plugins, settings=settings)


@pytest.fixture
def connection(application: Application) -> Iterator[Connection]:
    """Open the connection whose transaction holds all that the test does, and is rolled back."""
    with application.rolled_back() as connection:
        yield connection


@pytest.fixture
def clock(application: Application) -> ManualClock:
    """Give the clock of the application, which stands still until the test moves it."""
    moved: ManualClock = application.registry.clock
    return moved


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """Open a session that sees what the application does, and the other way round."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        ignore_refreshes(session)
        yield session


@pytest.fixture
def make(session: Session, clock: ManualClock) -> Make:
    """Give the factories, which make rows for what a test does not care about."""
    return Make(session, clock)


@pytest.fixture
def api(application: Application, session: Session) -> Api:
    """Give a client of the API that nobody has signed in to."""
    return Api(application, session)


@pytest.fixture
def browser(application: Application, session: Session) -> Browser:
    """Give a browser, which nobody has signed in to the admin with."""
    return Browser(application, session)


@pytest.fixture
def outbox(application: Application, connection: Connection, session: Session) -> Steps:  # noqa: ARG001 - its transaction
    """Give background work in the test's hands: nothing of it is done before ``outbox.run()``."""
    return Steps(application, session)


@pytest.fixture
def statements(connection: Connection) -> Callable[[], AbstractContextManager[list[str]]]:
    """Count the statements of a block, which finds them in the list it is given."""
    return partial(recorded, connection)


@pytest.fixture
def committing(fresh_database: str, tmp_path: Path, plugins: str, settings: Mapping[str, str]) -> Iterator[Application]:
    """Give an application on a database of its own that really commits, for tests with several threads."""
    application = Application(fresh_database, tmp_path, None, **{"turnout.plugins": plugins} | dict(settings))
    yield application
    application.close()


@pytest.fixture
def live(fresh_database: str, tmp_path: Path, plugins: str, settings: Mapping[str, str]) -> Iterator[Live]:
    """Start a server on a database of its own."""
    server = Live(fresh_database, tmp_path, {"turnout.plugins": plugins} | dict(settings))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def rabbitmq(workshop: Workshop) -> AnyBroker:
    """Give a running RabbitMQ, the same to all tests; what a test stopped is started again."""
    return workshop.broker("rabbitmq")


@pytest.fixture
def redis(workshop: Workshop) -> AnyBroker:
    """Give a running Redis, the same to all tests; what a test stopped is started again."""
    return workshop.broker("redis")


def pytest_configure(config: pytest.Config) -> None:
    """Let these fixtures be used under any configuration of pytest, and nothing from outside reach the tests."""
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    for message, category in KNOWN:
        config.addinivalue_line("filterwarnings", f"ignore:{message}:{category.__name__}")
    # The environment wins over what tests set: an address of a real database or mail server has no place here.
    for name in [name for name in os.environ if name.startswith("TURNOUT_") and not name.startswith("TURNOUT_TEST_")]:
        del os.environ[name]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist notes the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of running servers on one worker for each database, so that few of them run at a time."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "live" in names and item.get_closest_marker("xdist_group") is None:
            kind = item.callspec.params.get("database", "") if hasattr(item, "callspec") else ""
            item.add_marker(pytest.mark.xdist_group(f"live-{kind}"))
