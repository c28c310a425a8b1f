"""The door of every process that runs cells; started by its path, never as a module.

``worker.py FOLDER`` runs the job of a folder, ``worker.py --live FD`` one after the other as they are handed in, and
``worker.py --serve FD DEVICE`` is the server of `benchmark.launchers.server`. It imports from the checkout it lies in
and from nothing before that: not from the current folder, not from another checkout that is installed.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if getattr(sys.flags, 'safe_path', False):  # then Python has not put this file's folder in front
    sys.path.insert(0, _ROOT)
else:
    sys.path[0] = _ROOT


def main(words: list[str]) -> int:
    """Runs the command line; returns the exit code."""
    if words[0] == '--serve':
        from benchmark.launchers.server import serve
        serve(int(words[1]), words[2])
        os._exit(0)  # at once: there is nothing to take down, and the driver waits
    from benchmark.launchers.job import live, run_alone
    try:
        live(int(words[1])) if words[0] == '--live' else run_alone(words[0])
        return 0
    except KeyboardInterrupt:
        return 130  # the cell's record is written


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
