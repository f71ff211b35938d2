"""From a result to the bytes of a response, in batches: a long answer never exists twice, nor takes long at a stretch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from pywbem import CIMError

from cimsim.cimxml.encode.class_writer import render_class, render_qualifier_declaration
from cimsim.cimxml.encode.embedded_object_writer import form_of
from cimsim.cimxml.encode.error_writer import ErrorInstances, render_error
from cimsim.cimxml.encode.instance_with_path_writer import instance_paths, instances_with_paths, pulled_instances
from cimsim.cimxml.encode.instance_writer import bare_instance, instance_name, instance_names, named_instance
from cimsim.cimxml.encode.path_writer import class_name, namespace_path
from cimsim.cimxml.encode.resolved_class_writer import resolved_class
from cimsim.cimxml.encode.scalar_writer import boolean_text
from cimsim.cimxml.encode.xml_escape import escape_attribute, escape_text
from cimsim.cimxml.message import Message
from cimsim.operations.request import ExtrinsicRequest, Request
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
    Pulled,
    PullForm,
    Qualifiers,
    QueryObjects,
    Result,
    Value,
    Void,
)
from cimsim.world.instances import Instance
from cimsim.world.schema import ResolvedClass

_VALUE: Final = "<IRETURNVALUE>"
_VALUE_END: Final = "</IRETURNVALUE>"
_BATCH: Final = 200
"""The most fragments in one batch: to render an instance for the first time takes some 10 us."""

_MAX_KEPT: Final = 64
_MAX_KEPT_LENGTH: Final = 16 * 1024
"""How many rendered classes are kept, and how long one may be."""
_BATCH_BYTES: Final = 64 * 1024
"""A batch ends with the fragment that reaches this size: to render a class for the first time takes some 60 us for each KiB."""

_ITEMS: Final = 1_000
_EMBEDDED_ITEMS: Final = 10
"""The most items of an output parameter in one fragment: an embedded instance takes up to 1 ms."""

_START: Final = '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="'
_SIMPLE: Final = '" PROTOCOLVERSION="1.0"><SIMPLERSP>'
_END: Final = "</SIMPLERSP></MESSAGE></CIM>\n"
_MULTIPLE: Final = '" PROTOCOLVERSION="1.0"><MULTIRSP>'
_MULTIPLE_END: Final = b"</MULTIRSP></MESSAGE></CIM>\n"


class Encoder:
    """Encodes response messages.

    ``host`` is the text of HOST in absolute paths: a name or ``name:port`` (rules M16, SEC5). ``null_outputs``: whether output
    parameters that are NULL are sent. Left out means the same, and wbemcli and pywbemcli crash on those that are sent (X12).
    ``error_instances``: which errors carry instances of CIM_Error (E3).
    """

    def __init__(
        self, host: str, *, null_outputs: bool = False, error_instances: ErrorInstances = ErrorInstances.GIVEN
    ) -> None:
        self._host = host
        self._error_instances = error_instances
        self._null_outputs = null_outputs
        self._classes: dict[tuple[ResolvedClass, ClassView], bytes] = {}

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        """Yield the response to a message in batches of fragments (rules M2 to M13); a short one is a single batch.

        What goes wrong while rendering is raised by the batch in which it lies, so send nothing before the last.
        """
        return self._response(message.request, result, f"{_START}{escape_attribute(message.id)}{_SIMPLE}", _END)

    def encode_batch(self, message: Message, results: Iterable[Result | CIMError | None]) -> Iterator[list[bytes]]:
        """Yield the response to a batch, one SIMPLERSP for each result in the order of the requests (rule M5).

        A result is taken when those before it are rendered. None is not yet a result: an empty batch is yielded for it.
        """
        yield [f"{_START}{escape_attribute(message.id)}{_MULTIPLE}".encode()]
        requests = iter((message.request, *message.further))
        for result in results:
            if result is None:
                yield []
            else:
                yield from self._response(next(requests), result, "<SIMPLERSP>", "</SIMPLERSP>")
        yield [_MULTIPLE_END]

    def _response(self, request: Request, result: Result | CIMError, start: str, end: str) -> Iterator[list[bytes]]:
        kind = "METHODRESPONSE" if isinstance(request, ExtrinsicRequest) else "IMETHODRESPONSE"
        head = f'{start}<{kind} NAME="{escape_attribute(request.name)}">'
        tail = f"</{kind}>{end}"
        if isinstance(result, OneInstance):
            shown = bare_instance(result.instance, result.projection)
            return iter([[f"{head}{_VALUE}".encode(), shown, f"{_VALUE_END}{tail}".encode()]])
        if isinstance(result, Classes) and len(result.classes) == 1:
            shown = self._one_class(result.classes[0], result.view)
            return iter([[f"{head}{_VALUE}".encode(), shown, f"{_VALUE_END}{tail}".encode()]])
        if isinstance(result, MethodResult):
            if any(map(_is_long, result.outputs)):
                return _batches(head.encode(), self._method_fragments(result), tail.encode())
            return iter([[f"{head}{self._method_result(result)}{tail}".encode()]])
        if isinstance(result, CIMError):
            return iter([[f"{head}{render_error(result, self._error_instances)}{tail}".encode()]])
        if isinstance(result, Void):
            return iter([[f"{head}{tail}".encode()]])
        outputs = _session(result) if isinstance(result, Pulled) else ""
        head, tail = f"{head}{_VALUE}", f"{_VALUE_END}{outputs}{tail}"
        if isinstance(result, NamedInstances) and not result.projections:
            return _instance_batches(head.encode(), result.instances, tail.encode())
        if isinstance(result, InstanceNames):
            return _slices(head.encode(), result.instances, _BATCH, _instance_names, tail.encode())
        return _batches(head.encode(), self._fragments(result), tail.encode())

    def _method_result(self, result: MethodResult) -> str:
        """Return RETURNVALUE and the PARAMVALUEs, each with its type (rules X11 to X13, X17)."""
        value = result.return_value
        return f"<RETURNVALUE{_output_type(value)}>{_output_value(value)}</RETURNVALUE>{self._outputs(result.outputs)}"

    def _method_fragments(self, result: MethodResult) -> Iterator[bytes]:
        """Yield in pieces of some milliseconds what ``_method_result`` returns."""
        yield self._method_result(MethodResult(result.return_value)).encode()
        for each in result.outputs:
            if not _is_long(each):
                yield self._outputs((each,)).encode()
                continue
            form = form_of(each.type, each.is_array, each.embedded)
            size = _items(each)
            yield f"{_output_start(each)}{form.start}".encode()
            for start in range(0, len(each.value), size):
                element = form.element(each.value[start : start + size])
                yield element[len(form.start) : len(element) - len(form.end)].encode()
            yield f"{form.end}</PARAMVALUE>".encode()

    def _outputs(self, outputs: Iterable[Output]) -> str:
        return "".join(
            [
                f"{_output_start(each)}{_output_value(each)}</PARAMVALUE>"
                for each in outputs
                if self._null_outputs or each.value is not None
            ]
        )

    def _one_class(self, cls: ResolvedClass, view: ClassView) -> bytes:
        """Return a CLASS. Those that clients ask for one by one are few, and asked for again."""
        shown = self._classes.get((cls, view))
        if shown is None:
            shown = resolved_class(cls, view)
            if len(shown) <= _MAX_KEPT_LENGTH:
                if len(self._classes) >= _MAX_KEPT:
                    self._classes.clear()
                self._classes[cls, view] = shown
        return shown

    def _fragments(self, result: Result) -> Iterable[bytes]:
        """Return the children of IRETURNVALUE, all of one kind (rule M10)."""
        match result:
            case NamedInstances(instances, projections):
                return _named_projected(instances, projections)
            case CreatedInstance(instance):
                return [instance_name(instance)]
            case ObjectsWithPath(instances, projections):
                return instances_with_paths("VALUE.OBJECTWITHPATH", self._host, instances, projections)
            case ObjectPaths(instances):
                return instance_paths("OBJECTPATH", self._host, instances)
            case Pulled(PullForm.INSTANCES_WITH_PATH, instances, None):
                return pulled_instances(self._host, instances)
            case Pulled(PullForm.INSTANCES_WITH_PATH, instances, projections):
                return instances_with_paths("VALUE.INSTANCEWITHPATH", self._host, instances, projections)
            case Pulled(PullForm.PATHS, instances):
                return instance_paths("", self._host, instances)
            case Pulled(PullForm.INSTANCES, instances, projections):
                return _bare_instances(instances, projections)
            case QueryObjects(instances, projections):
                # pywbem takes a bare INSTANCE for no row of a query (rule OP-EQ-3).
                rows = _bare_instances(instances, projections)
                return (b"<VALUE.OBJECT>%b</VALUE.OBJECT>" % row for row in rows)
            case Classes(classes, view):
                return (resolved_class(cls, view) for cls in classes)
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

    def _classes_with_path(self, namespace: str, classes: Sequence[ResolvedClass], view: ClassView) -> Iterator[bytes]:
        start = f"<VALUE.OBJECTWITHPATH><CLASSPATH>{namespace_path(self._host, namespace)}"
        for cls in classes:
            path = f"{start}{class_name(cls.name)}</CLASSPATH>".encode()
            yield b"%b%b</VALUE.OBJECTWITHPATH>" % (path, resolved_class(cls, view))


def _batches(head: bytes, fragments: Iterable[bytes], tail: bytes) -> Iterator[list[bytes]]:
    batch, room = [head], _BATCH_BYTES
    for fragment in fragments:
        batch.append(fragment)
        room -= len(fragment)
        if room <= 0 or len(batch) >= _BATCH:
            yield batch
            batch, room = [], _BATCH_BYTES
    batch.append(tail)
    yield batch


def _instance_batches(head: bytes, instances: Sequence[Instance], tail: bytes) -> Iterator[list[bytes]]:
    """Yield batches of instances, which are much alike: the size of the first says how many make a batch.

    To look at the size of each takes longer than to hand it on, which counts where they are many thousands.
    """
    first = next(iter(instances), None)
    size = 1 if first is None else max(1, min(_BATCH, _BATCH_BYTES // len(named_instance(first))))
    return _slices(head, instances, size, _named_instances, tail)


def _named_instances(instances: Sequence[Instance]) -> list[bytes]:
    return [each.memo or named_instance(each) for each in instances]


def _slices(
    head: bytes, instances: Sequence[Instance], size: int, render: Callable[[Sequence[Instance]], list[bytes]], tail: bytes
) -> Iterator[list[bytes]]:
    """Yield a batch for so many instances at a time, with a head in the first and a tail in the last one."""
    count, rest = len(instances), iter(instances)
    for start in range(0, count or 1, size):
        batch = render(list(islice(rest, size)))
        if not start:
            batch.insert(0, head)
        if start + size >= count:
            batch.append(tail)
        yield batch


def _instance_names(instances: Sequence[Instance]) -> list[bytes]:
    return [instance_names(instances)]


def _named_projected(instances: Sequence[Instance], projections: Projections) -> Iterator[bytes]:
    for instance in instances:
        projection = projections.get(instance.cls) if projections else None
        if projection is None:
            yield named_instance(instance)
        else:
            shown = bare_instance(instance, projection)
            yield b"<VALUE.NAMEDINSTANCE>%b%b</VALUE.NAMEDINSTANCE>" % (instance_name(instance), shown)


def _bare_instances(instances: Sequence[Instance], projections: Projections) -> Iterator[bytes]:
    for instance in instances:
        yield bare_instance(instance, projections.get(instance.cls) if projections else None)


def _session(result: Pulled) -> str:
    """Return the PARAMVALUEs of an enumeration session (rules PL-22, PL-23, PL-41)."""
    context = "" if result.context is None else f"<VALUE>{escape_text(result.context)}</VALUE>"
    end = boolean_text(result.context is None)
    shown = "" if result.query_class is None else render_class(result.query_class, ClassView())
    query_class = f'<PARAMVALUE NAME="QueryResultClass">{shown}</PARAMVALUE>' if shown else ""
    return (
        f'<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string">{context}</PARAMVALUE>'
        f'<PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>{end}</VALUE></PARAMVALUE>{query_class}'
    )


def _value(result: Value) -> str:
    return form_of(result.type, isinstance(result.value, tuple | list), result.embedded).element(result.value)


def _output_type(output: Output) -> str:
    embedded = f' EmbeddedObject="{output.embedded}"' if output.embedded else ""
    return f' PARAMTYPE="{output.type}"{embedded}'


def _output_start(output: Output) -> str:
    return f'<PARAMVALUE NAME="{escape_attribute(output.name)}"{_output_type(output)}>'


def _items(output: Output) -> int:
    """Return how many items of an array are written at a stretch."""
    return _EMBEDDED_ITEMS if output.embedded else _ITEMS


def _is_long(output: Output) -> bool:
    # What does not have a CIM type is written as a whole.
    return output.is_array and isinstance(output.value, list | tuple) and len(output.value) > _items(output)


def _output_value(output: Output) -> str:
    return form_of(output.type, output.is_array, output.embedded).element(output.value)
