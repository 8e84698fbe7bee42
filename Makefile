# Everything that one does with this repository; `make` alone explains.
.DEFAULT_GOAL := help
.PHONY: help product install run test check lint types laws compiled unit bench soak fuzz clean spec asvs encoder

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PRODUCT := $(VENV)/.product
STAMP := $(VENV)/.installed
ENCODER := .cache/encoder
PEERS := tests/peers/node_modules/.package-lock.json
PORT ?= 8080
DATA ?= ./data
WORKERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 ))) # many tests wait, for a server or a clock

help: ## Explain the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

product: $(PRODUCT) encoder ## Install the product alone, into a virtual environment, and make the encoder

install: $(STAMP) encoder $(PEERS) ## Install what developers need too: extras, tests, checks

$(PRODUCT): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Mainstay needs Python 3.11 or newer; name one with PYTHON=…"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Mainstay into $(VENV) (a minute or two) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(STAMP): $(PRODUCT)
	@echo "Installing what developers need into $(VENV) (a minute or two) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[ocr,postgres]' --group dev
	@touch $@

$(PEERS): tests/peers/package-lock.json # Programs of others that some tests talk to, where Node is installed
	@command -v npm >/dev/null || { echo "Node is not installed; tests that need it are skipped."; exit 0; }; \
	npm ci --prefix tests/peers --silent --ignore-scripts --no-audit --no-fund \
	|| echo "What tests/peers asks for cannot be installed; tests that need it are skipped."

encoder: $(ENCODER)/mainstay.json # Fetch and build the encoder into the repository's cache, once

$(ENCODER)/mainstay.json: src/mainstay/engines/encoder/build.py src/mainstay/engines/encoder/graph.py | $(PRODUCT)
	@rm -rf $(ENCODER) && $(BIN)/mainstay encoder --data .cache && touch $@

run: product ## Serve with the sample workspace and answer a first question (PORT=8080 DATA=./data)
	@MAINSTAY_ENCODER=$(ENCODER) exec $(BIN)/mainstay serve --data $(DATA) --port $(PORT) --sample

test: install ## Run every check
	@$(MAKE) --no-print-directory --jobs 2 lint types laws compiled
	@$(MAKE) --no-print-directory unit

lint: $(STAMP) ## Check format and style
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: $(STAMP) ## Check the types
	@$(BIN)/mypy

laws: $(STAMP) ## Check who may import whom
	@$(BIN)/lint-imports

compiled: $(STAMP) # The tests, once for all workers: each of them would do it otherwise, at the same time
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --collect-only -qq > $(VENV)/.collected || { cat $(VENV)/.collected; exit 1; }

# What one worker or server compiles is kept for the others, whatever the environment says. Threads of NumPy's own
# would only wait for the cores that the workers have.
unit: $(STAMP) encoder ## Run the tests
	@PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 MAINSTAY_ENCODER=$(abspath $(ENCODER)) $(BIN)/pytest -n $(WORKERS)

spec: $(STAMP) ## Write spec/ from the operations
	@$(BIN)/python -m mainstay.app.spec

asvs: $(STAMP) ## Write docs/security/asvs.md, the security ledger, from its rows
	@$(BIN)/python scripts/asvs.py

bench: install ## Run the benchmarks and write benchmarks/RESULTS.md
	@MAINSTAY_ENCODER=$(abspath $(ENCODER)) $(BIN)/python benchmarks/run_all.py

soak: install ## Kill, cut power and start again, at full count
	@MAINSTAY_ENCODER=$(abspath $(ENCODER)) MAINSTAY_FULL_COUNT=1 $(BIN)/pytest tests/faults --timeout 3600 -s

fuzz: install ## Ask a served house everything its OpenAPI document allows, and more
	@MAINSTAY_ENCODER=$(abspath $(ENCODER)) $(BIN)/python scripts/fuzz.py

clean: ## Remove what was built here, not the data
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
