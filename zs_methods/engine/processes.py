"""What the operating system says of other processes."""

from __future__ import annotations

import os


def is_running(pid: int) -> bool:
    """Whether there is a process of that number; one that has ended counts until its parent has waited for it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
