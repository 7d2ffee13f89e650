# Everything a person runs. Both `make demo` and `make test` set themselves up.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# ib_async beside .venv's ib_insync: each brings its own package eventkit, and this directory comes first.
ASYNC := $(abspath $(VENV))/ib-async
ARGS ?=
.DEFAULT_GOAL := help

.PHONY: help setup demo test test-ib-async lint types soak bench clean

help:  ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found. Install it, then run make again."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,dev]'
	@touch $(STAMP)

setup: $(STAMP)  ## Make .venv with everything in it, and nothing else

demo: $(STAMP)  ## Show the whole main job against a local Discord and a local Alpaca
	@$(BIN)/discord-trade-exec demo $(ARGS)

lint: $(STAMP)  ## Format, lint, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

test: lint types  ## Everything a commit must pass
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)
	@$(MAKE) --no-print-directory test-ib-async

$(ASYNC)/.installed: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(ASYNC) \
		--constraint constraints.txt ib_async aeventkit
	@touch $@

test-ib-async: $(ASYNC)/.installed  ## Interactive Brokers once more, on ib_async
	PYTHONPATH=$(ASYNC) $(BIN)/python -c 'import ib_async'
	PYTHONPATH=$(ASYNC) $(BIN)/pytest -q -n 2 --dist worksteal -p no:cacheprovider -k ibkr \
		tests/contract tests/integration/test_ibkr_*.py tests/unit/adapters/test_ibkr_*.py

soak: $(STAMP)  ## The long checks: thousands of kills and fuzz cases
	SOAK=1 $(BIN)/pytest -p no:cacheprovider --timeout 3600 tests/scenario tests/integration tests/property $(ARGS)

bench: $(STAMP)  ## Every benchmark, each beside its baseline
	@for f in benchmarks/bench_*.py; do echo "== $$f"; $(BIN)/python $$f || exit 1; done

clean:  ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
