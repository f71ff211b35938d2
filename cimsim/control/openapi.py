"""The description of the control API in OpenAPI 3.1, made from its routes and types."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec

from cimsim import __version__
from cimsim.control.event_messages import EventStream
from cimsim.control.messages import HarFile, JsonLines, NoBody, PlainText, Problem

_VERSION: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/{name}"
_NAME: Final = re.compile(r"\{(\w+)\}")
_JSON: Final = "application/json"
_TEXTS: Final[Mapping[Any, str]] = {
    PlainText: "text/plain",
    EventStream: "text/event-stream",
    JsonLines: "application/x-ndjson",
    HarFile: "application/json",
}
"""The types of answers that have no schema of their own."""
_TEXT_SCHEMA: Final[Mapping[str, Any]] = {_JSON: {"type": "object", "required": ["log"]}}


class Described(Protocol):
    """What a description says of something that can be done; see ``routes.Call``."""

    @property
    def answer(self) -> type[Any]:
        """The type of what it returns."""

    @property
    def about(self) -> str:
        """A line about it."""

    @property
    def body(self) -> type[Any] | None:
        """The type of its body."""

    @property
    def query(self) -> type[Any] | None:
        """The type of its query."""

    @property
    def status(self) -> int:
        """The HTTP status when it is done."""


def describe(calls: Mapping[str, Mapping[str, Described]]) -> dict[str, Any]:
    """Return the description of calls by path and method, as JSON has it."""
    types: list[Any] = [Problem]
    for by_method in calls.values():
        for call in by_method.values():
            types += [each for each in (call.answer, call.body) if each not in (None, *_TEXTS, *types)]
    written, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schemas = list(zip(types, written, strict=True))

    def schema(kind: Any) -> dict[str, Any]:
        return next(found for each, found in schemas if each == kind)

    def operation(path: str, method: str, call: Described) -> dict[str, Any]:
        text = _TEXTS.get(call.answer)
        answer = (
            _content(schema(call.answer)) if text is None else {text: {"schema": _TEXT_SCHEMA.get(text, {"type": "string"})}}
        )
        described: dict[str, Any] = {
            "operationId": _identifier(method, path),
            "summary": call.about,
            "responses": {
                str(call.status): {"description": "done", "content": answer},
                "default": {"description": "not done: why", "content": _content(schema(Problem))},
            },
        }
        parameters = [*_path_parameters(path), *_query_parameters(call.query)]
        if parameters:
            described["parameters"] = parameters
        if call.body is not None:
            described["requestBody"] = {"required": call.body is not NoBody, "content": _content(schema(call.body))}
        return described

    return {
        "openapi": _VERSION,
        "info": {"title": "cimsim control API", "version": __version__},
        "paths": {
            path: {method.lower(): operation(path, method, call) for method, call in by_method.items()}
            for path, by_method in calls.items()
        },
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        # A server without users on the loopback interface demands no token.
        "security": [{"token": []}, {}],
    }


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": schema}}


def _identifier(method: str, path: str) -> str:
    words = re.findall(r"\w+", path.removeprefix("/v1"))
    return "_".join([method.lower(), *words])


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in _NAME.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(query: type[Any] | None) -> Iterator[dict[str, Any]]:
    if query is None:
        return
    for field in msgspec.structs.fields(query):
        schema = msgspec.json.schema(field.type)
        if field.default is not None and field.default is not msgspec.NODEFAULT:
            schema["default"] = field.default
        yield {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
