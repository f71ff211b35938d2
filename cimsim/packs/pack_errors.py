"""What goes wrong with a pack, in one line that says where."""

import os
import stat
from pathlib import Path


class PackError(Exception):
    """A pack cannot be loaded. Its text is one line: ``FILE:LINE:COLUMN: what is wrong``, as far as there is such a place.

    Args:
        text: what is wrong.
        file: the file it stands in, or None.
        line: counted from 1, or None.
        column: counted from 1, or None.
    """

    def __init__(self, text: str, file: str | Path | None = None, line: int | None = None, column: int | None = None) -> None:
        self.text = " ".join(text.split())
        self.file = None if file is None else os.path.normpath(file)
        self.line = line
        self.column = column
        place = ":".join(str(part) for part in (self.file, line, column) if part is not None)
        super().__init__(f"{place}: {self.text}" if place else self.text)


def read_bytes(path: Path, within: Path | None = None) -> bytes:
    """Return the content of a regular file. What may never end, as a pipe or a device, is not read.

    Args:
        path: the file.
        within: the folder in which it must lie, links resolved.

    Raises:
        PackError: it does not exist or cannot be read, is not a regular file or lies elsewhere, or has no possible name.
    """
    try:
        real = os.path.realpath(path)
        if within is not None and not Path(real).is_relative_to(os.path.realpath(within)):
            raise PackError(f"lies outside of {within}", path)
        # Opening a pipe would wait for its other end.
        with os.fdopen(os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PackError("is not a regular file", path)
            return file.read()
    except ValueError as error:
        raise PackError(f"cannot be read: {error}", repr(str(path))) from None
    except FileNotFoundError:
        raise PackError("no such file", path) from None
    except OSError as error:
        raise PackError(f"cannot be read: {error.strerror}", path) from None


def decode(content: bytes, path: Path) -> str:
    """Return the text of a file that was read.

    Raises:
        PackError: it is not UTF-8, naming the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PackError("is not UTF-8 text", path, content.count(b"\n", 0, error.start) + 1) from None
