# Every target sets itself up in .venv/ with python3.11, its pip and the package index, and nothing else.
# Paths stay relative, so that a checkout below a folder with a space in its name works too.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
PY := .venv/bin/python
PIP := $(PYTHON) -m pip --python $(PY) --disable-pip-version-check -qq
DATA := $${SALESFLOW_DATA:-../shared/data}/maven_crm

# What the wheel is made of: a change here, and only here, makes a new one to test.
SOURCES := pyproject.toml $(shell find src -not -path '*/__pycache__*' 2>/dev/null)

.PHONY: help demo test test-long test-stock check bench docs clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: .venv/with-cli ## real input where it is there, and the main job from end to end; its page is named last
	@if [ -d "$(DATA)" ]; then $(PY) examples/maven_crm.py; \
	else echo "The Maven CRM data is not at $(DATA): set SALESFLOW_DATA to see it run too."; fi
	$(PY) -m salesflow demo --out build/demo

test: .venv/with-test build/installed/.stamp ## quick profile on the installed wheel, with branch coverage
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} $(call measured,)

test-long: .venv/with-test build/installed/.stamp ## the long profile, tests marked long included
	@HYPOTHESIS_PROFILE=long $(call measured,-m "")

test-stock: .venv/with-test ## quick profile on the checkout, with the stock events of transitions in place of the plans
	SALESFLOW_MACHINE=stock HYPOTHESIS_PROFILE=quick $(PY) -m pytest -n 2 --dist loadscope $(ARGS)

check: .venv/with-test .venv/with-check .venv/with-docs ## lint, format, types, imports, domain rows, docs
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m pyright
	$(PY) .venv/bin/lint-imports --no-logo --cache-dir build/imports
	$(PY) -m tests.domain_rows
	$(build-docs)

bench: .venv/with-bench ## ratios against the peers, side by side in one run
	$(PY) -m benchmarks

docs: .venv/with-docs ## the site, in build/docs/
	$(build-docs)
	@echo "build/docs/index.html"

clean: ## everything that make made
	rm -rf .venv build dist

# PYTHONPATH puts the wheel before the editable install, so the tests see what a user installs.
# loadscope keeps the blocks of a document on one worker, since a later one uses the names of an earlier one.
# pytest's own summary is said again at the end: it is the line people look for.
define measured
PYTHONPATH="$$PWD/build/installed"; export HYPOTHESIS_PROFILE PYTHONPATH; \
rm -rf build/coverage; mkdir -p build/coverage; \
$(PY) -m coverage run -m pytest -n 2 --dist loadscope $(1) $(ARGS) | tee build/pytest.log; \
$(PY) -m coverage combine -q; \
$(PY) -m coverage report --fail-under=100 || failed=$$?; \
tail -n 1 build/pytest.log; exit $${failed:-0}
endef

define build-docs
$(PY) -m sphinx -q -W -n --keep-going -b html -d build/doctrees docs build/docs
endef

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "salesflow needs Python 3.11 or newer")'
	$(PYTHON) -m venv --without-pip .venv

.venv/with-core: pyproject.toml | .venv/bin/python
	$(PIP) install -e .
	@touch $@

.venv/with-%: pyproject.toml | .venv/bin/python
	$(PIP) install -e ".[$*]"
	@touch $@

build/installed/.stamp: $(SOURCES)
	@rm -rf build/installed
	$(PIP) install --no-deps --target build/installed .
	@touch $@
