"""What goes wrong with a pack, in one line that says where."""

import os
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


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        PackError: it does not exist or cannot be read, or its name can be that of no file.
    """
    try:
        return path.read_bytes()
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
