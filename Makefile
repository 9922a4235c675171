# make demo    the whole of Clarion on this machine, on bundled samples (PORT=8000)
# make test    linters, types, import rules and every test; what this machine lacks is named in one line each
# make lint    only the first three of those
# make lock    pins anew what pyproject.toml asks for (UPGRADE=1: newest versions)
# make clean   removes what the others made
#
# Needs Python 3.11 or later and make. Everything else goes into .venv, and again only when a lock file has changed.

PYTHON ?= python3
# PyPI's Linux build of torch brings 4 GB of GPU libraries, so PyTorch's own CPU build is taken where its index answers.
# TORCH_BACKEND= (empty) always takes PyPI's; cu130 and the like take a GPU build. See `uv pip install --torch-backend`.
TORCH_BACKEND ?= cpu
TORCH_PATIENCE_S ?= 12
PYTEST_ARGS ?= -n 2 --dist loadfile

BIN := .venv/bin
UV := $(BIN)/uv pip install --python $(BIN)/python
TORCH := $(shell sed -n 's/^\(torch==[^ ;]*\).*/\1/p' requirements-torch.txt)
hash = $(shell cat $(1) | cksum | tr -d ' ')
LOCKS := pyproject.toml requirements.txt requirements-torch.txt requirements-build.txt
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
	@$(MAKE) --no-print-directory torch
	@$(UV) --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/.installed-*; touch $@

# The CPU build has the version of the lock but no hash there, since it comes from another index under another name (+cpu).
.PHONY: torch
torch:
	@if [ -n "$(TORCH_BACKEND)" ] && timeout $(TORCH_PATIENCE_S) \
		$(UV) --quiet --dry-run --no-deps --torch-backend=$(TORCH_BACKEND) $(TORCH) 2>/dev/null; then \
		$(UV) --no-deps --torch-backend=$(TORCH_BACKEND) $(TORCH); \
	else \
		echo "PyTorch's own index does not answer; taking the larger build from PyPI"; \
		$(UV) --no-deps --require-hashes -r requirements-torch.txt; \
	fi

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
