# Two commands are all that a fresh machine needs: make demo, make test.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
# Material for MkDocs announces its successor with each build.
SITE   := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --config-file docs/site/mkdocs.yml
SECONDS ?=
MINUTES ?= 5
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-model test test-fast check check-tensorrt kernels kernels-check gpu-check bench chaos faults fuzz install
.PHONY: schemas monitoring docs image-check dist wheel-check chart chart-check chart-apply-check configuration clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## broker, cameras, service, live view and audit on this machine (SECONDS=20 ends it)
	@$(BIN)/yardlight-edge demo $(if $(SECONDS),--seconds $(SECONDS))

test: $(VENV)/.dev ## all tests; those on Apache Kafka need Java 17 and Maven (PROCESSES=2)
	$(BIN)/python -m pytest -n $(or $(PROCESSES),2) --dist worksteal

test-fast: $(VENV)/.dev ## the tests that need no broker and no training
	$(BIN)/python -m pytest -m "not slow" tests/unit tests/contract

check: $(VENV)/.dev ## types, style, architecture, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.schemas --check
	$(BIN)/python -m docs.monitoring --check
	$(BIN)/python -m docs.configuration --check
	$(BIN)/python -m docs.chart --check
	$(SITE)

check-tensorrt: $(VENV)/.dev ## what we ask of TensorRT, held to the types of four versions, and run on fakes of them; needs gcc
	$(BIN)/python -m tests.tensorrt
	$(BIN)/python -m pytest tests/contract -k tensorrt

kernels: $(VENV)/.dev ## compile the CUDA kernels ahead, with compilers from the package index
	$(BIN)/python -m deploy.build.kernels

kernels-check: $(VENV)/.dev ## compile them again and compare, to the byte, with what lies there
	$(BIN)/python -m deploy.build.kernels --check

gpu-check: $(VENV)/.dev ## what only an NVIDIA GPU can show, as JSON; says what it skips (SECONDS=60)
	SECONDS=$(SECONDS) $(BIN)/python -m tests.gpu.checks

bench: $(VENV)/.dev ## throughput, latency and memory, as ratios measured in one run
	MINUTES=$(MINUTES) $(BIN)/python -m tests.bench $(PARTS)

faults: $(VENV)/.dev ## every fault of brokers and networks, each with its recount; minutes
	$(BIN)/python -m pytest -m "minutes or not minutes" tests/faults

fuzz: $(VENV)/.dev ## mutated images and records through all that reads them (COUNT=100000 SEED=1)
	COUNT=$(or $(COUNT),100000) SEED=$(SEED) $(BIN)/python -m tests.fuzz.run

chaos: $(VENV)/.dev ## kill members and brokers under load and recount (MINUTES=10 SEED=1 BROKERS=3)
	MINUTES=$(MINUTES) SEED=$(SEED) BROKERS=$(or $(BROKERS),1) $(BIN)/python -m tests.faults.chaos

demo-model: $(VENV)/.dev ## train the demo's bundle again, from nothing
	$(BIN)/python -m docs.demo_model

schemas: $(VENV)/.dev ## write the JSON Schemas and AsyncAPI of the topics
	$(BIN)/python -m docs.schemas

monitoring: $(VENV)/.dev ## write rules, dashboards and the reference of metrics
	$(BIN)/python -m docs.monitoring

install: $(VENV)/.dev ## everything that this machine can run, for development
	@command -v nvidia-smi >/dev/null || echo "no NVIDIA driver here: extra 'gpu' is left out"
	@if command -v nvidia-smi >/dev/null; then CUDA_ENABLE_CURAND=False $(PIP) --editable '.[gpu]'; fi

configuration: $(VENV)/.dev ## write the reference of settings
	$(BIN)/python -m docs.configuration

chart: $(VENV)/.dev ## write the schema of the chart's values and its plain manifests
	$(BIN)/python -m docs.chart

chart-check: $(VENV)/.dev ## the chart in Helm and held to the CRDs of KEDA and Prometheus; needs Go
	$(BIN)/python -m tests.chart.tools
	$(BIN)/python -m pytest tests/chart

chart-apply-check: $(VENV)/.dev ## the chart applied to a real API server; needs Go and etcd; builds for ten minutes, once
	$(BIN)/python -m tests.chart.tools
	$(BIN)/python -m tests.chart.program
	$(BIN)/python -m pytest tests/chart/test_applied.py

dist: $(VENV)/.dev ## wheel and sdist, into dist/
	$(BIN)/python -m build --no-isolation --outdir dist

wheel-check: $(VENV)/.dev ## the wheel in an empty environment: version and demo, with their times
	$(BIN)/python -m tests.packaging

docs: $(VENV)/.dev ## the documentation as a site, into .cache/site
	$(SITE)

image-check: $(VENV)/.dev ## the CPU image built and run without a daemon; needs root, buildah, debootstrap
	$(BIN)/python -m tests.images

clean: ## remove what the commands above made
	rm -rf $(VENV) .cache dist bench-results .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what the demo needs into $(VENV), once; this takes a minute or a few"
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[cpu,data,demo,deploy,docs,otel,rtx,train,dev]'
	@touch $@ $(VENV)/.demo
