# Two commands matter: `make serve` runs Turnout with a demo, `make test` proves it.
PYTHON ?= python3
PORT ?= 6543
BIN := .venv/bin
UV := $(BIN)/uv
export TURNOUT_DATA ?= $(CURDIR)/var
# Without bytecode, every start compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test lint format types check coverage docs lock bench clean

help:  ## List these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

serve: .venv/.installed  ## Run Turnout with a demo on http://127.0.0.1:6543 (PORT=7000 elsewhere)
	@$(BIN)/turnout serve --demo --port $(PORT)

test: .venv/.tested lint types  ## Everything: lint, types and all the tests, on SQLite and PostgreSQL
	$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

coverage: .venv/.tested  ## All the tests once more, slowly, and which lines they reach
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=term $(ARGS)

lint: .venv/.tested  ## Style and common mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/.tested  ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/.tested  ## Check the types
	$(BIN)/mypy

bench: .venv/.tested  ## Measure on PostgreSQL and write benchmarks/results.md
	$(BIN)/python -m benchmarks

docs: .venv/.tested  ## Write docs/plugins/reference.md anew from the docstrings
	$(BIN)/python -W ignore docs/reference.py

# What the tests need first, so that all the files agree: Celery wants an older python-dateutil than icalendar would take.
LOCK = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header setup.cfg
lock: .venv/.uv  ## Choose versions anew and write the lock files
	$(LOCK) --extra test -o requirements-test.lock
	$(LOCK) -c requirements-test.lock --extra external-events -o requirements.lock
	$(LOCK) -c requirements-test.lock --extra celery --extra external-events -o requirements-celery.lock
	$(LOCK) -c requirements-test.lock --extra stripe --extra external-events -o requirements-stripe.lock

clean:  ## Remove the environment and caches; the data in var/ stays
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Turnout needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

# uv installs in seconds; where it cannot be had, pip does the same more slowly.
.venv/.uv: .venv/.python
	@$(BIN)/pip install -q --disable-pip-version-check uv || true
	@touch $@

define install
	@if [ -x $(UV) ]; then $(UV) pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r $(1); else $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $(1); fi
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . $(addprefix -e ,$(2))
	@touch $@
endef

# The template is for tests alone; whoever tries Turnout out gets the plugins that do something.
PLUGINS := $(patsubst %/setup.cfg,%,$(wildcard plugins/*/setup.cfg))

.venv/.installed: requirements.lock setup.cfg $(PLUGINS:=/setup.cfg) .venv/.uv
	@echo "Installing Turnout into .venv ..."
	$(call install,requirements.lock,$(filter-out plugins/template,$(PLUGINS)))

.venv/.tested: requirements-test.lock setup.cfg .venv/.installed
	@echo "Installing what the tests need ..."
	$(call install,requirements-test.lock,$(PLUGINS))
