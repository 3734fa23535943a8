.DEFAULT_GOAL := help
PYTHON ?= python3.11
BIN := .venv/bin

help: ## Show these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

start: .venv/installed ## Install, build and open FlowStudio on http://127.0.0.1:3000
	@$(BIN)/flowstudio start

dev: .venv/installed-dev ## Serve with hot reload while you edit
	@$(BIN)/reflex run

# Tests start Python hundreds of times: what it compiles is kept, whatever the machine is used to.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/installed-dev ## Run all tests
	@$(BIN)/pytest --numprocesses auto

fuzz: .venv/installed-dev ## Send a thousand random requests to every operation of the API
	@FUZZ_EXAMPLES=1000 $(BIN)/pytest --numprocesses auto -m fuzz

faults: .venv/installed-dev ## Kill processes and databases for half an hour; nothing may be lost
	@$(BIN)/python -m tests.faults.long && $(BIN)/python -m tests.faults.long --sqlite

together: .venv/installed-dev ## Two browsers make 500 random changes each, over lines that break
	@FLOWSTUDIO_LONG=1 $(BIN)/pytest tests/e2e/test_editing_together.py -k random_work

check: .venv/installed-dev ## Lint, format, types and import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

.venv/installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/installed

.PHONY: help start dev test fuzz faults together check
