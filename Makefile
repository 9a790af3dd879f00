# The two commands of the README are `make demo` and `make test`; everything goes into .venv/.
PYTHON ?= python3
BIN    := .venv/bin

.venv/stamp: pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	    uv venv --quiet --allow-existing --python $(PYTHON) .venv && \
	    uv pip install --quiet --python $(BIN)/python -e '.[demo,dev]'; \
	else \
	    $(PYTHON) -m venv .venv && \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo,dev]'; \
	fi
	@touch $@

demo: .venv/stamp
	@$(BIN)/shisa demo $(DEMO)

test: .venv/stamp
	$(BIN)/python -m pytest -n 2 -q

.PHONY: demo test
