# make demo    the whole of Clarion on this machine, on bundled samples (PORT=8000)
# make test    linters, types, import rules and every test; what this machine lacks is named in one line each
# make lint    only the first three of those
# make lock    pins anew what pyproject.toml asks for (UPGRADE=1: newest versions)
# make clean   removes what the others made
#
# Needs Python 3.11 or later and make. Everything else goes into .venv, and again only when a lock file has changed.

PYTHON ?= python3
# Empty: the build of torch on PyPI; see deploy/install-torch.sh.
export TORCH_BACKEND ?= cpu
PYTEST_ARGS ?= -n 2 --dist loadfile

BIN := .venv/bin
UV := $(BIN)/uv pip install --python $(BIN)/python
hash = $(shell cat $(1) | cksum | tr -d ' ')
LOCKS := pyproject.toml requirements.txt requirements-torch.txt requirements-build.txt deploy/install-torch.sh
INSTALLED := .venv/.installed-$(call hash,$(LOCKS))
TEST_INSTALLED := .venv/.test-installed-$(call hash,$(LOCKS) requirements-test.txt)
NPM_INSTALLED := node_modules/.installed-$(call hash,package-lock.json)

.PHONY: demo test lint lock clean install
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	@exec $(BIN)/clarion demo

install: $(INSTALLED)

test: lint
	@$(MAKE) --no-print-directory npm-packages
	$(BIN)/pytest $(PYTEST_ARGS)

lint: $(TEST_INSTALLED)
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(BIN)/uv
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python deploy/lock.py

clean:
	rm -rf .venv node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# ------------------------------------------------------------------------------------------------------- installation

$(BIN)/uv: requirements-build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Clarion needs Python 3.11 or later; PYTHON=path names one."; exit 1; }
	@echo "[1/3] virtual environment"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "This Python cannot make virtual environments. On Debian: apt-get install -y python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
	@touch $@

# --no-deps: the lock files are complete, and torch, which others in them need, has a file of its own.
$(INSTALLED): $(BIN)/uv
	@echo "[2/3] packages"
	@$(UV) --no-deps --require-hashes -r requirements.txt
	@echo "[3/3] torch"
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh deploy/install-torch.sh $(BIN)/python
	@$(UV) --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/.installed-*; touch $@

$(TEST_INSTALLED): $(INSTALLED)
	@echo "[tests] packages"
	@$(UV) --no-deps --require-hashes -r requirements-test.txt
	@rm -f .venv/.test-installed-*; touch $@

.PHONY: npm-packages
npm-packages:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NPM_INSTALLED); \
	else echo "No npm here: the page checkers (HTML, accessibility) are not installed"; fi

$(NPM_INSTALLED):
	@npm ci --loglevel=error && touch $@
