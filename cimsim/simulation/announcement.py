"""Where a server is: what its ready file and its state file say."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cimsim import __version__

_WSMAN: str = "/wsman"


class Announcement(NamedTuple):
    """Where a server is.

    Attributes:
        urls: of the ports of each CIMOM, by name, the first one first.
        control: the URL of the control plane; None: there is none.
        token: that it demands; None: none.
        console: whether its console is for somebody.
    """

    urls: Mapping[str, Sequence[str]]
    control: str | None = None
    token: str | None = None
    console: bool = True

    @property
    def control_url(self) -> str | None:
        """The URL of the control plane, with the token in the fragment, which nobody sends anywhere; None: there is none."""
        return self.control if self.control is None or self.token is None else f"{self.control}/#token={self.token}"

    @property
    def console_url(self) -> str | None:
        """What to open in a browser; None: nothing."""
        return self.control_url if self.console else None

    def as_lines(self) -> str:
        """Return the URLs of the first CIMOM, one a line, then lines that begin with a word.

        ``control URL``, ``token TOKEN`` where there is one, and where there are several CIMOMs ``cimom NAME URL`` for each URL.
        """
        lines = list(next(iter(self.urls.values())))
        if self.control is not None:
            lines.append(f"control {self.control}")
            if self.token is not None:
                lines.append(f"token {self.token}")
        if len(self.urls) > 1:
            lines += [f"cimom {name} {url}" for name, urls in self.urls.items() for url in urls]
        return "\n".join(lines) + "\n"

    def as_json(self) -> str:
        """Return an object: what ``fields`` has."""
        return json.dumps(self.fields(), indent=2) + "\n"

    def fields(self) -> dict[str, Any]:
        """Return everything by name; ``urls`` and ``wsman_urls`` are those of the first CIMOM, ``cimoms`` has those of all."""
        cimoms = {
            name: {
                "urls": [url for url in urls if not url.endswith(_WSMAN)],
                "wsman_urls": [url for url in urls if url.endswith(_WSMAN)],
            }
            for name, urls in self.urls.items()
        }
        fields: dict[str, Any] = {**next(iter(cimoms.values())), "control": self.control, "console": self.console_url}
        if self.control is not None and self.token is not None:
            fields["token"] = self.token
        return {**fields, "pid": os.getpid(), "version": __version__, "cimoms": cimoms}
