"""What is wrong in a MOF text, at which character of it."""

from typing import Final

WINDOWS_OPTION: Final = "--mof-dialect windows"
_TAKES: Final = f" ({WINDOWS_OPTION} takes it)"


class MofError(Exception):
    """A MOF text is wrong: what, and the offset of the character at which it is."""

    def __init__(self, offset: int, text: str) -> None:
        super().__init__(text)
        self.offset = offset
        self.text = text


def needs_windows(text: str) -> str:
    """Return the text of an error about what the MOF of Windows has and that of DMTF does not; it names the option."""
    return text + _TAKES
