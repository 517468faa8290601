# Two commands do everything on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# CPU builds of torch live on their own index; a wheel that is already at hand (pip's find-links) is taken first.
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo up test lint format stubs clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade 'pip>=25.1'

# torch first and alone: a later requirement is then met by the CPU build instead of pulling gigabytes of CUDA.
$(VENV)/.torch: | $(BIN)/python
	$(PIP) install --quiet '$(TORCH)+cpu' 2>/dev/null || $(PIP) install --quiet --index-url $(TORCH_INDEX) '$(TORCH)' || $(PIP) install --quiet '$(TORCH)'
	touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.torch
	$(PIP) install --quiet --editable '.[all]'
	touch $@

$(VENV)/.tested: pyproject.toml $(VENV)/.installed
	$(PIP) install --quiet --group lint --group test
	touch $@

demo: $(VENV)/.installed ## install, then the main job end to end
	$(BIN)/leitmotif demo

up: $(VENV)/.installed ## install, then serve everything on one machine
	$(BIN)/leitmotif up

test: $(VENV)/.tested ## install, then every test
	$(BIN)/python -m pytest

lint: $(VENV)/.tested ## style, types, import rules, freshness of generated code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python protos/generate.py --check
	$(BIN)/python clients/python/generate_sync.py --check

format: $(VENV)/.tested ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

stubs: $(VENV)/.tested ## generate the proto stubs and the sync client
	$(BIN)/python protos/generate.py
	$(BIN)/python clients/python/generate_sync.py

clean: ## remove what the build made
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
