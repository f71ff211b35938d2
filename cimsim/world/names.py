"""CIM names: case-insensitive and case-preserving (rule G9), and the nearest name to a misspelt one."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

INTEROP: Final = "root/interop"
"""The Interop namespace of this server, folded."""

INTEROP_NAMES: Final = frozenset({"interop", "root/interop", "root/pg_interop"})
"""The folded names by which clients look for the Interop namespace (rule W1)."""

_MAX_LISTED: Final = 20
"""How many names of namespaces an error text lists."""
_LONGEST: Final = 128
"""Names beyond this many characters are not looked at: comparing takes time that grows with their length."""


def fold(name: str) -> str:
    """Return the form of a CIM name that comparisons and map keys use."""
    return name.lower()


def fold_namespace(name: str) -> str:
    r"""Return the comparison form of a namespace name: ``root\CIMv2`` and ``/root/cimv2/`` are one."""
    return name.replace("\\", "/").strip("/").lower()


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like ``name``, or None when none is close enough to be meant, or it is too long to compare."""
    if len(name) > _LONGEST:
        return None
    by_fold = {fold(candidate): candidate for candidate in candidates}
    matches = get_close_matches(fold(name), by_fold, n=1, cutoff=0.7)
    return by_fold[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return the ending of an error text: empty, or ``; did you mean NAME?``."""
    match = nearest(name, candidates)
    return f"; did you mean {match}?" if match else ""


def no_namespace(name: str, known: Iterable[str]) -> str:
    """Return the text that says that there is no such namespace, which is the nearest, and which there are."""
    names = sorted(known)
    if not names:
        return f"no namespace {name}"
    further = len(names) - _MAX_LISTED
    listed = ", ".join(names[:_MAX_LISTED]) + (f" and {further} more" if further > 0 else "")
    return f"no namespace {name}{did_you_mean(name, names)} (there are: {listed})"
