"""Where and when cells run: one small interface, one scheduler for all of them."""

from benchmark.launchers.base import LAUNCHERS, Job, Launcher, LauncherError, build_launcher

__all__ = ['LAUNCHERS', 'Job', 'Launcher', 'LauncherError', 'build_launcher']
