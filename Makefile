# SPDX-License-Identifier: MIT
# Two commands matter: `make run` (the demo in a browser) and `make test` (everything).
# Written for GNU make 3.81 and later, which is what macOS has.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
ARGS ?=
# More workers than this only make browsers wait for each other.
MAX_WORKERS ?= 6

# Another active environment must not leak into ours.
unexport PYTHONPATH
unexport PYTHONHOME
unexport VIRTUAL_ENV
unexport PIP_USER
unexport PIP_TARGET

.DEFAULT_GOAL := help
.PHONY: help run test bench check minify clean

help: ## list these commands
	@echo "Consent Ledger: make <command>"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  More options go in ARGS: make run ARGS='--site-port 9000', make test ARGS='-k banner'"

run: $(VENV)/.installed-run ## the demo: ledger, site and third parties; Ctrl-C ends it
	@$(PY) site/demo.py $(ARGS)

# Chromium has to be there. Tests of an engine that is missing are skipped, or fail with
# REQUIRE_ENGINES=all; CHROMIUM and FIREFOX name a browser to use.
test: $(VENV)/.installed-test ## every test, those in browsers included
	@$(PY) tests/browser/engines.py --install --command strace
	@$(PY) -m pytest -n auto --maxprocesses $(MAX_WORKERS) $(ARGS)

bench: $(VENV)/.installed-test ## sizes, speed of the banner, speed of the ledger
	@$(PY) tests/benchmarks/run.py $(ARGS)

check: $(VENV)/.installed-dev ## lint, format and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

minify: $(VENV)/.installed-test ## shrink the banner's modules again after changing them
	$(PY) -m consent_banner.minify

clean: ## delete the environment, caches, builds and the demo's data
	rm -rf $(VENV) .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find backend banner site tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up -------------------------------------------------------------------------------------

# The first Python that is new enough and can make an environment. PYTHON=... overrides.
$(PY):
	@best=; old=; bare=; \
	for p in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  command -v "$$p" >/dev/null 2>&1 || continue; \
	  if ! "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then old=$$p; continue; fi; \
	  if ! "$$p" -c 'import ensurepip, venv' >/dev/null 2>&1; then bare=$$p; continue; fi; \
	  best=$$p; break; \
	done; \
	if [ -z "$$best" ] && [ -n "$$bare" ]; then \
	  echo "$$bare cannot make a virtual environment: install the missing part (Debian, Ubuntu: sudo apt install python3-venv), then run make again." >&2; exit 1; \
	elif [ -z "$$best" ] && [ -n "$$old" ]; then \
	  echo "Python 3.11 or newer is needed, and only $$old ($$("$$old" --version 2>&1 | head -n 1)) was found: install a newer one, or name it (make run PYTHON=/path/to/python3)." >&2; exit 1; \
	elif [ -z "$$best" ]; then \
	  echo "Python 3.11 or newer is needed and none was found (Debian, Ubuntu: sudo apt install python3 python3-venv)." >&2; exit 1; \
	fi; \
	echo "Making the environment $(VENV) with $$("$$best" --version)"; \
	"$$best" -m venv --clear $(VENV)

# One stamp per set of packages; a wider set brings the narrower ones along.
$(VENV)/.installed-run: pyproject.toml | $(PY)
	@echo "Installing (once, and again when pyproject.toml changes)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(PY)
	@echo "Installing with what the tests need (once, and again when pyproject.toml changes)"
	@$(PIP) --editable '.[test]'
	@touch $(VENV)/.installed-run $@

$(VENV)/.installed-dev: pyproject.toml | $(PY)
	@echo "Installing with what development needs (once, and again when pyproject.toml changes)"
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.installed-run $(VENV)/.installed-test $@
