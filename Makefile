# Two commands on a fresh machine: `make demo` runs the main job, `make test` the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
OUT ?= out

# `make bench` compares edgekit's choice with what other tools make (about a quarter of an hour).
.PHONY: demo test test-slow test-lowest fuzz bench check format docs clean

# compat: `import edgekit` beside a checkout of that name would find an empty folder otherwise.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --config-settings editable_mode=compat --editable '.[dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/edgekit convert samples/models/digits_dcgan.keras \
	    --target raspberry-pi-5 --target intel-cpu -o $(OUT) --force
	$(BIN)/edgekit validate $(OUT)/raspberry-pi-5
	$(BIN)/edgekit validate $(OUT)/intel-cpu
	$(BIN)/edgekit run $(OUT)/raspberry-pi-5 --count 64 --seed 7 -o $(OUT)/digits.png
	@echo "the report: $(OUT)/report.html, digits made by the bundle: $(OUT)/digits.png"

test: $(VENV)/installed
	$(BIN)/python -m pytest -n auto --dist loadfile

test-slow: $(VENV)/installed
	$(BIN)/python -m pytest -m 'long and not slow' -n auto --dist loadfile
	$(BIN)/python -m pytest -m 'slow or thirdparty'

# Every direct dependency in the oldest version that pyproject.toml allows.
$(LOWEST)/installed: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python \
	    --resolution lowest-direct --config-settings editable_mode=compat --editable '.[dev]'
	touch $@

test-lowest: $(LOWEST)/installed
	$(LOWEST)/bin/python -m pytest -m 'not slow and not thirdparty and not fuzz' -n auto --dist loadfile

fuzz: $(VENV)/installed
	$(BIN)/python -m pytest tests/fuzz -m fuzz

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed
	$(BIN)/python -m tests.benchmarks.peers -o $(OUT)/benchmark

docs: $(VENV)/installed
	$(BIN)/python -m tests.cli_reference > docs/cli.md
	$(BIN)/python -m tests.bundle.schema > docs/bundle.schema.json

clean:
	rm -rf $(VENV) $(LOWEST) build dist *.egg-info $(OUT)
