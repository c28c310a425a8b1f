"""Where the configs are, and which of them make up a method on a network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zs_methods.wording import unknown

_PACKAGE = Path(__file__).resolve().parent


class ConfigError(ValueError):
    """A network, a method or options that do not go together; the message is one line.

    Attributes:
        argument (str): name of the wrong argument of `zs_methods.configs.compose`, or '' if the message says it all.
        problem (str): what is wrong with it.
    """

    def __init__(self, problem: str, argument: str = '') -> None:
        super().__init__(f'{argument} {problem}' if argument else problem)
        self.argument, self.problem = argument, problem


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


def _places(name: str, dataset: str, split: str | None) -> list[str]:
    """Files for a split, for a data set and for all, the most particular one first."""
    return [f'{name}_{place}.py' for place in (split, dataset) if place] + [f'{name}.py']


def model_names() -> list[str]:
    """The DeepLab configs that a name stands for, those of single data sets or splits left out."""
    names = {path.stem for path in (config_root() / 'deeplab').glob('*.py')}
    return sorted(name for name in names if not any(name.startswith(f'{other}_') for other in names))


def model_file(model: str, dataset: str, split: str | None = None) -> Path:
    """The DeepLab config that a model's name stands for: that of the split, of the data set, or the general one.

    Args:
        model (str): its name, such as ``r101``, or a file.
        dataset (str): name of the data set.
        split (str, optional): `Task.split_name`, such as ``voc-15-5`` or ``voc-k2``.

    Raises:
        ConfigError: there is none; one line that suggests the nearest name.
    """
    if model.endswith('.py'):
        if not Path(model).is_file():
            raise ConfigError(f'{model}: no such file', 'model')
        return Path(model)
    folder = config_root() / 'deeplab'
    if not (folder / f'{model}.py').is_file():
        raise ConfigError(unknown('model', model, model_names()))
    return next(folder / name for name in _places(model, dataset, split) if (folder / name).is_file())


def method_file(method: str, networks: Iterable[str | None], dataset: str, beside: Path,
                split: str | None = None) -> Path | None:
    """The method's own config, if it has one; without one it takes the defaults.

    It is that of the network, of its family, of the split, of the data set or the general one: the first that exists of
    ``<method>_<network>.py``, ``<method>_<family>.py``, ``<method>_<split>.py``, ``<method>_<data set>.py`` and
    ``<method>.py``, in ``configs/<method>/`` or, for a plugin, beside its file, where the last is
    ``<method>_config.py``.

    Args:
        method (str): its name.
        networks (Iterable[str]): name of the DeepLab config and the ``family`` that it says it belongs to, networks
            that take the same settings; None if it says nothing.
        dataset (str): name of the data set.
        beside (Path): folder of the file that registers the method.
        split (str, optional): `Task.split_name`, such as ``voc-15-5`` or ``voc-k2``.
    """
    builtin = config_root() / method
    *special, general = [*(f'{method}_{name}.py' for name in networks if name), *_places(method, dataset, split)]
    candidates = [*(builtin / name for name in (*special, general)),
                  *(beside / name for name in (*special, f'{method}_config.py'))]
    return next((path for path in candidates if path.is_file()), None)
