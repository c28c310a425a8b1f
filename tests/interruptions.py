"""Interrupts a stage at a chosen iteration."""

from zs_methods.stages import Checkpoint


class Interrupted(Exception):
    """What the stage ends with."""


def interrupting(until, save=Checkpoint.save_if_due):
    """A `Checkpoint.save_if_due` that interrupts the stage after so many iterations."""
    def save_or_stop(self, done):
        if done == until:
            raise Interrupted
        save(self, done)
    return save_or_stop
