"""Public: what tests of Turnout and of its plugins stand on. Install it with ``pip install 'turnout[testing]'``.

In a plugin's ``tests/conftest.py``:

    pytest_plugins = ["turnout.testing.fixtures"]

    @pytest.fixture(scope="session")
    def plugins() -> str:
        return "reviews"

and in a test:

    def test_guests_see_reviews(api, make):
        event = make.event()
        assert api.get(f"/events/{event.id}/reviews").json["count"] == 0
        api.as_role("user").post(f"/events/{event.id}/reviews", {"rating": 6}, status=400)

Each test that uses one of these fixtures runs on SQLite and on PostgreSQL. PostgreSQL is a server of the tests' own, started
when it is first wanted, or the one that the environment variable ``TURNOUT_TEST_POSTGRES_URL`` names; where there is neither,
its tests are skipped, and fail where the variable ``CI`` is true. Everything that a test does is rolled back at its end.
Variables that begin with ``TURNOUT_``, but for those that begin with ``TURNOUT_TEST_``, are not heeded.

To be defined anew in a conftest.py:

- ``plugins``: the plugins that are enabled, as the setting ``turnout.plugins`` names them; none;
- ``settings``: further settings of the application by their full names, such as ``{"stripe.key": "sk_test"}``; none.

For most tests:

- ``api``: a client of the API that nobody has signed in to, which fails the test for an answer that is not expected;
  ``api.as_(user)`` and ``api.as_role("staff")`` are signed in, as ``user`` says whom (`clients.Api`);
- ``browser``: a browser that visits pages of the admin and sends their forms: ``browser.as_role("staff").get("/admin")``
  (`browsers.Browser`);
- ``make``: rows with sensible values for whatever a test does not care about: ``make.event(capacity=5)`` (`factories.Make`);
- ``clock``: what the application believes the time is: ``clock.move(days=1)`` (`clocks.ManualClock`);
- ``outbox``: background work, done when the test says so: ``outbox.run()``, ``outbox.waiting``, ``outbox.dead`` (`outbox.Steps`);
- ``session``: a session that sees what the application does, and the other way round;
- ``statements``: counts what is asked of the database: ``with statements() as seen: ...``.

For tests of what lies below:

- ``application``: the application under test, with its ``registry``, ``router`` and ``engine`` (`applications.Application`);
- ``connection``: the connection with the transaction that is rolled back at the end;
- ``database``: the kind of database, "sqlite" or "postgresql";
- ``workshop``: makes databases and applications (`fixtures.Workshop`).

For tests that need more than one transaction, on a database of their own:

- ``committing``: an application that really commits, for tests with several threads;
- ``live``: ``turnout serve`` as a process of its own, with ``url``, ``client`` and ``run("migrate")`` (`live.Live`);
- ``fresh_database``, ``empty_database``: the address of a database, migrated or with nothing in it;
- ``rabbitmq``, ``redis``: running brokers; where their programs are missing, such tests are skipped.

For plugins that talk to an outside service, `turnout.testing.fakes` has what a fake of it needs that speaks real HTTP: a server on
loopback with faults on purpose (`fakes.Fake`), and a courier for signed notices, late, doubled and shuffled (`fakes.Courier`).

The markers ``sqlite`` and ``postgresql`` choose: ``pytest -m "not postgresql"``. `turnout.testing.conformance` is the suite
that every plugin should pass.
"""

from turnout.testing.deprecations import import_quietly

import_quietly()
