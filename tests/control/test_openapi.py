"""The description of the control API: complete, without loose ends, and true of answers."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cimsim.control.routes import CALLS
from tests.control.plane import Plane

METHODS = {"get", "put", "post", "patch", "delete"}
# Their answers are no JSON, or that of another standard.
TEXTS = {"/v1/metrics", "/v1/events", "/v1/calls.jsonl", "/v1/calls.har"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    document: dict[str, Any] = Plane().get("/v1/openapi.json")
    return document


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_it_has_every_call_and_only_these(described: dict[str, Any]) -> None:
    found = {(path, method) for path, methods in described["paths"].items() for method in methods}
    calls = {(path, method.lower()): call for path, calls in CALLS.items() for method, call in calls.items()}
    wanted = {each for each in calls if each[0].startswith("/v1/")}
    # What is of one CIMOM is also there by its name.
    named = {(f"/v1/cimoms/{{cimom}}{path[3:]}", method) for path, method in wanted if not calls[path, method].of_server}
    assert found == wanted | named
    assert {method for _, method in found} <= METHODS


def test_every_reference_leads_somewhere_and_every_schema_is_used(described: dict[str, Any]) -> None:
    used = {each.rpartition("/")[2] for each in references(described)}
    assert used == described["components"]["schemas"].keys()


def test_operations_have_names_of_their_own_and_declare_the_names_in_their_paths(described: dict[str, Any]) -> None:
    operations = [(path, each) for path, methods in described["paths"].items() for each in methods.values()]
    names = [each["operationId"] for _, each in operations]
    assert len(set(names)) == len(names)
    for path, each in operations:
        declared = [given["name"] for given in each.get("parameters", ()) if given["in"] == "path"]
        assert declared == re.findall(r"\{(\w+)\}", path)


def test_queries_and_bodies_are_described_with_their_types(described: dict[str, Any]) -> None:
    parameters = {each["name"]: each["schema"] for each in described["paths"]["/v1/calls"]["get"]["parameters"]}
    assert parameters["since"] == {"type": "integer", "default": 0}
    assert parameters.keys() == {"since", "name", "limit"}
    (reference,) = references(described["paths"]["/v1/clock/advance"]["post"]["requestBody"])
    body = described["components"]["schemas"][reference.rpartition("/")[2]]
    assert (body["properties"].keys(), body["additionalProperties"]) == ({"seconds", "to"}, False)


def test_answers_have_what_is_described(described: dict[str, Any]) -> None:
    plane = Plane()
    checked = 0
    for path, methods in described["paths"].items():
        if "get" not in methods or "{" in path or path in TEXTS:
            continue
        status, answer = plane.asked("GET", path)
        kind = methods["get"]["responses"].get(str(status), methods["get"]["responses"]["default"])
        for reference in references(kind):
            schema = described["components"]["schemas"][reference.rpartition("/")[2]]
            assert set(schema["required"]) <= answer.keys() <= schema["properties"].keys(), path
            checked += 1
    assert checked > 5
