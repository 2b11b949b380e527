# make demo [DATA=folder]   train on generated videos, or on a folder of .npy files
# make test                 lint, check the format, run the tests and the doctests
# make clean                remove the environment and everything that was made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test clean

demo: $(STAMP)
	$(BIN)/python examples/demo.py $(if $(DATA),--data "$(DATA)") --output demo_output

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[test,plot]"
	touch $@

clean:
	rm -rf $(VENV) demo_output build dist *.egg-info
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find mofa_sklearn tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +
