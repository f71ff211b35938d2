"""Instances with their absolute paths, and such paths alone.

These are cut out of what was rendered of each instance, many in one go: joining pieces once costs a third of doing it for each.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from cimsim.cimxml.encode.instance_writer import (
    AFTER_INSTANCE,
    INSTANCE_MARK,
    NAME_AT,
    bare_instance,
    instance_name,
    named_instance,
)
from cimsim.cimxml.encode.path_writer import namespace_path
from cimsim.operations.results import Projections
from cimsim.world.instances import Instance

AT_ONCE: Final = 40
"""Instances in one fragment."""

_PATH_END: Final = b"</INSTANCEPATH>"


class _Starts(dict[str, bytes]):
    """What comes before the INSTANCENAME of an absolute path, by namespace (rule OP-AS-8)."""

    def __init__(self, element: str, host: str) -> None:
        self._element = f"<{element}>" if element else ""
        self._host = host

    def __missing__(self, namespace: str) -> bytes:
        start = f"{self._element}<INSTANCEPATH>{namespace_path(self._host, namespace)}".encode()
        self[namespace] = start
        return start


def instances_with_paths(element: str, host: str, instances: Sequence[Instance], projections: Projections) -> Iterator[bytes]:
    """Yield ``element`` around the INSTANCEPATH and INSTANCE of each instance, ``AT_ONCE`` in a fragment (OP-AS-8, PL-25)."""
    starts, end = _Starts(element, host), f"</{element}>".encode()
    for some in _slices(instances):
        parts: list[bytes] = []
        for instance in some:
            rendered: bytes = instance.memo or named_instance(instance)
            middle = rendered.index(INSTANCE_MARK, NAME_AT)
            if projections and (projection := projections.get(instance.cls)):
                shown = bare_instance(instance, projection)
            else:
                shown = rendered[middle:AFTER_INSTANCE]
            parts += (starts[instance.namespace], rendered[NAME_AT:middle], _PATH_END, shown, end)
        yield b"".join(parts)


def pulled_instances(host: str, instances: Sequence[Instance]) -> Iterator[bytes]:
    """Yield the VALUE.INSTANCEWITHPATH of each instance with all its properties, ``AT_ONCE`` in a fragment (rule PL-25).

    Each is kept, since pulling is how clients enumerate nowadays; with the start of its path, which depends on ``host``.
    """
    element = "VALUE.INSTANCEWITHPATH"
    starts, end = _Starts(element, host), f"</{element}>".encode()
    for some in _slices(instances):
        yield b"".join([_kept(instance, starts[instance.namespace], end) for instance in some])


def _kept(instance: Instance, start: bytes, end: bytes) -> bytes:
    known: tuple[bytes, bytes] | None = instance.path_memo
    if known is None or known[0] != start:
        rendered = named_instance(instance)
        middle = rendered.index(INSTANCE_MARK, NAME_AT)
        whole = b"".join((start, rendered[NAME_AT:middle], _PATH_END, rendered[middle:AFTER_INSTANCE], end))
        known = instance.path_memo = (start, whole)
    return known[1]


def instance_paths(element: str, host: str, instances: Sequence[Instance]) -> Iterator[bytes]:
    """Yield ``element`` (empty: none) around the INSTANCEPATH of each instance, ``AT_ONCE`` in a fragment (OP-AS-11, PL-25)."""
    starts = _Starts(element, host)
    end = _PATH_END + (f"</{element}>".encode() if element else b"")
    for some in _slices(instances):
        parts: list[bytes] = []
        for instance in some:
            parts += (starts[instance.namespace], instance_name(instance), end)
        yield b"".join(parts)


def _slices(instances: Sequence[Instance]) -> Iterator[Sequence[Instance]]:
    return (instances[at : at + AT_ONCE] for at in range(0, len(instances), AT_ONCE))
