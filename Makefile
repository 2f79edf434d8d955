# make run       install what is missing and start Cloister
# make test      run the tests
# make check     what a change must pass: lint and test
# make bench     measure quality and speed; ARGS are passed on
# make fit-support  fit the threshold below which nothing is answered, on open question sets
# make pin       write the installed versions to constraints.txt, after a change of dependencies

PYTHON ?= python3
DATA ?= ../shared/data
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run install test check lint bench fit-support pin
.DELETE_ON_ERROR:

run: install
	PYTHONOPTIMIZE=1 $(BIN)/cloister serve $(ARGS)

install: $(VENV)/.installed

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

check: lint
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[dev]'
	touch $@
