# Every target makes what it needs first, once. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= $(or $(RAG_PORT),8000)
KNOWLEDGE_BASE ?= knowledge_base
QUESTIONS := docs/demo_questions.txt
# What `make fit` fits on. RANKING_SETS: those of them that have questions with pages, if not all do.
SETS ?=
RANKING_SETS ?= $(SETS)
# Tests run in as many processes as there are processors, 4 at most (tests/conftest.py says which together).
PARALLEL := --numprocesses=auto --maxprocesses=4 --dist=loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: lint-deploy sbom pin-base help install models ingest demo serve test test-unit test-random coverage test-faults test-hostile test-container soak lint format bench bench-serving fit lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(VENV)/.installed  ## make .venv with the locked requirements (the first time about 5 minutes: llama.cpp is compiled for this machine)

# GCC 12 compiles ggml's AMX kernels into an illegal instruction (https://github.com/ggml-org/llama.cpp/pull/26954).
ifneq ($(shell grep -m1 -o amx_tile /proc/cpuinfo 2>/dev/null),)
$(VENV)/.installed: export CFLAGS += -mno-amx-tile -mno-amx-int8 -mno-amx-bf16
$(VENV)/.installed: export CXXFLAGS += -mno-amx-tile -mno-amx-int8 -mno-amx-bf16
endif

# torch comes first, and alone: requirements-torch.txt says why. The last step makes the command .venv/bin/pageproof.
$(VENV)/.installed: requirements.txt requirements-torch.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	@command -v c++ >/dev/null || { echo "A C++ compiler is needed (Debian: apt install g++)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# Its digest is known for Python 3.11 alone.
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && cp requirements-torch.txt $(VENV)/torch.txt \
		|| sed -E '/^ *--hash=/d; s/ \\$$//' requirements-torch.txt > $(VENV)/torch.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r $(VENV)/torch.txt
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --quiet -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

models: install  ## fetch the weights that the settings need, by digest (1.3 GB, once)
	@$(BIN)/python -m rag models fetch

# 3: published, but some files could not be read; the report has said which.
ingest: models  ## bring the index in line with KNOWLEDGE_BASE=folder (default: knowledge_base)
	@$(BIN)/python -m ingest "$(KNOWLEDGE_BASE)" || test $$? -eq 3

demo: ingest  ## everything from nothing: install, fetch, ingest, and ask three questions
	@echo; $(BIN)/python -m rag ask - < $(QUESTIONS); code=$$?; test $$code -eq 0 -o $$code -eq 4

# An index that is there is served as it is: it may be of other documents than the default ones. An empty folder gets its
# first documents on the page.
serve: models  ## the service on 127.0.0.1:8000 (PORT=...), after ingesting KNOWLEDGE_BASE=folder if given or if there is no index
	@test "$(origin KNOWLEDGE_BASE)" = file -a -e "$${RAG_INDEX:-indexes}/CURRENT" \
		|| test -d "$(KNOWLEDGE_BASE)" -a -z "$$(find "$(KNOWLEDGE_BASE)" -type f ! -name '.*' -print -quit)" \
		|| $(BIN)/python -m ingest "$(KNOWLEDGE_BASE)" || test $$? -eq 3
	@$(BIN)/python -m rag serve --port $(PORT) --adding "$(KNOWLEDGE_BASE)"

test: lint  ## lint, types, and all tests but the container's
	@$(BIN)/python -m rag models fetch smollm2-135m-instruct-q4_1 all-minilm-l6-v2 ms-marco-minilm-l12-v2
	$(BIN)/python -m pytest -m "not container" $(PARALLEL)

test-unit: $(VENV)/.installed-dev  ## the tests that need neither weights nor a network
	$(BIN)/python -m pytest tests/unit tests/benchmarks tests/test_architecture.py $(PARALLEL)

test-random: $(VENV)/.installed-dev  ## as test, without lint, in an order of its own: the seed it prints repeats it (--random-order-seed)
	$(BIN)/python -m pytest -m "not container" --random-order $(PARALLEL)

coverage: $(VENV)/.installed-dev  ## which lines of rag and ingest the tests reach (pytest-cov); apart from test, for it takes longer
	$(BIN)/python -m pytest -m "not container" --cov=rag --cov=ingest --cov-branch --cov-report=term-missing:skip-covered $(PARALLEL)

test-faults: $(VENV)/.installed-dev  ## every fault that a disk can have while an index is published (minutes; root for the full disk)
	PAGEPROOF_FAULTS=all $(BIN)/python -m pytest -m faults tests/faults

test-container: $(VENV)/.installed-dev  ## build the image, run the compose project offline, ask it (needs a Docker engine)
	$(BIN)/python -m pytest -m container tests/container

test-hostile: $(VENV)/.installed-dev  ## the job over 250 hostile files and 1,000 damaged ones (about ten minutes)
	$(BIN)/python -m pytest -m hostile tests/hostile

# Atheris has wheels for few machines; without it fuzzing goes by chance.
soak: $(VENV)/.installed-dev  ## hours: requests from the API's schema, slow clients, 60 stops, fuzzing, seeded defects, load; prints one table (SOAK="stopping --rounds 5")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt || echo "without Atheris"
	$(BIN)/python -m tests.soak $(SOAK)

lint: $(VENV)/.installed-dev  ## ruff and mypy, as .pre-commit-config.yaml runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Apart from `lint`, for the tools need 60 MB of their own.
lint-deploy: $(VENV)-tools/.installed  ## hadolint of the Dockerfiles, compose-lint of the compose file, promtool of the alert rules (if it is installed)
	$(VENV)-tools/bin/hadolint Dockerfile deploy/*/Dockerfile
	$(VENV)-tools/bin/compose-lint check --fail-on low docker-compose.yml
	@if command -v promtool >/dev/null; then cd deploy/prometheus && promtool check rules alerts.yml && promtool test rules alerts_test.yml; \
	else echo "promtool is not installed (Debian: apt install prometheus): the alert rules were not checked"; fi

$(VENV)-tools/.installed: requirements-tools.txt
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt
	@touch $@

sbom: $(VENV)-tools/.installed  ## sbom.cdx.json: all Python packages of the lock with their digests, in CycloneDX
	$(VENV)-tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file sbom.cdx.json requirements.txt

# Any registry that docker is logged in to; the tag stays, for people.
pin-base:  ## write the digest that the base image's tag has now into Dockerfile (docker, and its registry)
	@image=$$(sed -n 's/^ARG BASE_IMAGE=\([^@]*\).*/\1/p' Dockerfile) \
	&& docker pull --quiet "$$image" >/dev/null \
	&& digest=$$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$$image" | sed -n 's/.*@//p' | head -n 1) \
	&& { test -n "$$digest" || { echo "$$image has no digest: it does not come from a registry"; exit 1; }; } \
	&& sed -i "s|^ARG BASE_IMAGE=.*|ARG BASE_IMAGE=$$image@$$digest|" Dockerfile \
	&& grep '^ARG BASE_IMAGE=' Dockerfile

format: $(VENV)/.installed-dev  ## rewrite the sources as ruff likes them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: models  ## the benchmarks, hours; results in benchmarks/results
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.ingest $(KNOWLEDGE_BASE)
	$(BIN)/python -m benchmarks.encoders
	$(BIN)/python -m benchmarks.ocr $(KNOWLEDGE_BASE)
	$(BIN)/python -m benchmarks.answers $(KNOWLEDGE_BASE) --sample 40
	$(MAKE) bench-serving

# llama-server is compiled first, and the peers' settings are tried, where that was not done; both stay.
bench-serving: ingest $(VENV)/.installed-dev  ## answers under load against llama-server and a locked Llama (hours; cmake)
	$(BIN)/python -m benchmarks.serving.build_llama_server
	test -e benchmarks/results/llama-server-best.json || $(BIN)/python -m benchmarks.serving --find-best
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.decoding

# What the models say is kept in benchmarks/results: a run that was interrupted goes on, and after a change of the
# program only what has changed is asked anew.
fit: models  ## fit the constants of ranking, composing and confidence on SETS="name=index:questions.jsonl ..." (hours; resumable)
	@test -n "$(SETS)" || { echo 'On what? make fit SETS="manual=indexes/manual:manual.jsonl law=indexes/law:law.jsonl"'; exit 2; }
	$(BIN)/python -m benchmarks.fit_ranking $(RANKING_SETS:%=--set %)
	$(BIN)/python -m benchmarks.fit_usefulness $(SETS:%=--set %)
	$(BIN)/python -m benchmarks.collect_features --withheld $(SETS:%=--set %)
	$(BIN)/python -m benchmarks.fit_confidence $(foreach set,$(SETS),$(call features,$(firstword $(subst =, ,$(set)))))

features = $(1)=benchmarks/results/features-$(1).jsonl

lock: $(VENV)/.installed-dev  ## make the lock files anew from pyproject.toml
	@command -v uv >/dev/null || { echo "uv is needed: pip install uv"; exit 1; }
	uv pip compile pyproject.toml --generate-hashes --python-version 3.11 $(LOCK_OPTIONS) --no-header -o requirements.txt
	uv pip compile --group dev --constraint requirements.txt --generate-hashes --python-version 3.11 $(LOCK_OPTIONS) --no-header -o requirements-dev.txt

clean:  ## remove .venv and caches; weights and indexes stay
	rm -rf $(VENV) $(VENV)-tools sbom.cdx.json *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
