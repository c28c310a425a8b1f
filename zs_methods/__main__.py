"""Says which zs_methods this is and what it runs on: ``python -m zs_methods``."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import zs_methods
from zs_methods.compat import found
from zs_methods.configs import config_root


def main() -> str | None:
    """Prints versions, the folder of the configs, and where the harness is.

    Returns:
        str, optional: what is wrong with the installation.
    """
    try:
        configs = config_root()
    except FileNotFoundError as error:
        return str(error)
    print(f'zs_methods {zs_methods.__version__}: the mmsegmentation plugin, in {Path(zs_methods.__file__).parent}')
    print(f'configs: {configs}')
    print(', '.join(f'{name} {_version(name)}' for name in ('torch', 'mmengine', 'mmsegmentation')) +
          f', mmcv {_version("mmcv")} with {found()["mmcv_ext"]} ops')
    run = configs.parent / 'benchmark' / 'run.py'
    if run.is_file():
        print(f'harness: python {run} --help')
    else:
        print('harness: not installed; it runs from a checkout of the repository: python benchmark/run.py --help')
    return None


def _version(name: str) -> str:
    for package in (name, f'{name}-lite'):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return 'not installed'


if __name__ == '__main__':
    sys.exit(main())
