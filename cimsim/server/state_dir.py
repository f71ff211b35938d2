"""The folder for what servers leave behind: a CA, and while they run a file that says where they are."""

import os
from collections.abc import Mapping
from pathlib import Path


def default_state_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Return ``$XDG_STATE_HOME/cimsim``, or ``~/.local/state/cimsim`` where that variable is not set to an absolute path."""
    base = Path(environment.get("XDG_STATE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".local" / "state") / "cimsim"
