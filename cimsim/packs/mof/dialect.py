"""The two languages that are called MOF, and the bytes that their files consist of."""

from enum import Enum
from pathlib import Path

from cimsim.packs.mof.mof_errors import needs_windows
from cimsim.packs.pack_errors import PackError
from cimsim.packs.pack_errors import decode as decode_utf8

_UTF16: tuple[bytes, ...] = (b"\xff\xfe", b"\xfe\xff")


class MofDialect(Enum):
    """What a MOF file is written for."""

    DMTF = "dmtf"
    """DSP0004, annex A, as schemas of DMTF and most CIM servers have it."""
    WINDOWS = "windows"
    """The MOF that ``mofcomp.exe`` compiles: DMTF's with additions. Whatever is right in DMTF's is right in it, too."""

    @classmethod
    def named(cls, name: str | None, default: "MofDialect") -> "MofDialect":
        """Return the dialect of a name, the default for None; raises ValueError."""
        return default if name is None else cls(name)


def decode(content: bytes, path: Path, dialect: MofDialect) -> str:
    """Return the text of a MOF file.

    DMTF's is UTF-8. That of Windows may be UTF-16 with its mark at the beginning; what is neither is taken as Windows-1252.

    Raises:
        PackError: the bytes are not such text, naming the line where that is known.
    """
    utf16 = content.startswith(_UTF16)
    if dialect is MofDialect.DMTF:
        if utf16:
            raise PackError(needs_windows("is UTF-16 text, not UTF-8"), path)
        return decode_utf8(content, path)
    if utf16:
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise PackError(f"is not UTF-16 text: {error.reason}", path) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PackError("is neither UTF-8 nor UTF-16 nor Windows-1252 text", path, line) from None


def look_at(content: bytes) -> str:
    """Return the text of a MOF file of either dialect for a look at it; what is wrong in it is replaced."""
    return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig", "replace")
