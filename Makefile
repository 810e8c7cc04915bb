# artlake: every target sets up what it needs. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo live ui test lint bench screenshots lock clean

PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
READY := .venv/.ready

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "; print "make TARGET, where TARGET is one of:"} /^[a-z]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv and install the locked dependencies (every target does it by itself)

$(READY): requirements.lock Makefile
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "artlake needs Python 3.11 or newer, and there is no '$(PYTHON)' here. Install it, or name yours: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "artlake needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "[setup] virtual environment in .venv"
	@$(PYTHON) -m venv --clear .venv || { echo "Python's venv module does not work here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "[setup] uv $(UV_VERSION)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "[setup] dependencies of requirements.lock, checked by hash (a few GB the first time: PyTorch)"
	@# Compiled here once: where Python may not write bytecode, every process would compile PyTorch anew.
	@$(BIN)/uv pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@grep -qs '^DAGSTER_HOME=' .env || echo "DAGSTER_HOME=$(CURDIR)/lake/.dagster" >> .env
	@mkdir -p lake/.dagster && { test -f lake/.dagster/dagster.yaml || cp pipelines/dagster.yaml lake/.dagster/; }
	@echo 'export DAGSTER_HOME="$(CURDIR)/lake/.dagster"' >> .venv/bin/activate
	@touch $(READY)

demo: $(READY) ## the whole graph against the sandbox museum (COLLECTION=folder for real samples, LAKE=folder)
	@./artlake $(if $(LAKE),--lake "$(LAKE)") demo $(if $(COLLECTION),--collection "$(COLLECTION)")

live: $(READY) ## the same graph on the real museums (LIMIT=50 works a museum, LAKE=lake-live)
	@./artlake --lake "$(or $(LAKE),lake-live)" run --limit $(or $(LIMIT),50)

ui: $(READY) ## the Dagster UI over the lake (LAKE=folder, PORT=3000)
	@./artlake $(if $(LAKE),--lake "$(LAKE)") ui $(if $(PORT),--port $(PORT))

test: $(READY) ## all tests, linters and types
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest $(ARGS)

lint: $(READY) ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(READY) ## one benchmark: make bench NAME=startup (ARGS=--quick)
	@test -n "$(NAME)" || { echo "Which one? make bench NAME=x, where x is one of: $$(ls benchmarks/*.py | xargs -n1 basename | sed 's/\.py$$//' | grep -v '^_' | tr '\n' ' ')"; exit 1; }
	@$(BIN)/python -m benchmarks.$(NAME) $(ARGS)

screenshots: $(READY) ## the README's pictures, from a lake of the built-in collection (needs Chromium)
	@PYTHONPATH=. $(BIN)/python docs/screenshots.py

lock: $(READY) ## write requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --group dev --python-version 3.11 --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

clean: ## remove the environment and caches; lakes stay
	@rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	@echo "Removed .venv and caches. Lakes (lake, lake-*) are untouched."
