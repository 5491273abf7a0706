# Everything a developer does, one word each: `make help`.
PYTHON ?= python3
BIN := .venv/bin
PINS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	--no-annotate --no-emit-package gradient-lab --quiet
LOCK := $(BIN)/uv pip compile pyproject.toml $(PINS)

# Tests start hundreds of processes, each of which would compile all sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/ready  ## Make the environment .venv from the lock

.venv/ready: requirements.lock pyproject.toml gradlab/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else \
		f"Python 3.11 to 3.13 is needed, this is {v.major}.{v.minor}; name another: make PYTHON=python3.12 setup")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable ./gradlab --editable .
	@touch $@

.PHONY: demo
demo: setup  ## Train the tutorial's three networks on the embedded service, and print the results
	$(BIN)/gradlab demo

.PHONY: serve
serve: setup  ## Run the embedded service until Ctrl-C
	$(BIN)/gradlab serve

.PHONY: test
test: setup  ## Run the whole suite, with a real PostgreSQL, Redis, worker and browser
	@$(BIN)/python -m tests.programs
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder  # groups and order are those of tests/conftest.py

.PHONY: unit
unit: setup  ## Run the unit tests but the slow ones: no TensorFlow, no network, 25 seconds on two cores
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/unit tests/test_house.py tests/test_words.py -n auto --dist loadfile \
		-m 'not slow and not campaign'  # a process for each core: threads of NumPy's would only wait for one another

.PHONY: campaign
campaign: setup  ## Run the tests that take minutes: hostile ones, generated ones, long cases
	$(BIN)/python -m pytest -m campaign

.PHONY: library
library: setup  ## Install the library alone into empty environments, beside another project's core, and use it there
	$(BIN)/python -m tests.library

.PHONY: openapi-client
openapi-client: setup .venv-openapi/ready  ## Generate a client from the API's description, and diagnose a network with it
	$(BIN)/python -m tests.openapi_client

.venv-openapi/ready: requirements-openapi.lock
	$(PYTHON) -m venv .venv-openapi
	.venv-openapi/bin/python -m pip install --quiet --require-hashes -r requirements-openapi.lock
	@touch $@

.PHONY: frameworks
frameworks: .venv-frameworks/ready  ## Test the library with PyTorch, Lightning, Transformers, and Keras on JAX
	.venv-frameworks/bin/python -m tests.frameworks

# Versions without hashes: the lock fits PyTorch's build for processors and those for graphics cards alike.
.venv-frameworks/ready: requirements-frameworks.lock gradlab/pyproject.toml
	$(PYTHON) -m venv .venv-frameworks
	.venv-frameworks/bin/python -m pip install --quiet -r requirements-frameworks.lock
	.venv-frameworks/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable ./gradlab
	@touch $@

.PHONY: screenshots
screenshots: setup  ## Take pictures of the dashboard's pages, light and dark, wide and narrow
	$(BIN)/python -m tests.browser.screenshots

.PHONY: check
check: setup check-js  ## Lint, types, architecture, migrations: what the pre-commit hook and CI run
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && export GRADLAB_DATABASE_URL="sqlite:///$$new/new.db" && \
		$(BIN)/alembic upgrade head && $(BIN)/alembic check

# Without Node the rest of `make check` goes on; in CI its absence is a failure.
NODE_IS_HERE = command -v npm >/dev/null && node -e 'const [major, minor] = process.versions.node.split(".").map(Number); \
	process.exit(major > 18 || (major === 18 && minor >= 19) ? 0 : 1)'

.PHONY: check-js
check-js:  ## Format, lint, types and unit tests of the dashboard's code: needs node 18.19 or newer, and npm
	@if $(NODE_IS_HERE); then $(MAKE) --no-print-directory node_modules/ready && npm run --silent check; \
		else echo "The dashboard's code was not checked: that needs node 18.19 or newer, and npm."; test -z "$$CI"; fi

node_modules/ready: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

.PHONY: vendor-editor
vendor-editor: node_modules/ready  ## Make the editor's module and its licences from the packages of package-lock.json
	node scripts/editor/build.js

.PHONY: bench
bench: setup  ## Measure every figure of docs/results.md (about an hour; with PyTorch and JAX after bench-rivals)
	$(BIN)/python -m bench

.PHONY: bench-rivals
bench-rivals: setup .venv-bench/ready  ## Measure the engine against PyTorch and JAX, from an environment of their own
	$(BIN)/python -m bench.against

.venv-bench/ready: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet 'pip>=25.1'  # older ones do not know dependency groups
	.venv-bench/bin/python -m pip install --quiet --group bench numpy scikit-learn
	@touch $@

.PHONY: docs
docs: setup  ## Train the examples of docs/diagnosis.md, draw them and write it anew (about five minutes)
	$(BIN)/python -m bench.atlas

.PHONY: docs-site
docs-site: setup  ## Build the documentation into site/: dead links and anchors, and anything loaded from elsewhere, fail
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

.PHONY: format
format: setup  ## Put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if $(NODE_IS_HERE); then $(MAKE) --no-print-directory node_modules/ready && npm run --silent format; fi

.PHONY: migration
migration: setup  ## Draft a migration from the tables: make migration message="add a column"
	$(BIN)/alembic revision --autogenerate -m "$(message)"

.PHONY: lock
lock: setup  ## Pin the newest versions that pyproject.toml allows, with hashes
	$(LOCK) --upgrade --extra worker --extra search --group dev -o requirements.lock
	$(LOCK) -c requirements.lock --group build --extra search -o requirements-api.lock
	$(LOCK) -c requirements.lock --group build --extra worker --extra search -o requirements-worker.lock
	$(BIN)/uv pip compile --group objects $(PINS) -c requirements.lock -o requirements-objects.lock
	$(BIN)/uv pip compile --group openapi $(PINS) --upgrade -o requirements-openapi.lock
	$(BIN)/uv pip compile --group frameworks $(filter-out --generate-hashes,$(PINS)) --upgrade | \
		grep -Ev '^(cuda|nvidia|triton)' > requirements-frameworks.lock  # each build of PyTorch names those that it needs
	npm run --silent lock
