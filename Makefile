# make setup    virtual environment in .venv with pinned versions
# make bench    the embedded benchmark: both methods, K = 2 to 10, into reports/local beside the reference
# make test     linter, types and fast tests
# make test-slow    the other tests, a Ray cluster and killed processes among them
# make test-gpu    those that need a GPU: four minutes; PY=python for an environment of your own
# make report   render the committed reports again from their records
# make docs     the documentation as a site, in site/
# Another interpreter: make setup PYTHON=python3.12

PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input install --quiet -c constraints.txt

.PHONY: setup bench test test-slow test-gpu lint report docs clean

setup: .venv/.stamp

.venv/.stamp: constraints.txt setup.cfg setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 10) <= v <= (3, 12) and \
		"Python 3.10, 3.11 or 3.12 is needed, $(PYTHON) is %d.%d: make setup PYTHON=..." % v)'
	@echo 'setup 1/3: virtual environment in .venv'
	@$(PYTHON) -m venv .venv
	@echo 'setup 2/3: packages (the first time this takes some minutes, most of it for PyTorch)'
	@$(PIP) -e '.[test]'
	@echo 'setup 3/3: mmcv and OpenCV'
	@# A full mmcv is kept if there is one.
	@$(PY) -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("mmcv"))' || $(PIP) -e '.[lite]'
	@# The ordinary OpenCV needs a machine with X11 libraries.
	@$(PY) -c 'import cv2' 2>/dev/null || $(PIP) --no-deps --force-reinstall opencv-python-headless
	@$(PY) -c 'import zs_methods, mmseg.models' && touch $@ && echo 'setup: done'

bench: setup
	$(PY) benchmark/run.py --methods zs3,zsmmd --ks 2,4,6,8,10

# As many tests at a time as there are cores, each on one thread.
test: lint
	OMP_NUM_THREADS=1 $(PY) -m pytest -m 'not slow and not gpu' -n auto --dist loadfile

test-slow: setup
	@$(PY) -c 'import mkdocs, playwright, ray, submitit' 2>/dev/null || $(PIP) -e '.[browser,docs,ray,slurm]'
	OMP_NUM_THREADS=1 $(PY) -m pytest -m 'slow and not gpu' -n auto --dist loadfile

# One after the other: they share the GPU.
test-gpu: $(if $(filter .venv/%,$(PY)),setup)
	$(PY) -m pytest tests/gpu -m gpu -rs --durations=10

lint: setup
	$(PY) -m ruff check .
	@! $(PY) -c 'import mypy' 2>/dev/null || $(PY) -m mypy

report: setup
	$(PY) -m benchmark report --reports reports

docs: setup
	@$(PY) -c 'import mkdocs' 2>/dev/null || $(PIP) -e '.[docs]'
	$(PY) -m mkdocs build --strict

# Keeps .venv, data, work_dirs and reports.
clean:
	rm -rf build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
