# One verb per target. Everything lands in .venv and .cache; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools
CHECKOV := 3.3.30

.DEFAULT_GOAL := help
.PHONY: help demo up test simulate chaos bench fuzz scan check lint types imports format lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(RUNTIME) ## Run the samples through the whole pipeline on this machine
	@$(BIN)/python -m infra.local.demo

up: $(RUNTIME) ## Keep the local service running; drop files and watch
	@$(BIN)/python -m infra.local.up

test: $(TOOLS) ## Run every test
	@$(BIN)/python -m pytest

simulate: $(TOOLS) ## The real steps over fakes, crashed at every effect and in random storms
	@PYTHONPATH=functions:. $(BIN)/python -m tests.simulation

chaos: $(TOOLS) ## A large storm over the local stack: faults everywhere, functions killed
	@$(BIN)/python -m tests.chaos

bench: $(TOOLS) ## Speed and memory of each step, beside limits and rivals; BENCH="--large" goes up to 5 GB
	@$(BIN)/python -m tests.bench $(BENCH)

fuzz: $(TOOLS) ## Fuzz readers, prompts, requests and answers for FUZZ_SECONDS, 60 unless told
	@$(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ_SECONDS),60)

scan: ## Check infra/ against checkov's policies
	@test -x .cache/checkov/bin/checkov || $(PYTHON) -m venv .cache/checkov
	@.cache/checkov/bin/python -m pip install --quiet --disable-pip-version-check checkov==$(CHECKOV)
	@LOG_LEVEL=ERROR .cache/checkov/bin/checkov --directory infra --framework terraform --quiet --compact --skip-download

check: lint types imports ## Lint, types, import rules

lint: $(TOOLS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(TOOLS)
	@$(BIN)/mypy

imports: $(TOOLS)
	@PYTHONPATH=functions:. $(BIN)/lint-imports

format: $(TOOLS) ## Let ruff fix and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(TOOLS) ## Resolve the pinned locks anew
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' --output-file requirements.txt requirements.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' --output-file tests/requirements.txt tests/requirements.in

# The locks are whole; older pips, left to resolve, take an extra's newest release past its pin.
$(RUNTIME): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Batchdrop needs Python 3.11 or newer; name one with make PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned runtime into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	@touch $@

$(TOOLS): $(RUNTIME) tests/requirements.txt
	@echo "Installing the pinned test tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/requirements.txt
	@touch $@

clean: ## Remove everything that was installed or cached here
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
