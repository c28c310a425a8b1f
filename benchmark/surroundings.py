"""Environment variables that libraries read while they are imported, set for this process and its jobs."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from zs_methods.compat import ensure_home

#: What makes every x86-64 processor with AVX2 add, multiply and round alike, whoever made it: library -> variables.
#: Left to themselves, libraries choose kernels by the processor's maker and its widest registers, and those of one
#: choice add in another order than those of another.
ARITHMETIC: Mapping[str, Mapping[str, str]] = MappingProxyType({
    'torch': {
        'ATEN_CPU_CAPABILITY': 'avx2',
        'ONEDNN_MAX_CPU_ISA': 'AVX2',
        # Of MKL's branches the only one that it offers on processors of other makers than Intel.
        'MKL_CBWR': 'COMPATIBLE'},
    'numpy': {
        'OPENBLAS_CORETYPE': 'Haswell',
        # What one version of NumPy calls X86_V4, earlier ones name part by part; it passes over names it does not know.
        'NPY_DISABLE_CPU_FEATURES': 'X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR'},
    'cv2': {'OPENCV_IPP': 'avx2'}})
#: Libraries that had been loaded, with whatever they chose, before this module could say anything.
_EARLIER = frozenset(library for library in ARITHMETIC if library in sys.modules)


def settle() -> None:
    """Sets `ARITHMETIC` where the user has not and the processor has AVX2; changes else only what cannot work as it is.

    - ``HOME``, where there is none, see `ensure_home`.
    - ``MPLBACKEND`` of a notebook or a desktop becomes Agg, which every machine has; matplotlib refuses a name that it
      does not know when it is imported. A notebook's own backend stays in the notebook, where it can be imported.
    - What a job prints is spelled in ASCII where the encoding lacks a sign, as commands do it
      (`benchmark.commands.terminal`).
    """
    ensure_home()
    if _has_avx2():
        for variables in ARITHMETIC.values():
            for name, value in variables.items():
                os.environ.setdefault(name, value)
    if not _importable(os.environ.get('MPLBACKEND', '')):
        os.environ['MPLBACKEND'] = 'agg'
    encoding, _, errors = os.environ.get('PYTHONIOENCODING', '').partition(':')
    os.environ['PYTHONIOENCODING'] = f'{encoding}:{errors or "backslashreplace"}'
    # That it keeps its cache in a temporary folder where the user's cannot be written to is nothing to be told.
    logging.getLogger('matplotlib').setLevel(logging.ERROR)


def arithmetic(own: bool = True) -> dict[str, str]:
    """The variables of `ARITHMETIC` as they are set, by this program or by the user.

    Args:
        own (bool): leave out what came too late for this process; the processes it starts read all of them.
    """
    return {name: os.environ[name] for library, variables in ARITHMETIC.items() for name in variables
            if name in os.environ and not (own and library in _EARLIER)}


def _has_avx2() -> bool:
    """Whether the processor has AVX2 and FMA, without which code made for them cannot run; no where nobody tells."""
    with suppress(OSError):
        flags = re.search(r'^flags\s*:(.*)$', Path('/proc/cpuinfo').read_text(encoding='utf-8'), re.MULTILINE)
        return flags is not None and {'avx2', 'fma'} <= set(flags[1].split())
    return False


def _importable(backend: str) -> bool:
    """Whether a backend of matplotlib is a module that is there."""
    prefix, _, module = backend.partition('module://')
    try:
        return not prefix and bool(module) and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
