# Two commands: `make echo` runs the echo server, `make spec` the specs. Both make .venv first.

PYTHON ?= python3
PORT ?= 4180
VENV := .venv

.PHONY: echo spec parity clean

echo: $(VENV)/installed
	@$(VENV)/bin/python examples/echo_server.py $(PORT)

spec: $(VENV)/installed-for-specs
	$(VENV)/bin/pytest --cov --cov-report=term --cov-report=term-missing

parity: $(VENV)/installed-for-specs
	@npm ci --silent --no-audit --no-fund --prefix spec/parity
	@$(VENV)/bin/python spec/parity/parity.py --sessions 20000 --seed 1

$(VENV)/bin/pip:
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || sh -c '\
		rm -rf $(VENV); \
		test "$$(id -u)" = 0 && sudo= || sudo=sudo; \
		echo "Installing python3-venv, which Debian has apart from Python"; \
		$$sudo apt-get update -q >/dev/null && $$sudo apt-get install -qy python3-venv >/dev/null && \
		$(PYTHON) -m venv $(VENV)' \
	|| { echo "Cannot make $(VENV): install python3-venv, then try again" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/installed: setup.cfg setup.py | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-for-specs: setup.cfg setup.py | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[spec,examples]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
