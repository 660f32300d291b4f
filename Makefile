# Everything a newcomer types; each target makes what it needs by itself.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SECONDS ?= 60
SEEDS ?= 10000
SERVERS := .cache/servers-ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALL := $(PIP) --require-hashes

.PHONY: help api demo test check format bench conversations powercuts docs lock audit sbom image clean servers fuzz simulate

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

$(BIN)/qantara: pyproject.toml locks/build.txt locks/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --requirement locks/build.txt
	$(INSTALL) --no-build-isolation --requirement locks/dev.txt
	$(PIP) --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(SERVERS): scripts/servers.py | $(BIN)/qantara
	$(BIN)/python scripts/servers.py
	@touch $@

servers: $(SERVERS)  ## the real servers that the tests talk to

demo: $(BIN)/qantara  ## linked rooms side by side in your browser, no account needed
	$(BIN)/qantara demo $(ARGS)

test: $(BIN)/qantara $(SERVERS)  ## everything: unit, property, contract, scenario, live, crash, browser
	$(BIN)/python scripts/stages.py

check: $(BIN)/qantara  ## format, lint, types, import rules, generated docs, licences, locks, advisories
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml
	$(BIN)/python scripts/reference.py --check
	$(BIN)/python scripts/licences.py
	$(BIN)/python scripts/locked.py
	$(BIN)/python scripts/audit.py

format: $(BIN)/qantara  ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: torture
torture: $(BIN)/qantara $(SERVERS)  ## hundreds of deaths over real servers and emulators: make torture N=200
	$(BIN)/python -m tests.crash.torture $(or $(N),200)

bench: $(BIN)/qantara $(SERVERS)  ## speed and size, as ratios measured in the same run
	$(BIN)/python -m benchmarks.relay $(ARGS)

conversations: $(BIN)/qantara  ## N open conversations (10000) at a desk: what each new one costs, and that idle ones cost nothing
	CONVERSATIONS=$(or $(N),10000) $(BIN)/python -m pytest -q -s -n 0 -o timeout=3600 tests/scenarios/test_desk_many.py

powercuts: $(BIN)/qantara  ## N trials (300) of five power cuts each on a disk in memory: nothing acknowledged may be lost
	POWERCUTS=$(or $(N),300) $(BIN)/python -m pytest -q -s tests/bridge/store/test_powercuts.py

simulate: $(BIN)/qantara  ## the whole bridge under SEEDS seeds of everything that goes wrong; SEED=7 replays one; ARGS="--first 40000" goes on
	$(BIN)/python -m bridge.testing.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

fuzz: $(BIN)/qantara  ## coverage-guided fuzzing of every parser, SECONDS each; a corpus is kept in .cache/fuzz
	$(BIN)/python scripts/fuzz.py run $(SECONDS) $(ARGS)

api: $(BIN)/qantara  ## made-up calls of every administrative route, EXAMPLES each
	QANTARA_EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/python -m pytest -q tests/operator/test_openapi.py

.PHONY: secrets
secrets: $(BIN)/qantara  ## the whole contract in encrypted rooms of Matrix
	$(BIN)/python -m pytest -q tests/connectors/matrix/secret_contract.py

docs: $(BIN)/qantara  ## the generated pages of docs/reference
	$(BIN)/python scripts/reference.py

.PHONY: interop
interop: $(BIN)/qantara  ## what survives which crossing, tried anew: the expected table and its page
	$(BIN)/python -m bridge.testing.interop tests/interop/expected.json docs/reference/interop.md

.PHONY: certified
certified: $(BIN)/qantara  ## what every connector shows on its emulator, beside reports from the real platforms: the page anew
	$(BIN)/python -m bridge.certify docs/certified docs/reference/certified.md

lock:  ## the versions and hashes of all we install, anew from pyproject.toml and constraints.txt
	$(PYTHON) scripts/lock.py

audit: $(BIN)/qantara  ## known weaknesses in what is installed and locked
	$(BIN)/python scripts/audit.py

sbom: $(BIN)/qantara  ## what a release contains, as CycloneDX, in dist/
	$(BIN)/python scripts/sbom.py

image: $(BIN)/qantara  ## the container's build steps, here and without a container
	$(BIN)/python -m pytest -q tests/deploy/steps.py

clean:  ## forget the environment and the servers
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
