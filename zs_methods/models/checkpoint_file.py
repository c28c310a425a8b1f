"""Reads what torch.save wrote without running anything in it: the one reader for files that others made."""

from __future__ import annotations

import pickle
import re
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch


class CheckpointError(ValueError):
    """A file that is no checkpoint, or not one of the task at hand; the message is one line and names the file."""


def load_tensors(file: Path) -> Any:
    """What `torch.load` reads under ``weights_only``, on the CPU; numpy scalars become placeholders.

    Raises:
        CheckpointError: the pickle asks for anything else, which is named, or the file is none of torch's.
        OSError: the file cannot be opened.
    """
    with file.open('rb'):
        pass
    try:
        with _placeholders(), warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of pickle protocols that it then fails to read
            return torch.load(file, map_location='cpu', weights_only=True)
    except Exception as error:  # a foreign or crafted file can raise anything
        raise CheckpointError(f'{file}: {_reason(error)}') from None


class _Inert:
    """Takes the place of a numpy scalar, the best score in many checkpoints: accepts anything, keeps nothing."""

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


#: The globals of a pickled numpy scalar, under old and new names. numpy's own could be made to read any memory.
_NUMPY = {f'{module}.{name}': type(name, (_Inert,), {'__module__': module}) for module, name in (
    ('numpy', 'dtype'), ('numpy.core.multiarray', 'scalar'), ('numpy._core.multiarray', 'scalar'))}


def _placeholders() -> AbstractContextManager:
    """Lets `torch.load` read numpy scalars as `_Inert`; before torch 2.5 it refuses them."""
    safe_globals = getattr(torch.serialization, 'safe_globals', None)
    return safe_globals(list(_NUMPY.values())) if safe_globals else nullcontext()


def _reason(error: Exception) -> str:
    """Why torch did not read a file, from its error but without its advice to read the file unsafely."""
    text = ' '.join(str(error).split())
    if isinstance(error, pickle.UnpicklingError):
        wanted = re.search(r'(?:GLOBAL|Unsupported class|unrecognized function|unrecognized class) (\S+)', text)
        if wanted and wanted[1] in _NUMPY:
            return f'refused, since its pickle asks for {wanted[1]}: torch >= 2.5 reads such files, this is ' \
                   f'{torch.__version__}'
        if wanted:
            return f'refused, since its pickle asks for {wanted[1]} and could run code; only tensors are read'
        _, found, detail = text.rpartition('WeightsUnpickler error: ')
        detail = detail.partition(' Check the documentation')[0]
        return 'not a checkpoint of torch, or one that it will not read without running code' + (
            f' ({detail})' if found and detail else '')
    if isinstance(error, RuntimeError) and text:
        return f'not a checkpoint of torch, or damaged ({text.split(". ")[0].rstrip(".")})'
    return 'not a checkpoint of torch, or damaged'
