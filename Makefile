# Everything a developer or an official with a laptop needs. Only Python >= 3.11, make and git have to be there.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(if $(shell $(p) -c "import sys; print('yes' if sys.version_info >= (3, 11) else '')" 2>/dev/null),$(p))))
START = exec $(or $(PYTHON),$(error Python 3.11 or newer is needed and was not found)) scripts/bootstrap.py
V = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-full bench lint format lock translations ready clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run:  ## start everything with demo data (PORT, HOST; data under var/)
	@$(START) scripts.run

test:  ## run the test suite: PostgreSQL, a real broker, a browser where there is one; then SQLite
	@$(START) scripts.suite $(ARGS)

test-full:  ## the suite and the long tests: chaos, fuzzing, load
	@$(START) scripts.suite --full $(ARGS)

bench:  ## measure against floors taken in the same run (BENCH_ROWS, BENCH_SECONDS, BENCH_KEEP=1)
	@$(START) scripts.suite --bench $(ARGS)

lint:  ## style, types, layers, templates, translations, front end
	@$(START) scripts.lint $(ARGS)

format:  ## put the code into its one form
	@$(PYTHON) scripts/bootstrap.py
	$(V)/ruff check --fix --quiet . ; $(V)/ruff format .

translations:  ## bring the Chinese catalog in line with the sources
	@$(PYTHON) scripts/bootstrap.py
	$(V)/python scripts/translations.py update && $(V)/python scripts/translations.py compile

lock:  ## pin every Python package by hash (with the versions that are allowed today)
	@$(PYTHON) scripts/bootstrap.py
	$(V)/uv pip compile pyproject.toml --upgrade --group embedded --group test --group lint --universal \
	  --generate-hashes --no-header --python-version 3.11 --quiet -o requirements.lock
	$(V)/uv pip compile pyproject.toml --constraints requirements.lock --universal --generate-hashes \
	  --no-header --no-annotate --python-version 3.11 --quiet -o requirements-production.lock

ready:  ## only install and build
	@$(START)

clean:  ## remove what was built (never var/, your data)
	rm -rf .venv node_modules static/dist
