# On a fresh Debian 12: `make demo` shows the whole way, `make test` proves it. Everything lives in .venv and the user's cache folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint fuzz mutants bench setup browser clean

demo: setup
	$(BIN)/edgewise demo

test: lint browser
	$(BIN)/pytest -n 2 --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy

MODELS ?= 5000
fuzz: setup
	EDGEWISE_FUZZ_MODELS=$(MODELS) EDGEWISE_FUZZ_SEED=$${SEED:-$$(date +%s)} EDGEWISE_FUZZ_REPORT=docs/fuzz.json \
	  $(BIN)/pytest -n 2 --dist loadgroup tests/fuzz

mutants: setup
	$(BIN)/python tests/mutation/mutants.py

bench: setup
	$(BIN)/python tests/bench/bench.py

setup: $(READY)
	$(BIN)/edgewise firmware RPI_PICO
	for board in unix cortex-m3 riscv; do $(BIN)/edgewise firmware $$board || exit 1; done

$(READY): pyproject.toml
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends python3-venv; } || \
	  { echo 'error: python3 has no venv module; install it (apt-get install python3-venv) and run make again'; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet -e '.[dev]'
	touch $@

# The test that looks at the report wants Chromium; without it that test says that it is skipped.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q && \
	  apt-get install -qy --no-install-recommends chromium; } || echo 'no chromium here: the report is not looked at'

clean:
	rm -rf $(VENV) build
