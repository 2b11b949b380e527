# make demo [DATA=path TARGET=names]  train on generated videos, or on a folder or file of your own
# make test                 lint, check the format, run the tests and the doctests
# make lint                 the same lint and format check, and the types (mypy)
# make docs [GALLERY=0]     build the site in docs/_build/html, check its links, and its pages in
#                           Chromium, where there is one; GALLERY=0 does not run the examples
# make install              install at once what all of these need, which they do one by one else
# make clean                remove the environment and everything that was made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs
LINT_STAMP := $(VENV)/.installed-lint

.PHONY: demo test lint docs install clean

demo: $(STAMP)
	$(BIN)/python examples/demo.py $(if $(DATA),--data "$(DATA)") \
		$(if $(TARGET),--target "$(TARGET)") $(if $(CREATORS),--groups "$(CREATORS)") --output demo_output

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# Where bytecode is not kept, each process that a test starts compiles the package anew.
	env -u PYTHONDONTWRITEBYTECODE \
		$(BIN)/python -m pytest -n 2 --dist worksteal --ignore tests/docs/test_in_browser.py

lint: $(LINT_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

docs: $(DOCS_STAMP)
	$(BIN)/python -m sphinx -W --keep-going -j auto -d docs/_build/doctrees \
		$(if $(GALLERY),-D sphinx_gallery_conf.plot_gallery=$(GALLERY)) docs docs/_build/html
	touch docs/_build/html/objects.inv
	$(BIN)/python docs/check_links.py docs/_build/html
	$(BIN)/python -m pytest tests/docs/test_site.py tests/docs/test_in_browser.py

install:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt \
		-e ".[test,plot,docs,lint]"
	touch $(STAMP) $(DOCS_STAMP) $(LINT_STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[test,plot]"
	touch $@

$(DOCS_STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[test,plot,docs]"
	touch $@

$(LINT_STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[lint]"
	touch $@

clean:
	rm -rf $(VENV) demo_output build dist *.egg-info
	rm -rf docs/_build docs/api docs/auto_examples
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find mofa_sklearn tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +
