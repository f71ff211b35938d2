"""Who else may change a file that this process trusts."""

import os
import stat
from pathlib import Path


def writable_by_others(path: Path) -> bool:
    """Whether somebody but this user and root may write a file, or replace what lies in a folder; False if it is not there.

    Links are followed. A folder with the sticky bit, as ``/tmp`` has it, protects what others put into it.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        return False
    if status.st_uid not in (0, os.geteuid()):
        return True
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)) and not sticky
