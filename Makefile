# make demo   sees Warmline at work, from nothing but this folder and the package registry
# make test   sets everything up and runs every check

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := app evals tests
SYNC := $(BIN)/uv pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.txt
BASELINE := evals/baselines/journeys.json
SUITE := --model none --judge none --out build/journeys --fresh
# Most tests wait as much as they work, so that four processes keep two cores busy; one takes up to 1.2 GB.
WORKERS := 4
TESTS := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

# Processes that the tests start would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup browser demo test alone check lint format gate baseline requirements

help:
	@echo "make demo          a customer's journey and the brief that comes of it, in your terminal"
	@echo "make test          every check: style, types, architecture, tests, gold journeys"
	@echo "make check         style, types, architecture, and the tests of what you changed"
	@echo "make gate          only the gold journeys against their baseline"
	@echo "make baseline      writes that baseline anew, where a change of the scores is meant"
	@echo "make setup         only the environment, in $(VENV)"
	@echo "make browser       a browser for the tests of the pages, where this machine has none"
	@echo "make lint          style, types and architecture"
	@echo "make format        puts the code into its style"
	@echo "make requirements  pins the packages anew after a change of pyproject.toml"

demo: $(READY)
	@$(BIN)/warmline demo

# It looks at every object of its process, so no other test may have left any there.
ALONE := tests/ledger/test_forgetting.py

# What works on one core at a time is done side by side, before the tests take all cores.
test: browser
	@$(MAKE) --no-print-directory --jobs=2 lint gate alone
	$(TESTS) --ignore $(ALONE)

alone: $(READY)
	$(BIN)/pytest $(ALONE)

check: lint browser
	@files=$$($(BIN)/python -m tests.support.changed); \
	case "$$files" in \
		"") echo "Nothing that changed has tests of its own." ;; \
		*) $(TESTS) --ignore $(ALONE) $$files ;; \
	esac

lint: $(READY)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/pyright

format: $(READY)
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# Only what a brief says is held, never how fast it was made, so that a slow machine closes no gate.
gate: $(READY)
	$(BIN)/warmline eval gate --baseline $(BASELINE) $(SUITE)

baseline: $(READY)
	$(BIN)/warmline eval run --write-baseline $(BASELINE) $(SUITE)

setup: $(READY)

# Touched last, so that an interrupted set-up is done again and a finished one costs nothing.
$(READY): pyproject.toml requirements/dev.txt requirements/uv.txt
	@python=""; for name in python3 python3.13 python3.12 python3.11 python; do \
		if $$name -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Warmline needs Python 3.11 or newer. None of python3, python3.11, python3.12 and python3.13 is one: install it and run make again." >&2; \
		exit 1; \
	fi; \
	$$python -m venv $(VENV) || { \
		echo "Python's venv module does not work here. On Debian and Ubuntu it is a package of its own: python3-venv." >&2; \
		exit 1; \
	}
	@echo "Setting up $(VENV): some 210 packages, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@# The second attempt is for networks with a certificate of their own, which only the system knows.
	@$(SYNC) || $(SYNC) --system-certs
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .
	@touch $(READY)

# The tests of the pages drive the machine's own Chromium, for Playwright's downloads come from a network of their own.
browser: $(READY)
	@$(BIN)/python -m tests.browser >/dev/null 2>&1 && exit 0; \
	if [ "$$(id -u)" = 0 ]; then as_root=""; else as_root="sudo -n"; fi; \
	if command -v apt-get >/dev/null 2>&1 && $$as_root true 2>/dev/null; then \
		echo "Installing Chromium for the tests of the pages, once."; \
		install="$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium fonts-dejavu-core"; \
		$$install >/dev/null 2>&1 || { $$as_root apt-get update >/dev/null && $$install >/dev/null; } || true; \
	fi; \
	$(BIN)/python -m tests.browser

# The names of the packages are in pyproject.toml; what was resolved holds on every platform from Python 3.11 on.
requirements: $(READY)
	$(COMPILE) --upgrade pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --upgrade --group dev pyproject.toml -c requirements/runtime.txt -o requirements/dev.txt
	grep '^uv==' requirements/dev.txt | tr -d '\\' | $(COMPILE) --no-deps - -o requirements/uv.txt
