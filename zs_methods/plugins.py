"""Python files from anywhere that register methods, stages or models; imported by name, so that processes agree."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

PREFIX = 'zs_plugin_'
_CHANGED = 'plugin {} has changed since the run began; start it again'


def import_file(path: Path, sha256: str | None = None) -> None:
    """Imports a file as a module of its own; a second time does nothing.

    The module's name depends on the file's place, so that files of one name in two folders are two modules, and objects
    that one process has pickled are found by another that has imported the same file.

    Args:
        path (Path): the file, which is code and runs with the rights of this process.
        sha256 (str, optional): of the content that is expected.

    Raises:
        ImportError: it is no Python file, or has another content.
        Exception: whatever the file raises; it then counts as not imported.
    """
    path = path.resolve()
    name = f'{PREFIX}{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}'
    module = sys.modules.get(name)
    if module is not None:
        if sha256 not in (None, module.__sha256__):
            raise ImportError(_CHANGED.format(path.name))
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError('not a Python file (.py)')
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 not in (None, found):
        raise ImportError(_CHANGED.format(path.name))
    module = importlib.util.module_from_spec(spec)
    module.__sha256__ = found
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def imported_files() -> list[tuple[Path, str]]:
    """The files that `import_file` has imported, in that order, each with the SHA-256 it had then."""
    return [(Path(module.__file__), module.__sha256__) for name, module in sys.modules.items()
            if name.startswith(PREFIX) and hasattr(module, '__sha256__')]
