"""A page for people who open the address of a port in a browser: the one GET that the data plane answers.

It is answered from its head alone, as refusals are. What the page says is handed in; nothing of it depends on the request.
"""

from typing import Final

from cimsim.server.head import Head
from cimsim.server.replies import HttpError

_HTML: Final = ("text/html", "application/xhtml+xml")


class Page(HttpError):  # noqa: N818 - not an error, but answered in the same way
    """A request gets a page.

    Attributes:
        content: the page, HTML in UTF-8.
        lines: header lines that belong to it, each with its line end.
    """

    def __init__(self, content: bytes, lines: bytes = b"") -> None:
        super().__init__(200, "a page for people")
        self.content = content
        self.lines = lines


def is_for_page(head: Head) -> bool:
    """Return whether a request asks for the page as a browser does: GET of the root, with HTML among what it accepts."""
    return head.method == b"GET" and head.target == b"/" and accepts_html(head.values.get(b"accept", b"").decode("latin-1"))


def accepts_html(accept: str) -> bool:
    """Return whether a value of Accept names HTML; ``*/*`` alone does not (RFC 9110, 12.5.1)."""
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind in _HTML and not any(_is_zero(each) for each in parameters):
            return True
    return False


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
