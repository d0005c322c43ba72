# For those who work on the project; users need only `python3 manage.py portal` and `python3 manage.py test`.
PYTHON := .venv/bin/python
SCALE ?= 1000,10000,100000
MINUTES ?= 2

.DEFAULT_GOAL := help
.PHONY: help environment check lint test browser coverage bench soak screenshots vendor requirements format

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-14s%s\n", $$1, $$2}'

environment:  ## make or update .venv
	@python3 manage.py version > /dev/null

check: lint test  ## every check that continuous integration makes

lint: environment  ## style, types, layers, templates
	$(PYTHON) -m scripts.lint

test: environment  ## every test (ARGS="-k name" for some)
	python3 manage.py test $(ARGS)

browser: environment  ## the browser journeys alone
	python3 manage.py test tests/browser $(ARGS)

coverage: environment  ## the tests again, with what they leave out
	rm -f .coverage .coverage.*
	$(PYTHON) -m coverage run -m pytest -n 2 $(ARGS)
	$(PYTHON) -m coverage combine --quiet
	$(PYTHON) -m coverage report

bench: environment  ## benchmarks at SCALE=1000,10000,100000 machines, into docs/performance.md
	$(PYTHON) -m tests.benchmarks --scale $(SCALE)

soak: environment  ## a portal under load and faults for MINUTES=2, then compared with a clean full run
	$(PYTHON) -m tests.soak --minutes $(MINUTES)

screenshots: environment  ## pictures of the pages into docs/screenshots (BASE_URL= for a running portal)
	$(PYTHON) -m scripts.screenshots

vendor: environment  ## fetch the front-end files that scripts/vendor.py names (needs npm)
	$(PYTHON) -m scripts.vendor

requirements: environment  ## pin pyproject.toml's dependencies again (needs uv)
	uv pip compile pyproject.toml --extra embedded --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url -o requirements.txt

format: environment  ## rewrite Python files and templates in the project's style
	$(PYTHON) -m ruff check --fix --quiet .
	$(PYTHON) -m ruff format .
	$(PYTHON) -m scripts.lint --fix-templates
