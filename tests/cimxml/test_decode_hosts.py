"""The HOST of a path in a request (rule D34)."""

from collections.abc import Callable
from typing import Any

import pytest

SPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/></LOCALNAMESPACEPATH>'


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("cimom", "cimom"),
        ("cimom.example:5989", "cimom.example:5989"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::7]:5988", "[2001:db8::7]:5988"),
        ("\n cimom\t", "cimom"),
        ("<![CDATA[cimom]]>", "cimom"),
    ],
)
def test_d34_d26_forms_of_host(argument: Callable[[str], Any], text: str, host: str) -> None:
    place = f"<NAMESPACEPATH><HOST>{text}</HOST>{SPACE}</NAMESPACEPATH>"
    path = argument(f'<VALUE.REFERENCE><INSTANCEPATH>{place}<INSTANCENAME CLASSNAME="C"/></INSTANCEPATH></VALUE.REFERENCE>')
    assert (path.host, path.namespace) == (host, "root")
