# Two commands for a bare machine (Python 3.11, make, a C compiler):
#   make demo    install the base package, judge four texts
#   make test    install what the tests need; ruff, mypy, pytest
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# folder with the real data, for `model` and `benchmark`
DATA ?= ../shared/data
KERNEL := src/toxmeter/models/_hashed.pyx

.PHONY: demo test lint types unit format docs model benchmark results clean

demo: $(VENV)/.base
	@$(BIN)/toxmeter check "Hello, how are you today?" "You're so stupid and worthless" \
		"The weather is nice today" "I hate everyone here"; test $$? -le 1

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/pytest -n auto

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .

# the generated parts of docs/, from the code
docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

# the shipped model again, from its recipe
model: $(VENV)/.dev
	$(BIN)/toxmeter train nano --data $(DATA) --output src/toxmeter/models/weights/nano --force

benchmark: $(VENV)/.bench
	$(BIN)/python benchmarks/nano.py --data $(DATA)

# every reference recipe on real data; hours on a CPU, and gone on with after an interruption
results: $(VENV)/.bench
	$(BIN)/python benchmarks/fine_tuning.py run --data $(DATA)
	$(BIN)/python benchmarks/fine_tuning.py collect
	$(BIN)/python benchmarks/results_page.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml $(KERNEL) | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(KERNEL) | $(BIN)/python
	$(PIP) install --constraint constraints.txt torch
	$(PIP) install --constraint constraints.txt --editable ".[dev]"
	@touch $@ $(VENV)/.base

$(VENV)/.bench: benchmarks/requirements.txt $(VENV)/.dev
	$(PIP) install --requirement benchmarks/requirements.txt
	@touch $@

# a browser for the tests of pages; where it cannot be installed, they are skipped
$(VENV)/.browser: | $(BIN)/python
	@command -v chromium > /dev/null || { command -v apt-get > /dev/null && apt-get -qq update \
		&& apt-get -qq install --yes --no-install-recommends chromium > /dev/null; } \
		|| echo "no chromium: tests in a browser are skipped"
	@touch $@

clean:
	rm -rf $(VENV) build src/*.egg-info src/toxmeter/models/_hashed.c src/toxmeter/models/*.so
