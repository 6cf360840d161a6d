SHELL := /bin/bash
.DEFAULT_GOAL := help

export CONCEPT_ERASURE_CACHE ?= $(HOME)/.cache/concept-erasure
# Some images set it. Without bytecode every process that loads torch compiles it first, for as long as it loads it.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
UV := $(shell command -v uv || echo $(CONCEPT_ERASURE_CACHE)/uv/bin/uv)
RUN := $(UV) run --no-sync
SYNC := $(UV) sync --frozen --python 3.11

# Progress bars of downloads would fill the logs of CI.
ifdef CI
SYNC += --no-progress
endif

.PHONY: help demo test test-fast check verify lint generate golden lab-up lab-down images testbed bench setup setup-fast

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## The main job, from `kubectl apply` to a new encoder serving, with pictures (3 min once the lab is built)
	$(RUN) python -m lab.demo

test: setup ## All tests; sets up the lab that they need (cold 30 min, warm 12)
	$(RUN) python -m lab.testing

test-fast: setup-fast ## Unit and golden tests: no cluster, no torch (under 60 s)
	$(RUN) pytest -q -n logical -m "not torch and not cluster and not s3"

check: setup ## Read-only: format, lint, types, import contracts
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

verify: setup-fast generate ## Generated files are what the code says
	git diff --exit-code -- crds charts docs/reference

lint: setup-fast ## Fix format and lint
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

generate: setup-fast ## Write CRDs and the API reference from the models
	$(RUN) python -m erasure_operator.api.crd --write

lab-up: setup ## A real Kubernetes and S3 on this machine
	$(RUN) python -m lab up

lab-down: setup ## Take the lab down; nothing stays behind
	$(RUN) python -m lab down

images: setup ## Build the project's images and load them into the lab
	$(RUN) python -m lab images

testbed: setup ## Train the testbed models again from nothing (about an hour on two cores)
	$(RUN) python -m lab.testbed train

bench: setup ## Methods on the testbed: residual, retention, seconds
	$(RUN) python -m bench.methods

setup: $(UV)
	@$(SYNC) --quiet --all-extras --all-groups

# Inexact, so that it does not take torch away from a full environment.
setup-fast: $(UV)
	@$(SYNC) --quiet --inexact --extra operator --group lab

$(CONCEPT_ERASURE_CACHE)/uv/bin/uv:
	$(PYTHON) -m venv $(CONCEPT_ERASURE_CACHE)/uv
	$(CONCEPT_ERASURE_CACHE)/uv/bin/pip install --quiet uv
