"""Steps that call methods: of every type, in and out."""

from typing import Any, Final

from pywbem import CIMClassName, CIMInstanceName, CIMParameter

from tests.differential.instance_steps import kind_of
from tests.differential.model import EMBEDDED, POOLS
from tests.differential.twins import Twins


def echo(twins: Twins) -> None:
    """A method that returns what it is given, of every type. K19: In and Out, since the mock asks the method for In."""
    choose, namespace = twins.choose, twins.namespace()
    target = CIMInstanceName(choose.spelt("T_Echo"), {"Id": choose.pick(["a", "b"])}, namespace=namespace)
    cls = twins.resolved(namespace, "T_Echo")
    assert cls is not None
    if not twins.exists(target) and not choose.chance(4):
        return
    chosen = choose.some(cls.methods["Echo"].parameters.values(), 8)
    params = [_parameter(twins, namespace, each) for each in chosen]
    twins.both("InvokeMethod", MethodName=choose.spelt("Echo"), ObjectName=target, Params=params)


def _parameter(twins: Twins, namespace: str, parameter: CIMParameter) -> CIMParameter:
    kind = kind_of(parameter)
    value: Any
    if parameter.type == "reference":
        value = twins.random_path(namespace)
        value = [value] if parameter.is_array else value
    else:
        value = _value(twins, kind)
    return CIMParameter(
        twins.choose.spelt(parameter.name),
        parameter.type,
        value=value,
        is_array=parameter.is_array,
        embedded_object=kind.removesuffix("[]") if kind in EMBEDDED else None,
    )


def _value(twins: Twins, kind: str, null: bool = True) -> Any:
    if kind == "boolean":
        return True  # pywbem reads each boolean that a method returns as TRUE
    if kind == "boolean[]":
        return [True, True]
    return twins.choose.value(kind, null, gaps=False)  # pywbem cannot send an array with NULL among its items


def on_class(twins: Twins) -> None:
    """Static methods, called on the class."""
    choose, namespace = twins.choose, twins.namespace()
    target = CIMClassName(choose.spelt("T_Echo"), namespace=namespace)
    if choose.chance(3):
        params = [CIMParameter("Text", "string", value=_value(twins, "string"))]
        params.append(CIMParameter("Numbers", "uint64", value=_value(twins, "uint64[]"), is_array=True))
        twins.both("InvokeMethod", MethodName="EchoOfClass", ObjectName=target, Params=params)
        return
    kind = choose.pick(list(POOLS))
    params = [CIMParameter("Value", kind, value=_value(twins, kind, null=False))]
    twins.both("InvokeMethod", MethodName=f"Return_{kind}", ObjectName=target, Params=params)


def refuse(twins: Twins) -> None:
    """Calls that fail. K19: no provider is 17 in the mock, where we say 16; a static call of what is not 4 (Z5)."""
    choose, namespace = twins.choose, twins.namespace()
    target = CIMInstanceName("T_Echo", {"Id": "a"}, namespace=namespace)
    if not twins.exists(target):
        return
    code = choose.pick([1, 4, 6, 16, 17])
    twins.both("InvokeMethod", MethodName="Refuse", ObjectName=target, Params=[CIMParameter("Code", "uint32", value=code)])
    twins.both("InvokeMethod", MethodName="NoSuchMethod", ObjectName=target)
    wrong = [CIMParameter("Code", "string", value="5")], [CIMParameter("Unknown", "uint32", value=5)]
    twins.both("InvokeMethod", MethodName="Refuse", ObjectName=target, Params=choose.pick(wrong))
    of_class = CIMClassName("T_Echo", namespace=namespace)
    twins.both("InvokeMethod", MethodName="Refuse", ObjectName=of_class, codes={16: 4})
    twins.both("InvokeMethod", MethodName="Nobody", ObjectName=CIMClassName("T_Nothing", namespace=namespace))


STEPS: Final = [echo, echo, on_class, refuse]
