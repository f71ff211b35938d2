"""Extrinsic methods: the checks before one runs, and the shaping of what it returns (rules X1 to X14)."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace
from pywbem import CIMParameter

from cimsim.operations.call import OperationCall, Outcome, changed, check_local
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, Selection
from cimsim.operations.results import MethodResult, Output
from cimsim.world.convert import convert_value, shape
from cimsim.world.errors import failed, invalid_parameter, method_not_available, method_not_found, not_found
from cimsim.world.events import NO_OUTPUTS, MethodCall
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import Method, Parameter, ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, NamespaceResolver


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
    if not call.state.reports_calls:
        return changed(transaction, _carried_out(call, invocation, implementation))
    about = MethodCall(call.namespace.name, cls, target, method, arguments, made=False)
    transaction.changes.append(about)
    result = _carried_out(call, invocation, implementation)
    transaction.changes.append(_made(about, result, transaction))
    return changed(transaction, result)


def _carried_out(call: OperationCall, invocation: Invocation, implementation: Implementation) -> MethodResult:
    returned = implementation(invocation)
    world = invocation.transaction.world
    return _result(invocation.cls, invocation.method, returned, NamespaceResolver(world, world.namespace(call.namespace.name)))


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


def _result(cls: ResolvedClass, method: Method, returned: Any, binding: NamespaceResolver) -> MethodResult:
    """Return the result in the shape that the class declares (rules X11 to X13)."""
    where = f"{cls.name}.{method.name}"
    if returned is None:
        raise failed(f"the provider of {where} returned nothing")
    value, outputs = returned if isinstance(returned, tuple) else (returned, {})
    # Most methods return just a number. Without this short cut, StopService takes measurably longer.
    if not outputs and not method.parameters:
        return MethodResult(_output(where, method.returns, value, binding))
    given = {fold(name): output for name, output in outputs.items()}
    shaped = tuple(
        [
            _output(where, parameter, given.pop(folded, None), binding)
            for folded, parameter in method.parameters.items()
            if parameter.is_out
        ]
    )
    if given:
        unknown = next(name for name in outputs if fold(name) in given)
        hint = did_you_mean(unknown, (each.name for each in method.parameters.values() if each.is_out))
        raise failed(f"the provider of {where} returned an unknown output parameter {unknown}{hint}")
    return MethodResult(_output(where, method.returns, value, binding), shaped)


def _output(where: str, element: Parameter, value: Any, binding: NamespaceResolver) -> Output:
    if isinstance(value, CIMParameter):
        value = value.value
    plain = [_plain(element, item) for item in value] if type(value) in (list, tuple) else _plain(element, value)
    try:
        converted = convert_value(element, plain, binding)
    except ValueError as error:
        raise failed(f"the provider of {where} returned a wrong {element.name}: {error}") from None
    return Output(element.name, element.type, element.is_array, converted, element.embedded)


def _plain(element: Parameter, value: Any) -> Any:
    """Return an instance of the world as what the element holds of it: a copy or a reference."""
    if not isinstance(value, Instance):
        return value
    return value.to_cim() if element.embedded else value.path
