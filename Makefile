# Two commands: `make demo` and `make test`. Each sets itself up in .venv with nothing but Python.

PYTHON ?= python3
SEEDS ?= 1000
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt

.PHONY: demo test sweep netns bench docs clean help

demo: .venv/ready  ## five nodes on this machine decide a realistic incident
	@$(BIN)/credimus demo

test: .venv/ready-dev  ## format, lint, types, layers, seed sweep, tests
	@./check

sweep: .venv/ready-dev  ## SEEDS=1000 simulated fleets under faults
	@$(BIN)/python -m credimus.sim.sweep --seeds $(SEEDS)

netns: .venv/ready-dev  ## real nodes on networks that cut, lose and delay: minutes; as root
	@CREDIMUS_NETNS=long $(BIN)/python -m pytest -rs -s tests/netns

bench: .venv/ready  ## what the README's figures were measured with
	@$(BIN)/credimus bench decide --nodes 5 --in-flight 64 --seconds 5
	@$(BIN)/credimus bench orset --size 100000

docs: .venv/ready  ## the documentation as a site in build/docs
	@$(INSTALL) -r requirements-docs.txt
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --builder html docs build/docs
	@echo "build/docs/index.html"

clean:  ## remove what make made
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "credimus needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@echo "making .venv (once)"
	@$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing credimus into .venv (once)"
	@$(INSTALL) -e .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	@echo "installing the checkers into .venv (once)"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
