# Everything a developer does with this checkout. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
INSTALLED := $(VENV)/.installed
CHECKED := operator hack tests
# Files of the house, for the spelling check.
WRITTEN := operator hack tests crds examples docs helm README.md CONTRIBUTING.md CHANGELOG.md Makefile Dockerfile pyproject.toml
# What users and newcomers read: the words of hack/words.txt have better ones there.
SHOWN := operator crds docs helm README.md CHANGELOG.md
# Where code is pure, all of it is covered, branches too.
COVERED := operator/token_operator/domain/*,operator/token_operator/salesforce/*

# make test T=path K=expr: a part of the tests, without the coverage gate.
T ?=
K ?=
# make test MODEL=long: the model lives its weeks in full, as in .ci/run.
MODEL ?= quick
MODEL_LOG := .pytest_cache/model.log
# More than two cores: tests wait most of the time. Each process has a control plane of its own.
WORKERS ?= 4
# The tests of a file share an operator, so they stay together, in the order of tests/conftest.py.
SIDE_BY_SIDE := --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
# make demo ONCE=1: go through the steps, check each and leave.
ONCE ?=
# make bench N=5000: so many connections.
N ?= 500
JSON ?=

.PHONY: help dev browser lint format test test-cluster cluster cluster-down demo bench crds-check chart-check manifests e2e image sbom docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: $(INSTALLED) ## create the development environment (.venv)

# Once per change of what is installed: the stamp is newer than both files then.
$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say PYTHON=...")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@# The lock is complete: nothing is to be resolved. (pip takes an extra, coverage[toml], for one that is not pinned.)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $@

browser: ## install Chromium, which the browser tests drive (Debian; root)
	command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
		{ apt-get update -q && apt-get install -q -y --no-install-recommends chromium chromium-driver; }

lint: $(INSTALLED) ## check format, rules, types, layers, spelling and locks
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports
	$(BIN)/codespell $(wildcard $(WRITTEN))
	$(BIN)/codespell --dictionary=hack/words.txt $(SHOWN)
	$(BIN)/python hack/locks.py

format: $(INSTALLED) ## format the code and apply automatic fixes
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

test: $(INSTALLED) ## run all tests including the demo; T=path K=expr selects some
ifneq ($(strip $(T)$(K)),)
	$(BIN)/python -m pytest $(T) $(if $(K),-k "$(K)")
else
	@# The model only computes and the others mostly wait, so it takes the processor time that they leave.
	@mkdir -p $(dir $(MODEL_LOG))
	@echo "=== the model, $(MODEL), at low priority (in $(MODEL_LOG)) beside all other tests, in $(WORKERS) processes"
	@TOKEN_MODEL=$(MODEL) nice -n 19 $(BIN)/python -m pytest tests/model --numprocesses=auto >$(MODEL_LOG) 2>&1 & model=$$!; \
	trap 'kill $$model 2>/dev/null || true' EXIT; \
	$(BIN)/python -m pytest --ignore=tests/model $(SIDE_BY_SIDE) --cov --cov-report= && others=0 || others=$$?; \
	wait $$model && modelled=0 || modelled=$$?; \
	echo "=== the model, $(MODEL)"; tail -n +1 $(MODEL_LOG); \
	exit $$((others || modelled))
	$(BIN)/coverage report --include='$(COVERED)' --fail-under=100
endif

test-cluster: $(INSTALLED) ## run the tests that need the control plane
	$(BIN)/python -m pytest -m cluster $(SIDE_BY_SIDE)

chart-check: $(INSTALLED) ## lint, render and test the chart against a real API server
	$(BIN)/python hack/chart.py check
	$(BIN)/python -m pytest tests/chart

manifests: $(INSTALLED) ## write the chart as plain YAML into dist/
	$(BIN)/python hack/chart.py manifests

e2e: $(INSTALLED) ## run the operator on a real node (root; minutes the first time)
	$(BIN)/python -m pytest -m e2e tests/e2e

image: $(INSTALLED) ## build the image without Docker or a registry (root), for `docker load`
	mkdir -p dist
	$(BIN)/python hack/node build --archive dist/image.tar

sbom: $(INSTALLED) ## write the bill of materials of the image
	mkdir -p dist
	$(BIN)/python hack/sbom.py dist/sbom.cdx.json

cluster: $(INSTALLED) ## start a control plane that keeps running, with the CRD
	$(BIN)/python hack/cluster up --crds crds

cluster-down: $(INSTALLED) ## stop that control plane
	$(BIN)/python hack/cluster down

demo: $(INSTALLED) ## run the demo step by step; ONCE=1 checks each step and exits
	@$(BIN)/python hack/demo $(if $(ONCE),--once)

bench: $(INSTALLED) ## measure the cost of connections (minutes); N=5000, JSON=file
	@$(BIN)/python hack/bench --connections $(N) $(if $(JSON),--json $(JSON))

crds-check: $(INSTALLED) ## test every rule of the CRD against a real API server
	$(BIN)/python -m pytest tests/cluster/test_crd.py

docs: $(INSTALLED) ## regenerate the generated parts of the documents
	$(BIN)/python hack/chart.py sync
	$(BIN)/python hack/generated_docs.py

lock: $(INSTALLED) ## regenerate the locked requirements (needs the network)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header \
		--python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header \
		--python-version 3.11 --group dev pyproject.toml -o requirements-dev.txt
	sed -n 's/^requires = \["\(.*\)"\]/\1/p' pyproject.toml | $(BIN)/uv pip compile --quiet --universal --generate-hashes \
		--no-annotate --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 - -o requirements-build.txt

clean: ## remove everything that was built, except the cluster binaries
	test ! -x $(BIN)/python || $(BIN)/python hack/cluster down
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist
