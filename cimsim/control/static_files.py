"""The console: the files that a browser loads from the control plane, and the headers that they are sent with.

Nothing but the files that lie in the folder is served: a path is looked up among their names, and is never joined to a folder.
A page may load scripts, styles and images from here alone and talk to nobody else, whatever the data that it shows holds.
"""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from cimsim.control.api_errors import ControlError
from cimsim.server.pages import accepts_html
from cimsim.world.names import did_you_mean

PREFIX: Final = "/console/"
CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A browser keeps a file, and asks each time whether it is still that one: an upgrade is seen at once.
    "Cache-Control": "no-cache",
}
"""Of each answer with a file, beside its type and ETag."""

_FOLDER: Final = Path(__file__).with_name("console")
_INDEX: Final = "index.html"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFile(msgspec.Struct, frozen=True):
    """A file: what it is, what is in it, and the ETag that changes with it."""

    content_type: str
    content: bytes
    etag: str


class StaticFiles:
    """The files of a folder by their paths. They are read when they are first asked for.

    Args:
        folder: holds them; those of other types than HTML, JavaScript, CSS and SVG are not served.
    """

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._folder = folder
        self._read: dict[str, StaticFile] = {}

    @cached_property
    def names(self) -> dict[str, Path]:
        """The paths of the files below the prefix."""
        found = (path for path in sorted(self._folder.rglob("*")) if path.suffix in _TYPES and path.is_file())
        return {path.relative_to(self._folder).as_posix(): path for path in found}

    def find(self, path: str) -> StaticFile:
        """Return the file at a path: ``/`` and ``/console`` are the page itself, all others lie below ``/console/``.

        Raises:
            ControlError: 404.
        """
        name = _INDEX if path.rstrip("/") + "/" in ("/", PREFIX) else path.removeprefix(PREFIX)
        file = self.names.get(name)
        if file is None:
            raise ControlError(404, f"the console has no file {name[:200]}{did_you_mean(name[:200], self.names)}")
        if name not in self._read:
            content = file.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            self._read[name] = StaticFile(_TYPES[file.suffix], content, etag)
        return self._read[name]


def is_static(path: str, accept: str | None) -> bool:
    """Return whether a GET of a path is for a file: everything below the prefix, and ``/`` for a client that takes HTML."""
    return (path == "/" and accepts_html(accept or "")) or f"{path}/".startswith(PREFIX)


def is_known(file: StaticFile, if_none_match: str | None) -> bool:
    """Return whether a value of If-None-Match names the file as it is (RFC 9110, 13.1.2)."""
    given = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return file.etag in given or given == ["*"]
