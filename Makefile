# `make` alone prints the targets. `make run` and `make test` do all their own set-up; where
# the locks and the scripts in requirements/ have not changed, that costs a look at a stamp file.
#
#   make run ARGS="--preset quick"         passes options on
#   VENV=/tmp/venv PYTHON=python3.12 make  builds another environment with another Python

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

export VENV ?= .venv
# The caller's setting would make every import three times slower.
unexport PYTHONDONTWRITEBYTECODE

ARGS ?=
# Test files at a time: one for each of two cores. Long ones come first.
WORKERS ?= 2
IMAGE ?= tfx-mnist
AIRFLOW_VENV ?= .venv-airflow
AIRFLOW_PORT ?= 8080
bin := $(VENV)/bin
tools := $(VENV)/setup/bin
scripts := requirements/install.sh requirements/private_glibc.sh deploy/image/entrypoint.sh .ci/run
# A stamp says that the environment holds what a lock file names.
set_up := requirements/install.sh requirements/private_glibc.sh requirements/bootstrap.txt setup.py
# Set where the host has npm and Node 18 or later.
has_node := $(shell command -v npm >/dev/null && node --version 2>/dev/null | awk -F '[v.]' '$$2 >= 18')

# An environment that was copied or moved here is none: its scripts name the old place.
ifneq ($(file <$(VENV)/.created),$(abspath $(VENV)))
$(VENV)/.pipeline $(VENV)/.dev $(VENV)/.cuda $(VENV)/.node $(VENV)/.node-dev $(VENV)/.created: FORCE
endif

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV)/.pipeline ## run the whole pipeline on MNIST: from raw IDX files to a pushed model
	$(bin)/tfx-mnist run $(ARGS)

# Tests that need Node skip, and say so, where it is missing.
.PHONY: test
test: $(VENV)/.dev $(AIRFLOW_VENV)/.airflow $(if $(has_node),$(VENV)/.node $(VENV)/.node-dev) ## run all tests: unit, integration, e2e
	$(bin)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests/e2e tests/integration tests/unit $(ARGS)

.PHONY: unit
unit: $(VENV)/.dev ## run the tests that take seconds and need no TensorFlow
	$(bin)/pytest tests/unit $(ARGS)

# Not a test: it is measured, so it has attempts, and runs when nothing else does.
.PHONY: guard
guard: $(VENV)/.dev ## fail if a small run takes a third more CPU than it did (a minute)
	$(bin)/python -m benchmarks.cpu_guard

.PHONY: lint
lint: $(VENV)/.dev ## check style, types, shell scripts, the Dockerfile and spelling
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/shellcheck $(scripts)
	$(bin)/hadolint Dockerfile
	$(bin)/codespell

.PHONY: format
format: $(VENV)/.dev ## format the code and repair what ruff can repair
	$(bin)/ruff check --fix --exit-zero --quiet
	$(bin)/ruff format

.PHONY: doctor
doctor: $(VENV)/.pipeline ## check this machine and the environment; say what to do about each finding
	$(bin)/tfx-mnist doctor $(ARGS)

# Pins that still fit stay; ARGS=--upgrade takes the newest releases, of npm's packages those that
# package.json allows. No index is written down.
.PHONY: lock
lock: $(VENV)/.created ## lock requirements/*.in and node*/ again, with hashes (ARGS=--upgrade for newer releases)
	for name in bootstrap pipeline dev cuda airflow; do \
	  echo "locking requirements/$$name.in (up to a minute)"; \
	  $(tools)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-emit-index-url --no-emit-find-links $(ARGS) \
	    $$([ $$name = dev ] && echo --constraint requirements/pipeline.txt) \
	    --output-file requirements/$$name.txt requirements/$$name.in; \
	done
	if [ -n '$(has_node)' ]; then \
	  for name in node node-dev; do \
	    npm $(if $(findstring --upgrade,$(ARGS)),update,install) --prefix requirements/$$name \
	      --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts \
	      --loglevel=error --no-audit --no-fund --no-update-notifier; \
	  done; \
	else echo 'requirements/node and node-dev stay: npm and Node 18 or later are missing'; fi

.PHONY: cuda
cuda: $(VENV)/.cuda ## add the CUDA libraries (gigabytes), so that training uses NVIDIA GPUs

.PHONY: node
node: $(VENV)/.node ## add what proves exports for TF.js (needs Node 18 or later, and npm)

# Airflow cannot share an environment with TFX: they need different releases of attrs.
.PHONY: airflow
airflow: $(VENV)/.pipeline $(AIRFLOW_VENV)/.airflow ## start Airflow here with the pipeline as its DAG; prints address and login
	$(bin)/tfx-mnist compile airflow --output runs/airflow/dags --set pipeline_root=runs/airflow/tfx-mnist $(ARGS)
	$(AIRFLOW_VENV)/bin/python deploy/airflow/standalone.py --home runs/airflow --port $(AIRFLOW_PORT)

.PHONY: image
image: ## build the container image that Beam workers, Kubeflow and Vertex use (docker or podman)
	@builder=$$(command -v docker podman | head -n 1) || true; \
	if [ -z "$$builder" ]; then \
	  echo 'make image needs docker or podman, and neither is installed.' >&2; exit 1; \
	fi; \
	"$$builder" build --tag $(IMAGE) $(ARGS) .

.PHONY: clean
clean: ## remove the environment and what tools leave behind; runs and models stay
	if [ -e $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi
	if [ -e $(AIRFLOW_VENV)/pyvenv.cfg ]; then rm -rf $(AIRFLOW_VENV); fi
	rm -rf build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.created:
	requirements/install.sh tools

$(VENV)/.pipeline: $(set_up) requirements/pipeline.txt
	requirements/install.sh pipeline

$(VENV)/.dev: $(set_up) requirements/pipeline.txt requirements/dev.txt
	requirements/install.sh dev

$(VENV)/.cuda: $(set_up) requirements/pipeline.txt requirements/cuda.txt
	requirements/install.sh cuda

$(VENV)/.node $(VENV)/.node-dev: $(VENV)/.%: $(set_up) requirements/pipeline.txt requirements/%/package.json requirements/%/package-lock.json
	requirements/install.sh $*

$(AIRFLOW_VENV)/.airflow: requirements/airflow.txt | $(VENV)/.created
	@echo 'set-up: installing Airflow into $(AIRFLOW_VENV) (minutes the first time, seconds from the cache of uv)'
	$(tools)/uv venv --quiet --clear --python $(tools)/python $(AIRFLOW_VENV)
	$(tools)/uv pip sync $$([ -t 2 ] || echo --quiet) --python $(AIRFLOW_VENV)/bin/python --compile-bytecode --require-hashes --only-binary :all: requirements/airflow.txt
	touch $@

.PHONY: FORCE
FORCE:
