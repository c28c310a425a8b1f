"""What the operating system says of other processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def is_running(pid: int) -> bool:
    """Whether there is a process of that number; one that has ended counts until its parent has waited for it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def is_alive(pid: int, started: Any) -> bool:
    """Whether that very process runs on this machine, and not another one that got its number."""
    now = started_at(pid)
    return is_running(pid) and now != -1 and (started is None or now == started)


def started_at(pid: int) -> int | None:
    """When a process began, in clock ticks since boot, -1 once it has ended; None where the kernel does not tell."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
        # One that has ended keeps its number until its parent has waited for it.
        return -1 if fields[0] in 'ZX' else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None
