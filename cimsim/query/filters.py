"""Conditions on instances of many classes: filters in DMTF:FQL, and the WHERE of statements (rules PL-36 to PL-38)."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from cimsim.query.conditions import Test, compiled
from cimsim.query.parse import parse_condition
from cimsim.query.property_access import Scope, has
from cimsim.query.syntax import FQL, Condition, Path, paths, units
from cimsim.query.work import AT_ONCE, COMPILED, SLICE, check_in_all
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import ResolvedClass


class Filter:
    """A condition on instances. To an instance whose class does not have a property, that property is NULL."""

    def __init__(self, condition: Condition, scope: Scope) -> None:
        self._condition = condition
        self._scope = scope
        self._tests: dict[ResolvedClass, Test] = {}
        self._units = units(condition)

    def matches(self, instance: Instance) -> bool:
        """Return whether the condition holds for an instance.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY for a literal that does not fit the type of the instance's property;
                CIM_ERR_SERVER_LIMITS_EXCEEDED for values too long (rule SEC6).
        """
        test = self._tests.get(instance.cls)
        if test is None:
            test = self._tests[instance.cls] = compiled(self._condition, instance.cls, self._scope)
        self._scope.meter.left = AT_ONCE - self._units
        return test(instance.values)

    def check(self, classes: Collection[ResolvedClass]) -> None:
        """Refuse properties that none of the classes has, and literals that do not fit the first one.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY.
        """
        known = set().union(*(each.index for each in classes))
        for path in paths(self._condition):
            # Most paths need no look at each class: there may be as many of both as make a long search.
            first = path.steps[0]
            if len(path.steps) > 1 and fold(first.name) in self._scope.itself - known:
                first = path.steps[1]
            if first.scope is not None or fold(first.name) not in known:
                check_known(path, classes, self._scope)
        for cls in classes:
            compiled(self._condition, cls, self._scope)
            return

    def select(self, instances: Sequence[Instance], classes: Collection[ResolvedClass] = ()) -> list[Instance]:
        """Return the instances for which the condition holds; as ``selecting``, at a stretch."""
        found: list[Instance] = []
        for _ in self.selecting(instances, found, classes):
            pass
        return found

    def selecting(
        self, instances: Sequence[Instance], found: list[Instance], classes: Collection[ResolvedClass] = ()
    ) -> Iterator[None]:
        """Add the instances for which the condition holds to ``found``, and yield now and then: every 2 ms or so.

        The condition must fit ``classes``, or those of the instances; that is checked at once.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY, as ``check`` and ``matches`` do; CIM_ERR_SERVER_LIMITS_EXCEEDED for more work than
                one instance or one request may be (rule SEC6).
        """
        classes = classes or dict.fromkeys([instance.cls for instance in instances])
        if classes:
            self.check(classes)
        return self._selecting(instances, found)

    def _selecting(self, instances: Sequence[Instance], found: list[Instance]) -> Iterator[None]:
        meter, tests, own, matches = self._scope.meter, self._tests, self._units, self.matches
        spent, in_all = 0, 0
        for instance in instances:
            if instance.cls not in tests:
                spent += COMPILED * own
            if matches(instance):
                found.append(instance)
            spent += AT_ONCE - meter.left
            if spent >= SLICE:
                in_all += spent
                check_in_all(in_all)
                spent = 0
                yield


def check_known(path: Path, classes: Iterable[ResolvedClass], scope: Scope) -> None:
    """Refuse a path whose property none of the classes has; raises CIM_ERR_INVALID_QUERY."""
    step = path.steps[0]
    names: dict[str, None] = {}
    for cls in classes:
        steps = scope.steps(path, cls)
        if not steps or steps[0].name.startswith("__") or has(cls, steps[0]):
            return
        step = steps[0]
        names.update(dict.fromkeys([prop.name for prop in cls.properties]))
    raise path.at.invalid(f"no property {replace(step, index=None)}{did_you_mean(step.name, names)}")


def parse_filter(language: str, text: str) -> Filter:
    """Return the filter that a client states for a pull enumeration.

    Raises:
        CIMError: CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED for any other language than DMTF:FQL, CIM_ERR_INVALID_QUERY,
            CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED (rule PL-36).
    """
    return Filter(parse_condition(language, text), Scope(FQL))
