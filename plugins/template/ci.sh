#!/usr/bin/env bash
# What must hold before a change is taken: style, types, and the tests on SQLite and PostgreSQL.
# Needs: pip install -e '.[test]', and PostgreSQL's server (Debian: apt-get install postgresql) or TURNOUT_TEST_POSTGRES_URL;
# a test that finds none is skipped, but fails where CI is true, as CI services set it.
set -euo pipefail
cd "$(dirname "$0")"
ruff check .
ruff format --check .
mypy
pytest
