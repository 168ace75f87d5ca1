# Everything a developer runs. One cargo profile and one set of features serve `make demo` and `make test`, so that the dependencies are built once.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
TARGET := $(or $(CARGO_TARGET_DIR),target)
TENURE := $(TARGET)/debug/tenure
RELEASED := $(TARGET)/release/tenure
VENV := .venv/bin/python
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

# Ready-made models that have scenarios.
MODELS = $(patsubst %/scenarios,%,$(wildcard models/*/scenarios scenarios/*/scenarios))

.PHONY: help release demo test test-rust test-models test-python test-sdk test-crash test-api tidy lint fmt bench bench-engine bench-backtest bench-ingest crash simulate-service

help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# Built for the processor of this machine; for others: make release CPU=x86-64-v2
CPU ?= native

release: export RUSTFLAGS = -C target-cpu=$(CPU)
release: ## Build target/release/tenure, the binary to run for good (30 min the first time)
	$(CARGO) build --release --workspace

demo: export TENURE_DATA = demo-data/workspace
demo: export TENURE_MODEL = models/saas
demo: build ## Simulate a company, import it, evaluate it, show the portfolio and one explanation (a minute after the build)
	rm -rf demo-data
	$(TENURE) simulate --out demo-data/files --accounts 300 --events 300000 --seed 7
	$(TENURE) import accounts demo-data/files/accounts.csv
	$(TENURE) import people demo-data/files/people.csv
	$(TENURE) import subscriptions demo-data/files/subscriptions.csv
	$(TENURE) import events demo-data/files/events.parquet
	$(TENURE) evaluate --to 2025-12-31
	$(TENURE) accounts --sort -arr --limit 20
	account=$$($(TENURE) accounts --where "health_band = 'red'" --sort -arr --columns id,status --csv | awk -F, '$$2 == "live" && !n++ { print $$1 }'); \
	$(TENURE) account $$account; $(TENURE) explain $$account health

test: tidy test-rust test-models test-python test-sdk test-api test-crash ## All checks: format, tidy, tests, scenarios of the models, DuckDB's second opinion

test-rust: build
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --workspace --no-fail-fast
else
	$(CARGO) test --workspace --no-fail-fast --lib --bins --tests
endif

test-models: build
	$(TENURE) test $(MODELS)

test-python: build .venv/ready
	$(VENV) tests/duckdb/run.py --tenure $(TENURE)

test-sdk: build tests/sdk/node_modules/.package-lock.json
	node tests/sdk/run.mjs $(TENURE)

test-api: build .venv/schemathesis
	$(VENV) tests/api/run.py $(TENURE) .venv/bin/schemathesis

test-crash: build
	$(PYTHON) tests/crash/run.py --tenure $(TENURE) --kills 100 --seed 1
	$(PYTHON) tests/crash/run.py --tenure $(TENURE) --kills 20 --seed 1 --disk-full
	$(PYTHON) tests/crash/run.py --tenure $(TENURE) --kills 20 --seed 1 --postgres

tests/sdk/node_modules/.package-lock.json: tests/sdk/package-lock.json
	npm ci --prefix tests/sdk --no-audit --no-fund --silent

tidy: ## Check the format and the house rules
	$(CARGO) fmt --all --check
	$(CARGO) xtask tidy

# Clippy checks every dependency once more, in a build of its own (3 to 4 minutes on 2 cores): it is not part of `make test`.
lint: tidy ## Clippy with our bans (clippy.toml), and deny.toml where cargo-deny is there
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check; else echo "cargo-deny is not installed: deny.toml was not checked"; fi

fmt: ## Format the code
	$(CARGO) fmt --all

bench: bench-engine bench-backtest bench-ingest ## All benchmarks; each writes target/bench/<name>.json

bench-engine: release .venv/ready ## The engine beside DuckDB on 20,000 accounts and 20 million events (10 min, 6 GB of disk)
	TENURE=$(RELEASED) PYTHON=$(VENV) benches/run.sh engine

bench-backtest: release .venv/ready ## Backtests beside DuckDB on the same data (8 min)
	TENURE=$(RELEASED) PYTHON=$(VENV) benches/run.sh backtest

bench-ingest: release ## The live service beside a server that only parses (9 min)
	$(RELEASED) bench-ingest

crash: build ## Kill the server 100 times on PostgreSQL and 500 times on SQLite, with a full disk at times; compare with runs that nobody disturbed (30 min)
	$(PYTHON) tests/crash/run.py --tenure $(TENURE) --kills 100 --disk-full --postgres
	$(PYTHON) tests/crash/run.py --tenure $(TENURE) --kills 500 --disk-full

simulate-service: ## The service in 5,000 worlds with crashes at any moment (SEEDS=… for another number)
	TENURE_SEEDS=$(or $(SEEDS),5000) $(CARGO) test --workspace --test simulation whatever_happens -- --nocapture

build:
	$(CARGO) build --workspace

.venv/schemathesis: tests/api/requirements.txt .venv/ready
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

.venv/ready: tests/duckdb/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
