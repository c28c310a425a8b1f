"""Python files and packages from anywhere that register methods, stages or models.

They are imported by a name of their place, so that processes agree.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path

PREFIX = 'zs_plugin_'
_CHANGED = 'plugin {} has changed since the run began; start it again'


def import_file(path: Path, sha256: str | None = None) -> None:
    """Imports a file, or a folder with ``__init__.py``, as a module of its own; a second time does nothing.

    The module's name depends on its place, so that files of one name in two folders are two modules, and objects that
    one process has pickled are found by another that has imported the same file. The modules of a folder import each
    other relatively; all of them are imported.

    Args:
        path (Path): the file or folder, which is code and runs with the rights of this process.
        sha256 (str, optional): of the content that is expected, see `content_sha256`.

    Raises:
        ImportError: it is no Python file and no package, or has another content.
        Exception: whatever the file raises; it then counts as not imported.
    """
    path = path.resolve()
    name = f'{PREFIX}{path.stem.replace(".", "_")}_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}'
    module = sys.modules.get(name)
    if module is not None:
        if sha256 not in (None, module.__sha256__):
            raise ImportError(_CHANGED.format(path.name))
        return
    file, inside = (path / '__init__.py', [str(path)]) if path.is_dir() else (path, None)
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)
    if spec is None or (inside and not file.is_file()):
        raise ImportError('not a Python file (.py), nor a folder with __init__.py')
    found = content_sha256(path)
    if sha256 not in (None, found):
        raise ImportError(_CHANGED.format(path.name))
    module = importlib.util.module_from_spec(spec)
    module.__plugin__, module.__sha256__ = path, found
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        for part in sorted(path.glob('*.py')) if inside else ():  # whatever registers something
            if part.stem != '__init__':
                importlib.import_module(f'{name}.{part.stem}')
    except BaseException:
        for loaded in [other for other in sys.modules if other == name or other.startswith(f'{name}.')]:
            del sys.modules[loaded]
        raise


def imported_files() -> list[tuple[Path, str]]:
    """The files and folders that `import_file` has imported, in that order, each with its SHA-256 at that time."""
    return [(module.__plugin__, module.__sha256__) for name, module in sys.modules.items()
            if name.startswith(PREFIX) and hasattr(module, '__plugin__')]


def source_of(defined: type) -> Path:
    """What defines a class and all that it relies on beside installed packages: its file, or its plugin's folder."""
    module = sys.modules[defined.__module__.partition('.')[0]]
    return getattr(module, '__plugin__', None) or Path(inspect.getfile(defined))


def content_sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of names and content of all its files, hidden ones and caches aside."""
    if not path.is_dir():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.rglob('*')):
        parts = file.relative_to(path).parts
        if file.is_file() and not any(part.startswith('.') or part == '__pycache__' for part in parts):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f'{content} {"/".join(parts)}\n'.encode(errors='surrogateescape'))
    return digest.hexdigest()
