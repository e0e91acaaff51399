# Every target sets up what it needs: a virtual environment in .venv and the CDK CLI in node_modules.
# Nothing but python3, make and the package registries is assumed of the machine.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Tests start many processes, and each would compile the modules again.
export PYTHONDONTWRITEBYTECODE :=

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-package a2i-human-loop-events --custom-compile-command "make lock"

# What has requirements and a lock of its own.
LOCKED := docs_site tests/formats

# Their names begin otherwise than tests that make test finds.
FORMATS := tests/formats/loading.py tests/formats/estimating.py

PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes

# The tests of permissions start it as a process. Its license is AGPL-3.0: nothing else installs it.
EVALUATOR := tests/permissions/node_modules/.installed

NPM_CI := $(BIN)/npm ci --loglevel=error --ignore-scripts --no-audit --no-fund --no-update-notifier

# Tests that call make do not take part in the jobs of the make that started them (MAKEFLAGS).
# tests/scheduling.py says what runs in one process, and tests/conftest.py what starts first.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo test tests full check fast lint unit infrastructure e2e fuzz synth schema snapshots bench simulate faults docs compatibility formats dist sbom release lock upgrade clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.installed node_modules/.installed ## Set up .venv and node_modules (every target does)

demo: .venv/.demo node_modules/.demo ## Deploy into an emulator, send human loops through, show what arrived; KEEP=1 leaves it up
# Python would answer a signal with a traceback until the demo handles it: until then, the shell does.
	@trap 'kill $$! 2>/dev/null; wait $$!; exit $$?' INT TERM HUP; $(BIN)/python -m local $(if $(KEEP),--keep) & wait $$!

test: install $(EVALUATOR) ## Run every check: lint, format, types, unit, infrastructure and end-to-end tests
	@$(MAKE) --no-print-directory --keep-going --jobs 2 lint tests

tests: install $(EVALUATOR) ## Run the tests of make test, without the lint
	@MAKEFLAGS= $(BIN)/python -m pytest $(IN_PARALLEL) -m "not full" --durations 10 --durations-min 1

full: install $(EVALUATOR) ## Run what make test leaves out: the repetitions of its tests at a larger scale
	@MAKEFLAGS= $(BIN)/python -m pytest $(IN_PARALLEL) -m full --durations 10 --durations-min 1

check: install $(EVALUATOR) ## Lint, check the format and the types, and run the fast tests: while you edit
	@$(MAKE) --no-print-directory --keep-going --jobs 2 lint fast

fast: install $(EVALUATOR)
	@MAKEFLAGS= $(BIN)/python -m pytest $(IN_PARALLEL) -m "not slow and not full"

lint: install ## Lint, check the format and the types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy .

unit: install ## Test what runs inside Lambda
	@$(BIN)/python -m pytest tests/unit

infrastructure: install $(EVALUATOR) ## Test the synthesized templates
	@$(BIN)/python -m pytest tests/infrastructure

e2e: install $(EVALUATOR) ## Test a deployment in the emulator
	@$(BIN)/python -m pytest tests/e2e

fuzz: install ## Run in full what make test has in a short form: properties, with 10,000 examples for most
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest $(IN_PARALLEL) -m fuzz

synth: install ## Synthesize the CloudFormation templates into cdk.out
	@npx cdk synth --quiet && ls cdk.out/*.template.json

schema: install ## Generate what docs has from the code: JSON Schemas, constructs.md, tables
	@$(BIN)/python -m docs_tools.outcome_docs
	@$(BIN)/python -m docs_tools.corrected_docs
	@$(BIN)/python -m docs_tools.deployment_docs
	@$(BIN)/python -m docs_tools.construct_docs
	@$(BIN)/python -m docs_tools.code_tables
	@$(BIN)/python -m docs_tools.testing_docs
	@$(BIN)/python -m docs_tools.cli_docs

snapshots: install ## Accept the synthesized templates as the new snapshots, on purpose
	@$(BIN)/python -m pytest tests/infrastructure/test_snapshots.py tests/infrastructure/stacks/test_template_stack.py --snapshot-update

simulate: install ## Simulate looks at known worlds: how often a threshold is wrong, and found
	@$(BIN)/python -m tests.cli.thresholds.simulate 20000

bench: install ## Measure speed and memory as ratios to a floor or a peer
	@$(BIN)/python -m benchmarks

docs: install .venv-docs/.installed ## Build the documentation as a site in build/docs
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict --config-file docs_site/mkdocs.yml
	@echo "Read it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/docs"

faults: install ## Inject faults around a stack in the emulator: make faults [LOOPS=1000] [SEED=...]
	@$(BIN)/python -m tests.faults --loops $(or $(LOOPS),1000) $(if $(SEED),--seed $(SEED))

compatibility: install ## Install the wheel with the lowest and the newest CDK, and synthesize every example
	@COMPATIBILITY=full $(BIN)/python -m pytest tests/compatibility

formats: .venv-formats/.installed ## Load exported data with the libraries that read it, and compare estimates with crowd-kit's
	@home=$$(mktemp -d) && trap 'rm -rf $$home' EXIT && \
		HF_HOME=$$home HF_HUB_OFFLINE=1 PYTHONPATH=lambda .venv-formats/bin/python -m pytest -c /dev/null --noconftest -p no:cacheprovider --quiet $(FORMATS)

dist: install ## Build the wheel, the source distribution and the zip of CloudFormation templates into dist/
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist >/dev/null
	@$(BIN)/python -m release.distributions dist
	@$(BIN)/python -m release.template_zip dist

sbom: install ## Write the software bills of materials of what make installs into build/ (CycloneDX)
	@mkdir -p build
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o build/python.cdx.json .venv
	@npm sbom --sbom-format cyclonedx > build/node.cdx.json
	@ls build/*.cdx.json

release: install ## Check, build and tag the version in pyproject.toml; publishes nothing
	@$(BIN)/python -m release

lock: install ## Write every version and hash that make installs to the constraints.txt
	@$(LOCK) $(UPGRADE) requirements-dev.txt --output-file constraints.txt
	@for each in $(LOCKED); do \
		$(LOCK) $(UPGRADE) $$each/requirements.txt --output-file $$each/constraints.txt || exit; done

upgrade: ## The same with the newest versions that the requirements allow
	@$(MAKE) --no-print-directory lock UPGRADE=--upgrade

clean: ## Remove everything that make created
	rm -rf .venv .venv-docs .venv-formats node_modules tests/permissions/node_modules cdk.out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.demo: constraints.txt requirements.txt requirements-demo.txt
	@$(PYTHON) -m installation demo

.venv/.installed: constraints.txt requirements.txt requirements-demo.txt requirements-dev.txt
	@$(PYTHON) -m installation all

.venv-docs/.installed: docs_site/constraints.txt
	@echo "Setting up .venv-docs (once) ..."
	@trap '' INT; $(PYTHON) -m venv --clear .venv-docs
	@.venv-docs/bin/python $(PIP_INSTALL) -r docs_site/constraints.txt
	@touch $@

.venv-formats/.installed: tests/formats/constraints.txt
	@echo "Setting up .venv-formats (once; 1.1 GB) ..."
	@trap '' INT; $(PYTHON) -m venv --clear .venv-formats
	@.venv-formats/bin/python $(PIP_INSTALL) -r tests/formats/constraints.txt
	@touch $@

# npm comes with .venv, and only has to be there: another .venv does not change node_modules.
node_modules/.demo: package.json package-lock.json | .venv/.demo
	@$(NPM_CI) --omit=dev
	@touch $@

node_modules/.installed: package.json package-lock.json | .venv/.installed
	@$(NPM_CI)
	@touch node_modules/.demo $@

$(EVALUATOR): tests/permissions/package.json tests/permissions/package-lock.json | .venv/.installed
	@$(NPM_CI) --prefix tests/permissions
	@touch $@
