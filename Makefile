# Needs Python 3.11 or newer and make; everything else goes into .venv, as wheels: no compiler.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test check plain fast app bench warm clean

VENV ?= .venv
DEMO ?= demo
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := $(VENV)/bin
PY := $(BIN)/python
# On a terminal pip shows what it does; in a log it is silent unless it fails.
PIP = $(PY) -m pip --disable-pip-version-check install --only-binary=:all: $$([ -t 1 ] || echo --quiet)
# Hundreds of processes start in the tests: where bytecode is not kept, each compiles all of graphflow again, and
# each worker of pytest rewrites every test.
export PYTHONDONTWRITEBYTECODE =
say = @printf '\n==> %s\n'

help:
	@echo 'make demo   everything once, on a generated case (5 minutes from nothing, 1 the second time)'
	@echo 'make app    the app, on the case of the demo'
	@echo 'make test   everything that CI runs; GRAPHFLOW_REQUIRE=browser,data makes a lack of these fail'
	@echo 'make fast   linters, types and the tests that take seconds'
	@echo 'make bench  the benchmarks: prints a table and writes it to benchmarks/results/'
	@echo 'make clean  removes what the above made'

$(VENV)/made:
	@[ -n "$(PYTHON)" ] || { echo 'Python 3.11 or newer with venv is needed (on Debian and Ubuntu: apt install python3-venv); say which with PYTHON=/path/to/python3'; exit 1; }
	$(say) 'making $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# One stamp a set of extras; a change of pyproject.toml installs again.
$(VENV)/installed-app: $(VENV)/made pyproject.toml
	$(say) 'installing graphflow with its app (wheels only)'
	@$(PIP) -e '.[app]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-app
	$(say) 'installing what the tests need (wheels only)'
	@$(PIP) -e '.[dev]'
	@touch $@

$(VENV)/warmed: $(VENV)/installed-dev
	$(say) 'compiling the kernels, once'
	@$(PY) -m graphflow warm
	@touch $@

demo: $(VENV)/installed-app
	$(say) 'the demo: a generated case, traced from the investors to the ends'
	@$(PY) -m graphflow demo --out $(DEMO)

app: $(VENV)/installed-app
	@$(PY) -m graphflow app $(wildcard $(DEMO)/case)

check: $(VENV)/installed-dev
	$(say) 'ruff'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(say) 'mypy'
	@$(BIN)/mypy
	$(say) 'import-linter'
	@$(BIN)/lint-imports

# Linters, types, compiling and the plain-Python pass on two cores; then everything. pytest's closing line is the last.
test: $(VENV)/installed-dev
	@$(MAKE) --no-print-directory -j2 --output-sync=target check $(VENV)/warmed plain
	$(say) 'pytest: tests, doctests, notebooks, the wheel'
	@$(PY) -m pytest -n auto --dist worksteal --durations=15 $(PYTEST)

# The compiled loops as plain Python on small sizes, where an index beyond an array is an error and not whatever
# lies there. It needs no compiled kernel: it runs while these are made.
plain: $(VENV)/installed-dev
	$(say) 'pytest, kernels as plain Python (NUMBA_DISABLE_JIT=1), small'
	@NUMBA_DISABLE_JIT=1 GRAPHFLOW_EXAMPLES=40 HYPOTHESIS_PROFILE=small $(PY) -m pytest -q -W 'ignore:overflow encountered:RuntimeWarning' \
		-m 'not slow and not data and not browser' $(NOJIT)

fast: check $(VENV)/warmed
	@$(PY) -m pytest -n auto -q -x -m 'not slow and not browser and not data' $(PYTEST)

NOJIT ?= graphflow/kernels tests/test_kernels*.py

$(VENV)/installed-bench: $(VENV)/installed-dev $(VENV)/warmed
	$(say) 'installing the peers that we are measured against (wheels only)'
	@$(PIP) -e '.[bench]'
	@touch $@

bench: $(VENV)/installed-bench
	@$(PY) -m benchmarks $(BENCH)

warm: $(VENV)/installed-app
	@$(PY) -m graphflow warm

clean:
	rm -rf $(VENV) $(DEMO) build dist .build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
