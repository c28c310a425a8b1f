"""Puts the configs into the package when it is built, where OpenMMLab's packages have theirs; see setup.cfg."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfigs(build_py):
    """Copies ``configs/`` to ``zs_methods/.mim/configs``; an editable package finds them in the checkout."""

    def run(self) -> None:
        """Builds."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, 'zs_methods', '.mim', 'configs')
            shutil.rmtree(target, ignore_errors=True)  # of an earlier build
            shutil.copytree('configs', target, ignore=shutil.ignore_patterns('__pycache__'))


setup(cmdclass={'build_py': BuildWithConfigs})
