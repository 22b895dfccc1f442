# What a user of a clone wants:
#   make echo        runs the echo server on port 4180, or PORT=...
#   make spec        runs all specs; make ported, only the original's 352 examples
#   make docs        builds the site in site/
# What a developer wants besides:
#   make check       lint, types and metadata, as CI does; make dist, the sdist and a wheel
#   make nox         the specs on other interpreters, without the compiled part, with other pyees
#   make bench       measures, and writes to build/bench; BENCH=--quick, BENCH=--publish
#   make soak        keeps 10,000 connections busy for minutes; SOAK='--minutes 2'
#   make parity      replays 20,000 random sessions on the original and here, and compares
#   make sanitize    runs the specs of the compiled part under AddressSanitizer and UBSan
#   make fuzz        fuzzes a target of fuzz/README.md: TARGET=frames SECONDS=600
#   make mutants     changes the code in small ways that a spec must notice: MUTANTS='flow hybi'
# Each makes .venv first, and installs there what it needs.

PYTHON ?= python3
PORT ?= 4180
TARGET ?= machines
SECONDS ?= 60
VENV := .venv
PIP := $(VENV)/bin/python -m pip --quiet --quiet --disable-pip-version-check
PYTEST := $(VENV)/bin/pytest
# On all cores; the specs of a file stay together, because they share servers.
PARALLEL := --numprocesses auto --dist loadfile
SPEEDUPS := $(shell find websocket_driver -name '*.[ch]')

# What is run again without the compiled part: everything that parses in the same process.
PURE := spec/driver spec/extensions spec/permessage_deflate spec/differences_spec.py \
	spec/driver/hybi/codec_spec.py spec/http_parser_spec.py spec/parity_spec.py spec/peers_spec.py
PORTED := spec/driver spec/extensions spec/permessage_deflate

# The npm packages that some specs talk to, where npm is there.
NODE_PEERS := $(if $(shell command -v npm), \
	$(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard spec/*/package-lock.json)))

.PHONY: bench check clean dist docs echo fuzz lint metadata mutants nox parity ported sanitize soak spec types

echo: $(VENV)/installed
	@$(VENV)/bin/python examples/echo_server.py $(PORT)

spec: $(VENV)/installed-for-specs $(NODE_PEERS)
	$(PYTEST) $(PARALLEL) -rs --cov --cov-report=term-missing
	WEBSOCKET_DRIVER_PURE_PYTHON=1 $(PYTEST) $(PARALLEL) --quiet --no-cov $(PURE)

ported: $(VENV)/installed-for-specs
	@$(PYTEST) --quiet --no-header --no-cov --ported $(PORTED)

check: lint types metadata

lint: $(VENV)/installed-for-specs
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/installed-for-specs
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright

metadata: $(VENV)/installed-for-specs $(VENV)/installed-for-dist
	$(VENV)/bin/check-manifest --quiet
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(VENV)/bin/pre-commit validate-config

dist: $(VENV)/installed-for-dist
	@rm -rf dist
	$(VENV)/bin/python -m build --quiet
	$(VENV)/bin/twine check --strict dist/*
	$(VENV)/bin/check-wheel-contents dist/*.whl

nox: $(VENV)/installed-for-specs
	$(VENV)/bin/nox --no-error-on-missing-interpreters $(NOX)

# The compiled part under AddressSanitizer and UndefinedBehaviorSanitizer, which end the run at what
# they find. Python's own memory comes from malloc, so that they see all of it.
sanitize: $(VENV)/installed-for-specs
	@rm -rf build/sanitized && mkdir -p build
	@CFLAGS="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
		$(VENV)/bin/python setup.py --quiet build --force --build-base build/sanitizing \
		--build-lib build/sanitized >build/sanitize.log 2>&1; \
		find build/sanitized -name '_speedups*.so' | grep -q . || { cat build/sanitize.log; exit 1; }
	LD_PRELOAD=$$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
		$(PYTEST) --quiet -o pythonpath="build/sanitized ." -p no:cacheprovider \
		spec/driver/hybi spec/driver/hybi_spec.py spec/emitter_spec.py spec/http_parser_spec.py \
		spec/speedups_spec.py spec/streams_spec.py spec/wire_spec.py

parity: $(VENV)/installed-for-specs spec/parity/node_modules/.package-lock.json
	@$(VENV)/bin/python -m spec.parity.parity --sessions 20000 --seed 1
	@$(VENV)/bin/python -m spec.node.parity.parity --count 1500 --seed 1
	@$(VENV)/bin/python -m spec.node.parity.http --random 1500 --seed 1

fuzz: $(VENV)/installed-for-fuzz
	@$(VENV)/bin/python -m fuzz $(TARGET) $(SECONDS) $(FUZZ)

mutants: $(VENV)/installed-for-mutants
	@$(VENV)/bin/python -m mutants $(MUTANTS)

docs: $(VENV)/installed-for-docs
	$(VENV)/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs site
	@echo "The site is in site/: open site/index.html"

bench: $(VENV)/installed-for-bench
	@$(VENV)/bin/python -m benchmarks $(BENCH)

soak: $(VENV)/installed
	@$(VENV)/bin/python -m benchmarks.soak $(SOAK)

# Debian has the module venv in a package of its own, and a pip that knows no dependency groups.
$(VENV)/bin/pip:
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || sh -c '\
		rm -rf $(VENV); \
		test "$$(id -u)" = 0 && sudo= || sudo=sudo; \
		echo "Installing python3-venv, which Debian has apart from Python"; \
		$$sudo apt-get update -q >/dev/null && $$sudo apt-get install -qy python3-venv >/dev/null && \
		$(PYTHON) -m venv $(VENV)' \
	|| { echo "Cannot make $(VENV): install python3-venv, then try again" >&2; rm -rf $(VENV); exit 1; }
	@$(PIP) install --upgrade 'pip>=25.1' || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: pyproject.toml setup.cfg setup.py $(SPEEDUPS) | $(VENV)/bin/pip
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-for-%: $(VENV)/installed
	$(PIP) install --group $*
	@touch $@

%/node_modules/.package-lock.json: %/package-lock.json
	npm ci --silent --no-audit --no-fund --prefix $*
	@touch $@

clean:
	rm -rf $(VENV) build dist site *.egg-info .coverage .hypothesis .mypy_cache .nox .pytest_cache .ruff_cache
