"""The list of rules that the simulator keeps (``rules.toml``) and of the tests that show it (``coverage.json``)."""

import json
import tomllib
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any, Final

from cimsim.operations.table import OPERATIONS, REQUIRED, Operation, Parameter
from cimsim.world.names import fold

COVERAGE_FILE: Final = "coverage.json"


class Tag(Enum):
    """Why a rule need not be shown; the value is what the table says of one that is not."""

    INFORMATIONAL = "informational"
    UNCONFIRMED = "unconfirmed"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its identifier, what it is about, and the names of the tests that show it, as pytest has them."""

    identifier: str
    title: str
    tests: tuple[str, ...]
    tag: Tag | None
    possible: bool = True
    """False for a rule about an operation that is not in the table of operations."""

    @property
    def supported(self) -> bool:
        """Whether a test shows it."""
        return self.possible and bool(self.tests)

    @property
    def status(self) -> str:
        """Return ``yes``, ``no``, or why it is not demanded."""
        if self.supported:
            return "yes"
        return self.tag.value if self.tag else "no"


def identifiers() -> tuple[str, ...]:
    """Return the identifiers of all rules, in the order of the list."""
    return tuple(_list()["rules"])


def rules() -> list[Rule]:
    """Return all rules in the order of the list, with the tests found when the list of tests was last written."""
    tests = json.loads(_text(COVERAGE_FILE))
    content = _list()
    tags = {identifier: tag for tag in Tag for identifier in content[tag.value]}
    found = []
    for identifier, about in content["rules"].items():
        shown = tuple(tests.get(identifier, ()))
        tag = tags.get(identifier)
        if isinstance(about, str):
            found.append(Rule(identifier, about, shown, tag))
        else:
            operation = OPERATIONS.get(fold(about["operation"]))
            title = signature(operation) if operation else about["operation"]
            found.append(Rule(identifier, title, shown, tag, possible=operation is not None))
    return found


def signature(operation: Operation) -> str:
    """Return the name of an operation with its parameters and their defaults."""
    return f"{operation.name}({', '.join(map(_parameter, operation.parameters))})"


def _parameter(parameter: Parameter) -> str:
    if parameter.default is REQUIRED:
        return parameter.name
    default = parameter.default
    text = "NULL" if default is None else str(default).upper()
    return f"{parameter.name}={text}"


def _list() -> dict[str, Any]:
    return tomllib.loads(_text("rules.toml"))


def _text(name: str) -> str:
    return files("cimsim.cli").joinpath(name).read_text(encoding="utf-8")
