"""Where the configs are: beside the package in a checkout, inside of it once it is installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def config_root() -> Path:
    """The folder of ``_base_/``, ``deeplab/`` and one folder per method.

    A built package has its own in ``.mim/configs``, as OpenMMLab's packages do; it is asked for first, since what lies
    beside an installed package may be anybody's.

    Raises:
        FileNotFoundError: there is none; one line.
    """
    places = _PACKAGE / '.mim' / 'configs', _PACKAGE.parent / 'configs'
    for folder in places:
        if (folder / '_base_').is_dir() and (folder / 'deeplab').is_dir():
            return folder
    raise FileNotFoundError(f'zs_methods has no configs, neither in {places[0]} nor in {places[1]}: install it again, '
                            'or use a checkout')
