"""Python files from anywhere that register methods, stages or models; imported by name, so that processes agree."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

PREFIX = 'zs_plugin_'


def import_file(path: Path) -> None:
    """Imports a file as a module of its own; a second time does nothing.

    The module's name depends on the file's place, so that files of one name in two folders are two modules, and objects
    that one process has pickled are found by another that has imported the same file.

    Args:
        path (Path): the file, which is code and runs with the rights of this process.

    Raises:
        ImportError: it is no Python file.
        Exception: whatever the file raises; it then counts as not imported.
    """
    path = path.resolve()
    name = f'{PREFIX}{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}'
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError('not a Python file (.py)')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def imported_files() -> list[Path]:
    """The files that `import_file` has imported, in that order."""
    return [Path(module.__file__) for name, module in sys.modules.items() if name.startswith(PREFIX)]
