"""Conditions on instances of many classes: filters in DMTF:FQL, and the WHERE of statements (rules PL-36 to PL-38)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from cimsim.query.access import Scope, has
from cimsim.query.conditions import Test, compiled
from cimsim.query.parse import parse_condition
from cimsim.query.syntax import FQL, Condition, Path, paths
from cimsim.world.errors import server_limits_exceeded
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean
from cimsim.world.schema import ResolvedClass

_MOST_WORK: Final = 5_000_000
"""Terms times instances; each takes some 0.2 us, and nobody else is answered meanwhile."""


class Filter:
    """A condition on instances. To an instance whose class does not have a property, that property is NULL."""

    def __init__(self, condition: Condition, scope: Scope) -> None:
        self._condition = condition
        self._scope = scope
        self._tests: dict[ResolvedClass, Test] = {}

    def matches(self, instance: Instance) -> bool:
        """Tell whether the condition holds for an instance.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY for a literal that does not fit the type of the instance's property.
        """
        test = self._tests.get(instance.cls)
        if test is None:
            test = self._tests[instance.cls] = compiled(self._condition, instance.cls, self._scope)
        return test(instance.values)

    def check(self, classes: Collection[ResolvedClass]) -> None:
        """Refuse properties that none of the classes has, and literals that do not fit the first one.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY.
        """
        for path in paths(self._condition):
            check_known(path, classes, self._scope)
        for cls in classes:
            compiled(self._condition, cls, self._scope)
            return

    def check_work(self, instances: int) -> None:
        """Refuse a condition with too many terms for so many instances (rule SEC6).

        Raises:
            CIMError: CIM_ERR_SERVER_LIMITS_EXCEEDED.
        """
        terms = sum(1 for _ in paths(self._condition))
        if terms * instances > _MOST_WORK:
            raise server_limits_exceeded(f"a condition of {terms} terms on {instances} instances is too much work")

    def select(self, instances: Sequence[Instance], classes: Collection[ResolvedClass] = ()) -> list[Instance]:
        """Return the instances for which the condition holds; it must fit ``classes``, or those of the instances.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY, as ``check`` and ``matches`` do; CIM_ERR_SERVER_LIMITS_EXCEEDED for more work than
                one request may be (rule SEC6).
        """
        classes = classes or dict.fromkeys([instance.cls for instance in instances])
        if classes:
            self.check(classes)
        self.check_work(len(instances))
        matches = self.matches
        return [instance for instance in instances if matches(instance)]


def check_known(path: Path, classes: Iterable[ResolvedClass], scope: Scope) -> None:
    """Refuse a path whose property none of the classes has; raises CIM_ERR_INVALID_QUERY."""
    step = path.steps[0]
    names: list[str] = []
    for cls in classes:
        steps = scope.steps(path, cls)
        if not steps or steps[0].name.startswith("__") or has(cls, steps[0]):
            return
        step = steps[0]
        names.extend(prop.name for prop in cls.properties)
    raise path.at.invalid(f"no property {replace(step, index=None)}{did_you_mean(step.name, names)}")


def parse_filter(language: str, text: str) -> Filter:
    """Return the filter that a client states for a pull enumeration.

    Raises:
        CIMError: CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED for any other language than DMTF:FQL, CIM_ERR_INVALID_QUERY,
            CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED (rule PL-36).
    """
    return Filter(parse_condition(language, text), Scope(FQL))
