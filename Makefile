PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test check fix bench clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

demo: .venv/light  ## the main job on the embedded log: shop, agents, tables, pictures, report
	$(BIN)/python scripts/compare.py --agents random popular epsilon_greedy hierarchical --customers 50000 --seeds 1 \
		--out results/demo

test: .venv/full  ## everything: lint, types, all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2

check: .venv/full  ## what a change must pass before it is sent: lint, format, types, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 -m "not slow"

fix: .venv/full  ## what can be repaired mechanically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/light  ## speed and memory, measured on this machine
	$(BIN)/python scripts/benchmark.py --out results/bench

clean:  ## removes the virtual environment and what was built
	rm -rf .venv build dist *.egg-info

# The marks tell what is installed; a change of pyproject.toml installs again.
.venv/pip:
	$(PYTHON) -m venv .venv
	touch $@

.venv/light: .venv/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/full: .venv/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev,mabwiser,minari,sb3,vw]"
	touch $@ .venv/light
