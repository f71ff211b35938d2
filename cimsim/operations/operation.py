"""An operation of DSP0200: all facts about one, and the binding of given arguments to its parameters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from cimsim.operations.call import Outcome, check_local
from cimsim.operations.parameters import REQUIRED, OperationParameter, ParameterKind, fitted, quick_fit
from cimsim.operations.request import Argument, NamedInstance
from cimsim.operations.roles import Role
from cimsim.world.errors import invalid_parameter
from cimsim.world.names import did_you_mean, fold
from cimsim.world.paths import InstancePath
from cimsim.world.values import Malformed


class FunctionalGroup(Enum):
    """The functional groups of DSP0200; a CIMOM supports all operations of one or none (rule G15).

    The value is its name, as the answer to OPTIONS has it (rule HO3); that has no names for the groups of pull operations.
    """

    BASIC_READ = "basic-read"
    BASIC_WRITE = "basic-write"
    SCHEMA_MANIPULATION = "schema-manipulation"
    INSTANCE_MANIPULATION = "instance-manipulation"
    ASSOCIATION_TRAVERSAL = "association-traversal"
    QUERY_EXECUTION = "query-execution"
    QUALIFIER_DECLARATION = "qualifier-declaration"
    PULLED_READ = "pulled read"
    PULLED_READ_COUNT = "pulled read count"
    PULLED_QUERY_EXECUTION = "pulled query execution"


PULL_GROUPS = frozenset(
    {FunctionalGroup.PULLED_READ, FunctionalGroup.PULLED_READ_COUNT, FunctionalGroup.PULLED_QUERY_EXECUTION}
)
"""The groups of the pull operations, which many servers lack."""


class Reach(Enum):
    """The stored instances that an operation may look at."""

    NOTHING = "none"
    ONE_CLASS = "those of the class of its subject, and of the subclasses"
    ANY_CLASS = "those of any class"


class SessionUse(Enum):
    """What an operation does with an enumeration session."""

    NONE = "nothing"
    OPEN = "it opens one"
    PULL = "it takes objects from one"
    CLOSE = "it closes one"
    COUNT = "it counts the objects left in one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An intrinsic operation. No fact has a default, so that none is forgotten.

    Attributes:
        name: as DSP0200 spells it.
        parameters: in declared order.
        run: carries it out; called with an ``OperationCall`` and the value of each parameter by its name.
        role: what its user must be allowed to do in the namespace.
        group: the functional group; a quirk leaves out whole groups.
        subject: the name of the parameter that holds the class or the instance it is for; None: it is for the namespace.
        reach: the stored instances that it may look at, which are refreshed before.
        session: what it does with an enumeration session.
        counts_as_read: an answer counts as a read of the instances in it: it shows property values, not just paths.
        manages_namespaces: where its subject is an instance that stands for a namespace, it creates or deletes the namespace.
    """

    name: str
    parameters: tuple[OperationParameter, ...]
    run: Callable[..., Outcome]
    role: Role
    group: FunctionalGroup
    subject: str | None
    reach: Reach
    session: SessionUse
    counts_as_read: bool
    manages_namespaces: bool
    # What ``bind`` goes by where nothing is wrong: how each parameter is fitted, and the values of those that are not given.
    _quick_fits: dict[str, Callable[[Any], Any]] = field(init=False, repr=False, compare=False)
    _defaults: dict[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fits = {each.name: quick_fit(each.kind) for each in self.parameters}
        defaults = {each.name: each.default for each in self.parameters if each.default is not REQUIRED}
        object.__setattr__(self, "_quick_fits", fits)
        object.__setattr__(self, "_defaults", defaults)

    def subject_of(self, arguments: Iterable[Argument]) -> Any:
        """Return the value given for the subject, None if there is none."""
        if self.subject is None:
            return None
        subject = fold(self.subject)
        return next((each.value for each in arguments if fold(each.name) == subject), None)

    def bind(self, arguments: tuple[Argument, ...], namespace: str) -> dict[str, Any]:
        """Return the value of every parameter by its name, for a request in ``namespace``.

        Raises:
            CIMError: CIM_ERR_INVALID_PARAMETER for one that is unknown, given twice, missing, NULL where it must not be, of
                the wrong kind, or the path of an object that lies elsewhere (rules G3 to G6, FL8).
        """
        fits = self._quick_fits
        quick = {}
        for argument in arguments:
            fit = fits.get(argument.name)
            if fit is None or (fitting := fit(argument.value)) is None:
                break
            quick[argument.name] = fitting
        else:
            if len(quick) == len(arguments):
                bound = {**self._defaults, **quick}
                if len(bound) == len(fits):
                    return bound
        # Something is wrong, or only spelt in another way.
        return self._bind_strictly(arguments, namespace)

    def _bind_strictly(self, arguments: tuple[Argument, ...], namespace: str) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for argument in arguments:
            folded = fold(argument.name)
            if folded in given:
                raise invalid_parameter(f"parameter {argument.name} of {self.name} is given twice")
            given[folded] = argument.value
        bound = {}
        for parameter in self.parameters:
            folded = fold(parameter.name)
            if folded in given:
                bound[parameter.name] = self._fit(parameter, given.pop(folded), namespace)
            elif parameter.default is REQUIRED:
                self._check_known(arguments)
                raise invalid_parameter(f"parameter {parameter.name} of {self.name} is missing")
            else:
                bound[parameter.name] = parameter.default
        if given:
            self._check_known(arguments)
        return bound

    def _check_known(self, arguments: tuple[Argument, ...]) -> None:
        """Refuse an unknown parameter; before a missing one is, since that may only be misspelt."""
        names = {fold(parameter.name): parameter.name for parameter in self.parameters}
        for argument in arguments:
            if fold(argument.name) not in names:
                hint = did_you_mean(argument.name, names.values())
                raise invalid_parameter(f"{self.name} has no parameter {argument.name}{hint}")

    def fits(self, argument: Argument) -> bool:
        """Return whether the value of an argument is of the kind of its parameter; of an unknown one any is."""
        for parameter in self.parameters:
            if fold(parameter.name) == fold(argument.name) and argument.value is not None:
                return not isinstance(argument.value, Malformed) and fitted(parameter.kind, argument.value) is not None
        return True

    def _fit(self, parameter: OperationParameter, value: Any, namespace: str) -> Any:
        if value is None:
            if parameter.default is None:
                return None
            raise invalid_parameter(f"parameter {parameter.name} of {self.name} must not be NULL")
        if isinstance(value, Malformed):
            raise invalid_parameter(f"parameter {parameter.name} of {self.name}: {value.reason}")
        fit = fitted(parameter.kind, value)
        if fit is None:
            raise invalid_parameter(f"parameter {parameter.name} of {self.name} must be {parameter.kind.value}")
        path = fit.path if isinstance(fit, NamedInstance) else fit
        if isinstance(path, InstancePath) and parameter.kind is not ParameterKind.VALUE:
            check_local(path, namespace, f"parameter {parameter.name} of {self.name}")
        return fit
