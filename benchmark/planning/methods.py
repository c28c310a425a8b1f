"""Which methods there are, and which are asked for; needs neither PyTorch nor mmseg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import zs_methods.methods  # noqa: F401  registers the methods
from benchmark.errors import UsageError, known
from zs_methods.methods import ROLES
from zs_methods.own_registries import METHODS
from zs_methods.plugins import import_file
from zs_methods.protocols import PROTOCOLS, stronger_access
from zs_methods.wording import one_line


def method_rows(protocol: str) -> list[tuple[str, ...]]:
    """Of every registered method: name, role, setting, what it reads of unseen labels under a card, summary."""
    handling = PROTOCOLS[known('protocol', protocol, PROTOCOLS)].handling
    return [(name, method.role, method.setting, stronger_access(method.reads_unseen_gt, handling), method.summary)
            for name, method in sorted(METHODS.module_dict.items())]


def chosen_methods(names: Sequence[str]) -> list[str]:
    """Requested methods between floor and ceiling, which join every run; imported ones have a command of their own."""
    registered = METHODS.module_dict
    roles = {role: sorted(name for name, method in registered.items() if method.role == role) for role in ROLES}
    for name in set(registered).difference(*roles.values()):
        raise UsageError(f'method {name!r}: role must be one of {", ".join(ROLES)}, got {registered[name].role!r}')
    selectable = set(registered).difference(roles['imported'])
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(sorted(selectable)))
    if list(names) == ['all']:
        names = roles['method']
    names = [known('method', name, selectable) for name in names]
    chosen = [name for name in dict.fromkeys(names) if name in roles['method']]
    return [*roles['floor'], *chosen, *roles['ceiling']]


def load_plugins(files: Sequence[Path]) -> None:
    """Imports plugin files, which register their methods and stages; a second time does nothing."""
    for file in files:
        if not file.exists():
            raise UsageError(f'--plugin {file}: no such file')
        try:
            import_file(file)
        except Exception as error:
            raise UsageError(f'--plugin {file}: {type(error).__name__}: {one_line(error)}') from error
