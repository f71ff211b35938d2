"""What the control plane answers when it cannot do what is asked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_MAX_TEXT: Final = 2_000


class ControlError(Exception):
    """A request cannot be carried out: the HTTP status that says so, and a text for whoever asked.

    Args:
        status: of HTTP.
        text: long ones are cut.
        field: of the body or the query that is wrong, empty if it is no single one.
        nearest: what exists and was probably meant, empty if nothing is close.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        text: str,
        field: str = "",
        nearest: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        text = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
        super().__init__(text)
        self.status = status
        self.text = text
        self.field = field[:_MAX_TEXT]
        self.nearest = nearest
        self.headers = headers
