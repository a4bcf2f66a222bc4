# Chat Moderado. `make help` lists the commands; CI runs these targets and nothing else.
#
# Variables of the command line and of the environment reach the programs:
# `PORT=8123 make up`, `make up LOG_FORMAT=json`, `MODERADO_HOME=/var/lib/moderado make up`.

SHELL := /bin/sh
PY := .venv/bin/python
# Python keeps what it has compiled, also where the environment forbids it, as container images do:
# each process of tests and of the product would compile all modules again (5 s).
export PYTHONDONTWRITEBYTECODE :=
UV_EXPORT := UV_PYTHON_DOWNLOADS=never uv export --quiet --format requirements-txt \
  --no-emit-project --no-header --no-annotate

# Settings for tools that start neither PostgreSQL nor Valkey.
TOOL_ENV := SECRET_KEY=for-tools-that-start-no-engine-and-never-serve-anything-to-anybody \
  DATABASE_URL=postgres://none@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0

.DEFAULT_GOAL := help
.PHONY: evaluate help up dev test test-unit test-long faults chaos soak fuzz fuzz-api audit bench stalls check others types layers drift rules hooks clean lock classifier docs messages vocabulary compose-test runtime development

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-13s %s\n", $$1, $$2 }'

up: runtime ## run everything on this machine: PostgreSQL, Valkey, web, worker, beat (PORT=8000)
	@exec $(PY) -m moderado.standalone up

dev: development ## the same, restarted when the source changes
	@exec $(PY) -m moderado.standalone dev

# Without ARGS the house rules are left to `check`: CI runs both.
test: development ## run all tests in parallel, with their own PostgreSQL and Valkey (ARGS="-k rooms" WORKERS=2)
	@scripts/test_tools
	@exec $(PY) -m pytest -n $(or $(WORKERS),auto) $(or $(ARGS),-m "not long and not rules")

test-unit: development ## run the unit tests, without PostgreSQL and Valkey (ARGS="-k rooms")
	@exec $(PY) -m pytest tests/unit $(ARGS)

test-long: development ## run the tests that take too long for `test` and prove no row (ARGS="-k page")
	@scripts/test_tools
	@exec $(PY) -m pytest -m "long and not proves" -n $(or $(WORKERS),auto) $(ARGS)

# Short tests run in parallel, as in `test`; long ones wait for deadlines, one after the other. Either
# part may have no test that ARGS selects, which is pytest's code 5.
FAULTS = $(PY) -m pytest --proofs $(if $(RECORD),--record)

faults: development ## run the tests that prove the rows of docs/guarantees.md, long ones too (ARGS="-k broker" RECORD=1)
	@scripts/test_tools
	@$(FAULTS) -m "proves and not long" -n $(or $(WORKERS),auto) $(ARGS) || [ $$? = 5 ]
	@$(FAULTS) -m "proves and long" $(ARGS) || [ $$? = 5 ]

chaos: development ## inject random faults under load (SEED=1 DURATION=60 MODERATORS=3 SWITCH_OFF=sweep RECORD=1)
	@exec $(PY) -m tests.faults.chaos

soak: development ## run the two long tests at full length, side by side, 1 hour (IDLE=1800 SOAK=3600 RECORD=1)
	@IDLE=$(or $(IDLE),1800) SOAK=$(or $(SOAK),3600) exec $(PY) -m pytest -m long -n 2 \
		--proofs $(if $(RECORD),--record) \
		-k "broker_connection_works_after_long_idle or long_soak" tests/faults $(ARGS)

fuzz: development ## send hostile frames over real sockets (COUNT=100000 SEED=1)
	@exec $(PY) -m tests.security.fuzz_frames

fuzz-api: development ## send hostile requests and compare answers with the OpenAPI document (EXAMPLES=100 SEED=1)
	@exec $(PY) -m tests.security.fuzz_api

audit: development ## look up known vulnerabilities of the dependencies with pip-audit
	@$(PY) scripts/audit.py $(ARGS)

bench: development ## measure this server beside others (WORKLOAD=w2 STACKS=moderado,tutorial ROUNDS=1 QUICK=1)
	@exec $(PY) -m benchmarks.harness

stalls: development ## measure how long attackers keep a web process from answering (DURATION=5 ATTACK=pings)
	@exec $(PY) -m benchmarks.stalls

check: development ## check style, types, layers, generated files and house rules
	@$(MAKE) --no-print-directory -j 2 types others

# What `check` does beside `types`, which takes as long.
others:
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	@$(MAKE) --no-print-directory layers
	.venv/bin/deptry src
	$(PY) scripts/check_locks.py
	$(PY) scripts/check_commits.py
	$(PY) scripts/check_prose.py
	@$(MAKE) --no-print-directory drift rules

# Parts of `check` that .pre-commit-config.yaml runs too.
types:
	$(TOOL_ENV) DJANGO_SETTINGS_MODULE=moderado.config.settings.test $(PY) -m mypy

layers:
	.venv/bin/lint-imports

drift:
	$(TOOL_ENV) DJANGO_SETTINGS_MODULE=moderado.config.settings.web $(PY) scripts/check_drift.py

# House rules, and no secret in the repository. This imports every test: each can be, and the
# workers of `test` find all of them compiled.
rules:
	$(PY) -m pytest -q -m rules

hooks: development ## install pre-commit hooks that check the changed files of each commit
	@exec $(PY) -m pre_commit install --install-hooks

clean: ## remove .venv, caches and MODERADO_HOME with its database (asks first)
	@home="$${MODERADO_HOME:-.moderado}"; \
	if [ -d "$$home/pg" ] && [ "$(YES)" = "" ]; then \
	  printf 'Remove %s with its database? [y/N] ' "$$home"; read -r answer; [ "$$answer" = y ] || exit 1; \
	fi; \
	rm -rf "$$home" .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## update the lock files to the newest versions (needs uv)
	@UV_PYTHON_DOWNLOADS=never uv lock --quiet --upgrade
	@$(UV_EXPORT) --output-file requirements-server.lock > /dev/null
	@$(UV_EXPORT) --extra standalone --output-file requirements.lock > /dev/null
	@$(UV_EXPORT) --all-extras --output-file requirements-dev.lock > /dev/null
	@$(UV_EXPORT) --only-group install --output-file requirements-uv.lock > /dev/null

docs: development ## regenerate configuration, OpenAPI, AsyncAPI and guarantees from the source
	@$(TOOL_ENV) DJANGO_SETTINGS_MODULE=moderado.config.settings.web $(PY) scripts/write_docs.py

vocabulary: development ## compile the vocabulary of ordinary words again (SOURCE=folder of wordfreq/data)
	@exec $(PY) scripts/vocabulary.py --source $(SOURCE)

messages: development ## collect and compile the translations, and report missing ones
	@$(PY) scripts/catalogue.py

classifier: development ## train the embedded classifier from labelled texts, reproducibly (DATA=folder OUTPUT=folder)
	@test -n "$(DATA)" || { echo "name the folder of the training data: make classifier DATA=folder"; exit 1; }
	@exec $(PY) scripts/build_classifier.py "$(DATA)" $(if $(OUTPUT),--output "$(OUTPUT)")

evaluate: development ## measure lists and classifier beside public libraries on labelled texts (DATA=folder)
	@$(TOOL_ENV) DJANGO_SETTINGS_MODULE=moderado.config.settings.worker exec $(PY) scripts/evaluate.py "$(or $(DATA),scripts/sample)"

compose-test: development ## build the containers and test them through nginx
	@exec $(PY) deploy/compose_test.py

runtime:
	@scripts/venv requirements.lock

development:
	@scripts/venv requirements-dev.lock
