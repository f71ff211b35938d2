"""Extrinsic methods: the checks before one runs, and the shaping of what it returns (rules X1 to X14)."""

from collections.abc import Callable, Generator, Mapping
from types import GeneratorType
from typing import Any, Final, Protocol

import msgspec
from msgspec.structs import replace
from pywbem import CIMParameter

from cimsim.operations.call import Answer, OperationCall, Outcome, changed, check_local
from cimsim.operations.pending import Pending, completed, working
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, Selection
from cimsim.operations.results import MethodResult, Output, Reported
from cimsim.world.convert import convert_value, shape
from cimsim.world.errors import failed, invalid_parameter, method_not_available, method_not_found, not_found
from cimsim.world.events import NO_OUTPUTS, MethodCall
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import Method, Parameter, ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, NamespaceResolver

_STEP: Final = 10
"""Embedded objects of an output that are converted in a step; each takes up to 1 ms."""


class Invocation(msgspec.Struct, frozen=True):
    """A checked call of a method, as a provider gets it.

    ``target`` is the instance, or None when the method was called on the class. ``arguments`` holds every In parameter by its
    declared name, typed as ``cimsim.world.values`` says, None where it was omitted.
    """

    transaction: Transaction
    cls: ResolvedClass
    target: Instance | None
    method: Method
    arguments: Mapping[str, Any]

    @property
    def instance(self) -> Instance:
        """The instance that the method was called on.

        There always is one unless the method is static (rule X5).

        Raises:
            ValueError: the method was called on the class.
        """
        if self.target is None:
            raise ValueError(f"{self.cls.name}.{self.method.name} was called on the class, not on an instance")
        return self.target


Implementation = Callable[[Invocation], Any]
"""Carries a method out. Returns its return value, or a pair of it and a mapping of Out parameters to values.

Just None is taken for a forgotten ``return``; a method that returns NULL gives ``(None, {})``.

One that takes long and changes nothing may be a generator function: others are answered whenever it yields, and it returns the
same. It sees the world as it was when the method was called.
"""


class Implementations(Protocol):
    """Knows who carries out which method."""

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation | None:
        """Return the implementation of the method (folded name) for a class in a namespace (declared name), or None."""
        ...


def invoke(call: OperationCall, request: ExtrinsicRequest, implementations: Implementations) -> Outcome:
    """Carry out an extrinsic method.

    Raises:
        CIMError: the first that applies of CIM_ERR_INVALID_PARAMETER for a target that lies elsewhere or has bad keys (G5,
            G10), CIM_ERR_NOT_FOUND for the class or instance, CIM_ERR_METHOD_NOT_FOUND (X3), CIM_ERR_INVALID_PARAMETER (X7,
            X8), CIM_ERR_METHOD_NOT_AVAILABLE (X4, X5); and what the implementation raises. Rule X2 has
            CIM_ERR_INVALID_PARAMETER before the others; but only the method knows which arguments are wrong, so here 17
            comes before 4.
    """
    cls, target = _target(call, request)
    method = cls.methods.get(fold(request.name))
    if method is None:
        hint = did_you_mean(request.name, (each.name for each in cls.methods.values()))
        raise method_not_found(f"class {cls.name} has no method {request.name}{hint}")
    arguments = _bind(call, cls, method, request)
    if target is None and not method.static:
        raise method_not_available(f"method {cls.name}.{method.name} is not static: call it on an instance")
    implementation = implementations.find(call.namespace.name, cls, fold(method.name))
    if implementation is None:
        raise method_not_available(f"method {cls.name}.{method.name} is declared, but nothing here carries it out")
    transaction = call.transaction()
    if call.state.timing is not None:
        transaction.timing = call.state.timing
    invocation = Invocation(transaction, cls, target, method, arguments)
    about: MethodCall | None = None
    if call.state.reports_calls:
        about = MethodCall(call.namespace.name, cls, target, method, arguments, made=False)
        transaction.changes.append(about)
    returned = implementation(invocation)
    if type(returned) is GeneratorType:
        return Outcome(call.world, _in_steps(call, invocation, returned, about))
    if not method.parameters and type(returned) is int:
        # Most methods return just a number. Without this short cut, StopService takes measurably longer.
        result = MethodResult(_output(f"{cls.name}.{method.name}", method.returns, returned, _resolver(call, transaction)))
    else:
        result = completed(_result(cls, method, returned, _resolver(call, transaction)))
    if about is not None:
        transaction.changes.append(_made(about, result, transaction))
    return changed(transaction, result)


def _in_steps(
    call: OperationCall, invocation: Invocation, steps: Generator[None, None, Any], about: MethodCall | None
) -> Answer | Pending[Answer]:
    """Return what a method comes to that works in steps, or what is left to do.

    Others may change the world meanwhile, so that a method which changes it cannot do so.
    """
    transaction = invocation.transaction

    def work() -> Generator[None, None, Answer]:
        returned = yield from steps
        if transaction.world is not call.world or len(transaction.changes) > (about is not None):
            where = f"{invocation.cls.name}.{invocation.method.name}"
            raise failed(f"the provider of {where} works in steps, so that it cannot change anything, but it did")
        result = yield from _result(invocation.cls, invocation.method, returned, _resolver(call, transaction))
        return result if about is None else Reported(result, (about, _made(about, result, transaction)))

    return working(work())


def _resolver(call: OperationCall, transaction: Transaction) -> NamespaceResolver:
    world = transaction.world
    return NamespaceResolver(world, world.namespace(call.namespace.name))


def _made(about: MethodCall, result: MethodResult, transaction: Transaction) -> MethodCall:
    target = about.target
    if target is not None:
        target = transaction.world.find(target.identity) or target
    outputs = {each.name: each.value for each in result.outputs} if result.outputs else NO_OUTPUTS
    return MethodCall(
        about.namespace, about.cls, target, about.method, about.arguments, True, result.return_value.value, outputs
    )


def _target(call: OperationCall, request: ExtrinsicRequest) -> tuple[ResolvedClass, Instance | None]:
    """Return the class whose definition counts, and the instance if there is one (rules X2, X18)."""
    target = request.target
    if isinstance(target, Selection):
        raise TypeError("a selection is resolved before a method is carried out")
    if isinstance(target, ClassName):
        return _known_class(call.namespace, target), None
    check_local(target, call.namespace.name, f"the target of {request.name}")
    return _known_class(call.namespace, target.classname), call.world.instance(target, call.namespace)


def _known_class(namespace: Namespace, name: str) -> ResolvedClass:
    cls = namespace.schema.get(name)
    if cls is None:
        raise not_found(namespace.no_class(name))
    return cls


def _bind(call: OperationCall, cls: ResolvedClass, method: Method, request: ExtrinsicRequest) -> dict[str, Any]:
    """Return the value of each In parameter; the class has the types (rule X8)."""
    bound: dict[str, Any] = {}
    binding = NamespaceResolver(call.world, call.namespace, any_host=True)
    where = f"{cls.name}.{method.name}"
    for argument in request.arguments:
        parameter = method.parameters.get(fold(argument.name))
        if parameter is None:
            hint = did_you_mean(argument.name, (each.name for each in method.parameters.values()))
            raise invalid_parameter(f"method {where} has no parameter {argument.name}{hint}")
        if parameter.name in bound:
            raise invalid_parameter(f"parameter {parameter.name} of {where} is given twice")
        if not parameter.is_in:
            raise invalid_parameter(f"parameter {parameter.name} of {where} is output only")
        if parameter.embedded and request.embedded is not None:
            argument = replace(argument, value=_object(argument.value, request.embedded))
        bound[parameter.name] = _typed(where, parameter, argument, binding)
    for parameter in method.parameters.values():
        if parameter.is_in and bound.setdefault(parameter.name, None) is None and parameter.required:
            raise invalid_parameter(f"parameter {parameter.name} of {where} is required")
    return bound


def _object(value: Any, read: Callable[[str], Any]) -> Any:
    """Return what text embeds where the class says so and the client does not (rule X8); other values as they are."""
    if isinstance(value, list):
        return type(value)([_object(item, read) for item in value])
    return read(value) if isinstance(value, str) else value


def _typed(where: str, parameter: Parameter, argument: Argument, binding: NamespaceResolver) -> Any:
    claimed = argument.type and argument.type.lower()
    if claimed and claimed != parameter.type and not (parameter.embedded and claimed in {"instance", "object"}):
        raise invalid_parameter(f"parameter {parameter.name} of {where} is {shape(parameter)}, not {argument.type}")
    try:
        return convert_value(parameter, argument.value, binding)
    except ValueError as error:
        raise invalid_parameter(f"parameter {parameter.name} of {where}: {error}") from None


def _result(
    cls: ResolvedClass, method: Method, returned: Any, binding: NamespaceResolver
) -> Generator[None, None, MethodResult]:
    """Return the result in the shape that the class declares, in steps (rules X11 to X13)."""
    where = f"{cls.name}.{method.name}"
    if returned is None:
        raise failed(f"the provider of {where} returned nothing")
    value, outputs = returned if isinstance(returned, tuple) else (returned, {})
    given = {fold(name): output for name, output in outputs.items()}
    shaped = []
    for folded, parameter in method.parameters.items():
        if parameter.is_out:
            output = given.pop(folded, None)
            if parameter.embedded and type(output) in (list, tuple) and len(output) > _STEP:
                shaped.append((yield from _long_output(where, parameter, output, binding)))
            else:
                shaped.append(_output(where, parameter, output, binding))
    if given:
        unknown = next(name for name in outputs if fold(name) in given)
        hint = did_you_mean(unknown, (each.name for each in method.parameters.values() if each.is_out))
        raise failed(f"the provider of {where} returned an unknown output parameter {unknown}{hint}")
    return MethodResult(_output(where, method.returns, value, binding), tuple(shaped))


def _long_output(where: str, element: Parameter, values: Any, binding: NamespaceResolver) -> Generator[None, None, Output]:
    """Return what ``_output`` does for an array, in steps."""
    converted: list[Any] = []
    for start in range(0, len(values), _STEP):
        if start:
            yield
        converted += _output(where, element, values[start : start + _STEP], binding).value
    if element.array_size is not None and len(converted) > element.array_size:
        # Says what is wrong with the whole.
        return _output(where, element, values, binding)
    return Output(element.name, element.type, element.is_array, tuple(converted), element.embedded)


def _output(where: str, element: Parameter, value: Any, binding: NamespaceResolver) -> Output:
    if isinstance(value, CIMParameter):
        value = value.value
    many = type(value) in (list, tuple)
    if many and element.embedded and element.is_array and all(_fits(element, item, binding) for item in value):
        copies = tuple([item.to_cim(path=False) for item in value])
        return Output(element.name, element.type, True, copies, element.embedded)
    plain = [_plain(element, item) for item in value] if many else _plain(element, value)
    try:
        converted = convert_value(element, plain, binding)
    except ValueError as error:
        raise failed(f"the provider of {where} returned a wrong {element.name}: {error}") from None
    return Output(element.name, element.type, element.is_array, converted, element.embedded)


def _fits(element: Parameter, value: Any, binding: NamespaceResolver) -> bool:
    """Whether a value is an instance of the world that can be embedded as it is: its values are typed already."""
    if type(value) is not Instance or element.array_size is not None:
        return False
    cls = value.cls
    known = binding.namespace.schema.get(cls.name) is cls
    return known and (element.embedded_class is None or cls.is_a(fold(element.embedded_class)))


def _plain(element: Parameter, value: Any) -> Any:
    """Return an instance of the world as what the element holds of it: a copy or a reference."""
    if not isinstance(value, Instance):
        return value
    return value.to_cim() if element.embedded else value.path
