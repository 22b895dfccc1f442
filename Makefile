# `make echo` runs the echo server, `make spec` the specs, `make docs` builds the site in site/,
# `make bench` measures, `make soak` keeps 10,000 connections busy for minutes, `make parity` compares
# with the original, `make sanitize` looks for undefined behaviour in the compiled part, and
# `make fuzz TARGET=frames SECONDS=600` fuzzes a target of fuzz/README.md.
# Options: make bench BENCH=--quick, make soak SOAK='--minutes 2'. Each makes .venv first.

PYTHON ?= python3
PORT ?= 4180
TARGET ?= machines
SECONDS ?= 60
VENV := .venv

# What is run again without the compiled part: everything that parses in the same process.
PURE := spec/driver spec/extensions spec/permessage_deflate spec/differences_spec.py \
	spec/frames_spec.py spec/parity_spec.py spec/peers_spec.py

.PHONY: bench soak echo spec sanitize parity fuzz docs clean

echo: $(VENV)/installed
	@$(VENV)/bin/python examples/echo_server.py $(PORT)

spec: $(VENV)/installed-for-specs
	$(VENV)/bin/pytest --cov --cov-report=term-missing
	WEBSOCKET_DRIVER_PURE_PYTHON=1 $(VENV)/bin/pytest --quiet $(PURE)

# The compiled part under AddressSanitizer and UndefinedBehaviorSanitizer, which end the run at what
# they find. Python's own memory comes from malloc, so that they see all of it.
sanitize: $(VENV)/installed-for-specs
	@rm -rf build/sanitized && mkdir -p build
	@CFLAGS="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
		$(VENV)/bin/python setup.py --quiet build --force --build-base build/sanitizing \
		--build-lib build/sanitized >build/sanitize.log 2>&1; ls build/sanitized/websocket_driver/_speedups.*so >/dev/null \
		|| { cat build/sanitize.log; exit 1; }
	LD_PRELOAD=$$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
		$(VENV)/bin/pytest --quiet -o pythonpath="build/sanitized ." -p no:cacheprovider \
		spec/frames_spec.py spec/driver/hybi_spec.py spec/wire_spec.py

parity: $(VENV)/installed-for-specs
	@npm ci --silent --no-audit --no-fund --prefix spec/parity
	@$(VENV)/bin/python spec/parity/parity.py --sessions 20000 --seed 1
	@$(VENV)/bin/python spec/node/parity/parity.py --count 1500 --seed 1

fuzz: $(VENV)/installed-for-fuzz
	@$(VENV)/bin/python -m fuzz $(TARGET) $(SECONDS) $(FUZZ)

docs: $(VENV)/installed-for-docs
	$(VENV)/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs site
	@echo "The site is in site/: open site/index.html"

bench: $(VENV)/installed-for-bench
	@$(VENV)/bin/python -m benchmarks $(BENCH)

soak: $(VENV)/installed
	@$(VENV)/bin/python -m benchmarks.soak $(SOAK)

$(VENV)/bin/pip:
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || sh -c '\
		rm -rf $(VENV); \
		test "$$(id -u)" = 0 && sudo= || sudo=sudo; \
		echo "Installing python3-venv, which Debian has apart from Python"; \
		$$sudo apt-get update -q >/dev/null && $$sudo apt-get install -qy python3-venv >/dev/null && \
		$(PYTHON) -m venv $(VENV)' \
	|| { echo "Cannot make $(VENV): install python3-venv, then try again" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/installed: setup.cfg setup.py websocket_driver/_speedups.c | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-for-specs: setup.cfg setup.py websocket_driver/_speedups.c | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[spec,examples,bench]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-for-docs: setup.cfg setup.py | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-for-bench: setup.cfg setup.py websocket_driver/_speedups.c | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-for-fuzz: setup.cfg setup.py websocket_driver/_speedups.c | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[spec,fuzz]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist site *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
