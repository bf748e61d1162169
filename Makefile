# `make demo` and `make test` do their whole set-up: all they need is make and Python 3.11 or newer.
# uv is used where it is on the PATH, else pip; both install from requirements/*.txt, and only what the hashes there name.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRAIN := .venv-train
ENV := .venv-env
REAL := .venv-real
BROWSER := .venv-browser
AUDIT := .venv-audit
UV := $(shell command -v uv 2>/dev/null)
# The checks against TRL need a torch. Which file that is differs from machine to machine, so no hash is locked for it.
TORCH ?= torch==2.13.0
PYTEST_ARGS ?=
AUDITOR ?= pip-audit==2.10.1
# An old release that is known to be vulnerable: where it is not said to be, no advisory can be had from here.
ADVISED ?= https://pypi.org/pypi/jinja2/2.10/json

export PIP_DISABLE_PIP_VERSION_CHECK := 1

ifneq ($(UV),)
new_venv = $(UV) venv --quiet --python "$(PYTHON)" $(1)
install = $(UV) pip install --quiet --python $(1)/bin/python
else
new_venv = "$(PYTHON)" -m venv $(1)
install = $(1)/bin/python -m pip install --quiet
endif

define require_python
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
	"personagen needs Python 3.11 or newer, but $(PYTHON) is '$$("$(PYTHON)" --version 2>&1)': name a newer one, as in: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
endef

# Said before what takes long.
define installing
	@echo "installing $$(grep -c '==' requirements/$(1).txt) packages into $(2)/: about $(3)"
endef

.PHONY: help demo test test-slow test-train test-env test-browser screenshots check audit real real-short loop loop-short bench bench-short faults faults-short lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: $(VENV)/.project  ## personas, conversations and preference pairs in outputs/demo: offline, no key, two minutes at first
	rm -rf outputs/demo
	$(BIN)/personagen expand --target 60 --personalities 40 --seed 7 --out outputs/demo/pool
	$(BIN)/personagen simulate --personas outputs/demo/pool/personas.jsonl --conversations 12 --turns 6 --seed 7 --out outputs/demo/run
	$(BIN)/personagen export outputs/demo/run --format trl --out outputs/demo/pairs.jsonl
	$(BIN)/personagen show outputs/demo/run 1
	@echo
	@echo "personas:      outputs/demo/pool/personas.jsonl"
	@echo "conversations: outputs/demo/run/trees.jsonl"
	@echo "pairs for TRL: outputs/demo/pairs.jsonl"
	@echo
	@echo "to go on:      $(BIN)/personagen show outputs/demo/run 2"
	@echo "               $(BIN)/personagen --help"
	@echo "after 'source $(BIN)/activate' the command is personagen alone"

test: $(VENV)/.dev  ## the tests
	@echo "running the tests: four minutes on two cores"
	$(BIN)/python -m pytest -n auto -rs -m "not slow" $(PYTEST_ARGS)

test-slow: $(VENV)/.dev  ## the tests with many examples or large input: two to three minutes
	$(BIN)/python -m pytest -n auto -rs -m slow $(PYTEST_ARGS)

test-train: $(TRAIN)/.ready  ## the exported files through TRL and the newest datasets, and `train` on a tiny and on a real model: five minutes
	HF_HUB_OFFLINE=1 $(TRAIN)/bin/python -m pytest -W default tests/consumers $(PYTEST_ARGS)

test-env: $(ENV)/.ready  ## the live environment in TRL's GRPO and in verifiers, the benchmark in Inspect: one minute
	HF_HUB_OFFLINE=1 $(ENV)/bin/python -m pytest -W default tests/consumers/test_env_*.py $(PYTEST_ARGS)

test-browser: $(BROWSER)/.ready  ## reports in Chromium, which the system has: two minutes
	$(BROWSER)/bin/python -m pytest -W default tests/browser $(PYTEST_ARGS)

screenshots: $(BROWSER)/.ready demo  ## the pictures of a report in docs/images
	$(BROWSER)/bin/python -m tests.browser.screenshots outputs/demo/run docs/images

check: $(VENV)/.dev  ## format, lint, types and the tests: what must pass before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test-slow
	@$(MAKE) --no-print-directory test

real: $(REAL)/.ready  ## expand, simulate and evaluate on a real model behind real servers: an hour
	$(REAL)/bin/python benchmarks/real.py

loop: $(REAL)/.ready $(TRAIN)/.ready  ## expand, simulate, train and evaluate a real model, before and after: a few hours
	$(REAL)/bin/python benchmarks/loop.py --train-python $(TRAIN)/bin/python

loop-short: $(REAL)/.ready $(TRAIN)/.ready  ## the same with little data and 12 personas: half an hour
	$(REAL)/bin/python benchmarks/loop.py --train-python $(TRAIN)/bin/python --out outputs/loop-short \
		--conversations 300 --recipe benchmarks/loop_short.toml --limit 12 --turns 4

real-short: $(REAL)/.ready  ## the same with a few conversations, in a few minutes
	$(REAL)/bin/python benchmarks/real.py --short

audit: $(AUDIT)/.ready  ## every locked version against PyPI's advisories; needs the network, and fails without it
	@$(AUDIT)/bin/python -c "import json, urllib.request as u; assert json.load(u.urlopen('$(ADVISED)', timeout=30))['vulnerabilities']" \
	2>/dev/null || { echo "make audit: $(ADVISED) tells no advisories from here, so nothing was checked: run it where pypi.org can be reached" >&2; exit 1; }
	for lock in main dev train env real browser; do \
	$(AUDIT)/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r requirements/$$lock.txt || exit 1; done

bench: $(VENV)/.dev demo  ## every benchmark in full: about an hour, 20 GB of disk
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/waiting.py
	$(BIN)/python benchmarks/wire.py
	$(BIN)/python benchmarks/journal.py
	$(BIN)/python benchmarks/concurrency.py
	$(BIN)/python benchmarks/tokens.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/filter.py --n 100000 --dims 384
	$(BIN)/python benchmarks/nearest.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/paper_size.py
	$(BIN)/python benchmarks/results.py
	$(BIN)/python benchmarks/offline_cast.py
	$(BIN)/python benchmarks/realism.py
	$(BIN)/python benchmarks/trees.py
	$(BIN)/python benchmarks/gates.py
	$(BIN)/python benchmarks/planted.py outputs/demo/run
	$(BIN)/python benchmarks/coverage.py outputs/demo/pool/personas.jsonl
	$(BIN)/python benchmarks/export.py
	$(BIN)/python benchmarks/publish.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/evaluate.py

bench-short: $(VENV)/.dev demo  ## every benchmark in a small form, to see that it works
	$(BIN)/python benchmarks/throughput.py --short
	$(BIN)/python benchmarks/waiting.py --short
	$(BIN)/python benchmarks/wire.py --messages 2,20 --calls 64 --runs 1
	$(BIN)/python benchmarks/journal.py --answers 1000 --runs 1
	$(BIN)/python benchmarks/concurrency.py --calls 400 --seeds 1 --real-calls 60
	$(BIN)/python benchmarks/tokens.py --conversations 6 --turns 4 --seeds 1
	$(BIN)/python benchmarks/start.py --runs 1 --personas 20
	$(BIN)/python benchmarks/filter.py --n 3000
	$(BIN)/python benchmarks/nearest.py --n 20000 --candidates 500
	$(BIN)/python benchmarks/reading.py --rows 5000
	$(BIN)/python benchmarks/paper_size.py --short
	$(BIN)/python benchmarks/results.py --trees 500 --runs 1 --without datasets
	$(BIN)/python benchmarks/offline_cast.py --conversations 20
	$(BIN)/python benchmarks/realism.py --conversations 10 --turns 4
	$(BIN)/python benchmarks/trees.py --conversations 1 --turns 4
	$(BIN)/python benchmarks/gates.py --conversations 6 --turns 4 --kind order
	$(BIN)/python benchmarks/planted.py outputs/demo/run
	$(BIN)/python benchmarks/coverage.py outputs/demo/pool/personas.jsonl
	$(BIN)/python benchmarks/export.py --pairs 20000
	$(BIN)/python benchmarks/publish.py --pairs 2000
	$(BIN)/python benchmarks/report.py --conversations 200 --base 10 --turns 4
	$(BIN)/python benchmarks/evaluate.py --short

faults: $(VENV)/.dev  ## crashes, power cuts, a server that misbehaves: RELIABILITY.md in full, one to two hours; goes on when stopped
	$(BIN)/python -m tests.faults

faults-short: $(VENV)/.dev  ## the same in under five minutes
	$(BIN)/python -m tests.faults --short

# dev is the larger set, so it is resolved first and main has to agree with it. UPGRADE=--upgrade takes newer versions.
lock: export UV_CUSTOM_COMPILE_COMMAND := make lock
lock: compile := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links $(UPGRADE) pyproject.toml
lock:  ## resolve pyproject.toml again and write requirements/*.txt (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv on the PATH: see https://docs.astral.sh/uv" >&2; exit 1; }
	$(compile) --group dev -o requirements/dev.txt
	$(compile) --group build -c requirements/dev.txt -o requirements/main.txt
	printf "torch; python_version < '3'\nllm; python_version < '3'\nllama-cpp-python; python_version < '3'\n" \
	| $(compile) --group train --override - -o requirements/train.txt
	printf "torch; python_version < '3'\nllm; python_version < '3'\nllama-cpp-python; python_version < '3'\n" \
	| $(compile) --group env --override - -o requirements/env.txt
	printf "llm; python_version < '3'\nllama-cpp-python; python_version < '3'\n" \
	| $(compile) --group real --override - -o requirements/real.txt
	printf "playwright; python_version < '3'\npytest-playwright; python_version < '3'\n" \
	| $(compile) --group browser --override - -o requirements/browser.txt

clean:  ## remove the environments and caches; outputs/ stays
	rm -rf .venv .venv-train .venv-env .venv-real .venv-browser .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

# A stamp is written last, so an interrupted set-up starts again from nothing. Changed requirements do so too: nothing
# that was installed by hand, or is no longer asked for, can make a test pass.
$(VENV)/.main: requirements/main.txt requirements/dev.txt
	$(require_python)
	rm -rf $(VENV)
	$(call installing,main,$(VENV),one to two minutes)
	$(call new_venv,$(VENV))
	$(call install,$(VENV)) --require-hashes -r requirements/main.txt
	@touch $@

$(VENV)/.project: $(VENV)/.main pyproject.toml
	$(call install,$(VENV)) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.project
	$(call installing,dev,$(VENV),half a minute)
	$(call install,$(VENV)) --require-hashes -r requirements/dev.txt
	@touch $@

$(AUDIT)/.ready:
	$(require_python)
	rm -rf $(AUDIT)
	"$(PYTHON)" -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet $(AUDITOR)
	@touch $@

$(REAL)/.ready: requirements/real.txt
	$(require_python)
	rm -rf $(REAL)
	$(call installing,real,$(REAL),five minutes)
	$(call new_venv,$(REAL))
	$(call install,$(REAL)) --no-deps --require-hashes -r requirements/real.txt
	$(call install,$(REAL)) --no-deps --no-build-isolation -e .
	@touch $@

$(BROWSER)/.ready: requirements/browser.txt
	$(require_python)
	@{ command -v chromedriver && { command -v chromium || command -v chromium-browser || command -v google-chrome; }; } >/dev/null \
	|| { echo "Chromium and its driver are not here: install them, as with apt-get install chromium chromium-driver" >&2; exit 1; }
	rm -rf $(BROWSER)
	$(call installing,browser,$(BROWSER),two minutes)
	$(call new_venv,$(BROWSER))
	$(call install,$(BROWSER)) --no-deps --require-hashes -r requirements/browser.txt
	$(call install,$(BROWSER)) --no-deps --no-build-isolation -e .
	@touch $@

$(TRAIN)/.ready: requirements/train.txt
	$(require_python)
	rm -rf $(TRAIN)
	$(call installing,train,$(TRAIN),five minutes)
	"$(PYTHON)" -m venv $(TRAIN)
	$(TRAIN)/bin/python -m pip install --quiet $(TORCH)
	$(TRAIN)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/train.txt
	@touch $@

$(ENV)/.ready: requirements/env.txt
	$(require_python)
	rm -rf $(ENV)
	$(call installing,env,$(ENV),six minutes)
	"$(PYTHON)" -m venv $(ENV)
	$(ENV)/bin/python -m pip install --quiet $(TORCH)
	$(ENV)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/env.txt
	$(ENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
