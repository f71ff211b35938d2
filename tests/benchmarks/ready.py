"""How a peer tells that it answers, in the way of ``cimsim serve --ready-file``."""

from pathlib import Path


def announce(path: Path, port: int) -> None:
    """Write the URL so that nobody ever sees it half-written."""
    temporary = path.with_suffix(".part")
    temporary.write_text(f"http://127.0.0.1:{port}\n", encoding="ascii")
    temporary.replace(path)
