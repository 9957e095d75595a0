"""Public: what tests of Turnout and of its plugins stand on.

``pytest_plugins = ["turnout.testing.fixtures"]`` in a conftest.py gives the fixtures `api`, `make`, `clock`, `session`,
`statements`, `committing` and `live`; each test that uses one of them runs on SQLite and on PostgreSQL.
"""
