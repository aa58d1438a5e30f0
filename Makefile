# One target per habit. Needs git and Python 3.11+ with venv and pip; everything else is installed, locked, into .venv.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint fmt types bench clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.venv/.ready: pyproject.toml keywords/pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$(grep -A1 '^name = "uv"' uv.lock | sed -n 's/version = "\(.*\)"/\1/p')"
	$(UV) sync --quiet --locked --all-packages --all-extras --compile-bytecode
	@touch $@

setup: .venv/.ready ## Make the environment in .venv, from nothing but python3

demo: .venv/.ready ## Break a sandbox shop and find out why (ONCE=1: without a person; FAULT=name)
	$(BIN)/runstone demo $(if $(ONCE),--once) $(if $(FAULT),--fault $(FAULT))

test: .venv/.ready lint types ## Lint, types, contracts and the default tests
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-all: test bench ## The tests, then every benchmark (some minutes more)

lint: .venv/.ready ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

fmt: .venv/.ready ## Format and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

types: .venv/.ready ## Strict types
	$(BIN)/pyright

bench: .venv/.ready ## Every benchmark; each ends with one JSON line
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

clean: ## Remove the environment and caches
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
