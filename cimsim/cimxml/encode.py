"""From a result to the bytes of a response, in batches: a long answer never exists twice, nor takes long at a stretch."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from pywbem import CIMError

from cimsim.cimxml.encode_classes import render_class, render_qualifier_declaration
from cimsim.cimxml.encode_instances import bare_instance, instance_name, named_instance
from cimsim.cimxml.encode_objects import form_of
from cimsim.cimxml.encode_paths import class_name, namespace_path
from cimsim.cimxml.escape import escape_attribute
from cimsim.cimxml.message import Message
from cimsim.operations.request import ExtrinsicRequest
from cimsim.operations.results import (
    Classes,
    ClassesWithPath,
    ClassNames,
    ClassPaths,
    ClassView,
    CreatedInstance,
    InstanceNames,
    MethodResult,
    NamedInstances,
    ObjectPaths,
    ObjectsWithPath,
    OneInstance,
    Output,
    Projections,
    Qualifiers,
    Result,
    Value,
    Void,
)
from cimsim.world.instances import Instance
from cimsim.world.schema import ResolvedClass

_BATCH: Final = 200
"""Fragments in one batch; the costliest, an instance rendered for the first time, takes some 10 us."""

_CLASS_MEMO: Final = "cimxml.classes"
_START: Final = '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="'
_SIMPLE: Final = '" PROTOCOLVERSION="1.0"><SIMPLERSP><'
_END: Final = "></SIMPLERSP></MESSAGE></CIM>\n"


class Encoder:
    """Encodes response messages.

    ``host`` is the text of HOST in absolute paths: a name or ``name:port`` (rules M16, SEC5). ``null_outputs``: whether output
    parameters that are NULL are sent. Left out means the same, and wbemcli and pywbemcli crash on those that are sent (X12).
    """

    def __init__(self, host: str, *, null_outputs: bool = False) -> None:
        self._host = host
        self._null_outputs = null_outputs

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        """Yield the response to a message in batches of fragments (rules M2 to M13); a short one is a single batch.

        What goes wrong while rendering is raised by the batch in which it lies, so send nothing before the last.
        """
        kind = "METHODRESPONSE" if isinstance(message.request, ExtrinsicRequest) else "IMETHODRESPONSE"
        head = f'{_START}{escape_attribute(message.id)}{_SIMPLE}{kind} NAME="{escape_attribute(message.request.name)}">'
        tail = f"</{kind}{_END}"
        if isinstance(result, CIMError):
            return iter([[f"{head}{_error(result)}{tail}".encode()]])
        if isinstance(result, Void):
            return iter([[f"{head}{tail}".encode()]])
        if isinstance(result, MethodResult):
            return iter([[f"{head}{self._method_result(result)}{tail}".encode()]])
        head, tail = f"{head}<IRETURNVALUE>", f"</IRETURNVALUE>{tail}"
        return _batches(head.encode(), self._fragments(result), tail.encode())

    def _method_result(self, result: MethodResult) -> str:
        """Return RETURNVALUE and the PARAMVALUEs, each with its type (rules X11 to X13, X17)."""
        value = result.return_value
        outputs = "".join(
            [
                f'<PARAMVALUE NAME="{escape_attribute(each.name)}"{_output_type(each)}>{_output_value(each)}</PARAMVALUE>'
                for each in result.outputs
                if self._null_outputs or each.value is not None
            ]
        )
        return f"<RETURNVALUE{_output_type(value)}>{_output_value(value)}</RETURNVALUE>{outputs}"

    def _fragments(self, result: Result) -> Iterable[bytes]:
        """Return the children of IRETURNVALUE, all of one kind (rule M10)."""
        match result:
            case OneInstance(instance, projection):
                return [bare_instance(instance, projection)]
            case NamedInstances(instances, None):
                return map(named_instance, instances)
            case NamedInstances(instances, projections):
                return _named_projected(instances, projections)
            case InstanceNames(instances):
                return map(instance_name, instances)
            case CreatedInstance(instance):
                return [instance_name(instance)]
            case ObjectsWithPath(instances, projections):
                return self._objects_with_path(instances, projections)
            case ObjectPaths(instances):
                return self._object_paths(instances)
            case Classes(classes, view):
                return (_class(cls, view) for cls in classes)
            case ClassNames(classes):
                return (class_name(cls.name).encode() for cls in classes)
            case ClassesWithPath(namespace, classes, view):
                return self._classes_with_path(namespace, classes, view)
            case ClassPaths(namespace, classes):
                start = f"<OBJECTPATH><CLASSPATH>{namespace_path(self._host, namespace)}"
                return (f"{start}{class_name(cls.name)}</CLASSPATH></OBJECTPATH>".encode() for cls in classes)
            case Qualifiers(declarations):
                return (render_qualifier_declaration(each).encode() for each in declarations)
            case Value():
                return [_value(result).encode()]
        raise TypeError(f"{type(result).__name__} is not the result of an operation")

    def _objects_with_path(self, instances: Sequence[Instance], projections: Projections) -> Iterator[bytes]:
        starts: dict[str, bytes] = {}
        for instance in instances:
            start = self._instance_path(instance.namespace, starts)
            projection = projections.get(instance.cls) if projections else None
            shown = bare_instance(instance, projection)
            yield b"<VALUE.OBJECTWITHPATH>%b%b</INSTANCEPATH>%b</VALUE.OBJECTWITHPATH>" % (
                start,
                instance_name(instance),
                shown,
            )

    def _object_paths(self, instances: Sequence[Instance]) -> Iterator[bytes]:
        starts: dict[str, bytes] = {}
        for instance in instances:
            start = self._instance_path(instance.namespace, starts)
            yield b"<OBJECTPATH>%b%b</INSTANCEPATH></OBJECTPATH>" % (start, instance_name(instance))

    def _instance_path(self, namespace: str, starts: dict[str, bytes]) -> bytes:
        """Return an INSTANCEPATH up to its INSTANCENAME; ``starts`` holds those of this response (rule OP-AS-8)."""
        start = starts.get(namespace)
        if start is None:
            start = starts[namespace] = f"<INSTANCEPATH>{namespace_path(self._host, namespace)}".encode()
        return start

    def _classes_with_path(self, namespace: str, classes: Sequence[ResolvedClass], view: ClassView) -> Iterator[bytes]:
        start = f"<VALUE.OBJECTWITHPATH><CLASSPATH>{namespace_path(self._host, namespace)}"
        for cls in classes:
            path = f"{start}{class_name(cls.name)}</CLASSPATH>".encode()
            yield b"%b%b</VALUE.OBJECTWITHPATH>" % (path, _class(cls, view))


def _batches(head: bytes, fragments: Iterable[bytes], tail: bytes) -> Iterator[list[bytes]]:
    remaining = chain([head], fragments, [tail])
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _named_projected(instances: Sequence[Instance], projections: Projections) -> Iterator[bytes]:
    for instance in instances:
        projection = projections.get(instance.cls) if projections else None
        if projection is None:
            yield named_instance(instance)
        else:
            shown = bare_instance(instance, projection)
            yield b"<VALUE.NAMEDINSTANCE>%b%b</VALUE.NAMEDINSTANCE>" % (instance_name(instance), shown)


def _class(cls: ResolvedClass, view: ClassView) -> bytes:
    if view.properties is not None:
        # There are as many lists of properties as clients care to think of.
        return render_class(cls.full, view).encode()
    known: dict[ClassView, bytes] = cls.memo.setdefault(_CLASS_MEMO, {})
    rendered = known.get(view)
    if rendered is None:
        rendered = known[view] = render_class(cls.full, view).encode()
    return rendered


def _value(result: Value) -> str:
    return form_of(result.type, isinstance(result.value, tuple | list), result.embedded).element(result.value)


def _error(error: CIMError) -> str:
    # A CIMError without a description makes one of its own from the code.
    return f'<ERROR CODE="{int(error.status_code)}" DESCRIPTION="{escape_attribute(error.status_description)}"/>'


def _output_type(output: Output) -> str:
    embedded = f' EmbeddedObject="{output.embedded}"' if output.embedded else ""
    return f' PARAMTYPE="{output.type}"{embedded}'


def _output_value(output: Output) -> str:
    return form_of(output.type, output.is_array, output.embedded).element(output.value)
