"""What a response must be for the operation that it answers: its elements, its codes, its outputs.

A broken rule raises an AssertionError that begins with its identifier.
"""

from typing import Any, Final

from lxml import etree

_VOID: Final = frozenset(
    [
        "modifyinstance",
        "deleteinstance",
        "setproperty",
        "closeenumeration",
        "createclass",
        "modifyclass",
        "deleteclass",
        "setqualifier",
        "deletequalifier",
    ]
)
_EXACTLY_ONE: Final = frozenset(["getclass", "getinstance", "createinstance", "getqualifier"])
_RETURNED: Final = {
    name.lower(): frozenset(elements.split())
    for name, elements in {
        "GetClass": "CLASS",
        "EnumerateClasses": "CLASS",
        "EnumerateClassNames": "CLASSNAME",
        "GetInstance": "INSTANCE",
        "EnumerateInstances": "VALUE.NAMEDINSTANCE",
        "EnumerateInstanceNames": "INSTANCENAME",
        "CreateInstance": "INSTANCENAME",
        "Associators": "VALUE.OBJECTWITHPATH",
        "AssociatorNames": "OBJECTPATH",
        "References": "VALUE.OBJECTWITHPATH",
        "ReferenceNames": "OBJECTPATH",
        "ExecQuery": "VALUE.OBJECT VALUE.OBJECTWITHPATH VALUE.OBJECTWITHLOCALPATH",
        "GetProperty": "VALUE VALUE.ARRAY VALUE.REFERENCE",
        "GetQualifier": "QUALIFIER.DECLARATION",
        "EnumerateQualifiers": "QUALIFIER.DECLARATION",
        "OpenEnumerateInstances": "VALUE.INSTANCEWITHPATH",
        "OpenEnumerateInstancePaths": "INSTANCEPATH",
        "OpenReferenceInstances": "VALUE.INSTANCEWITHPATH",
        "OpenReferenceInstancePaths": "INSTANCEPATH",
        "OpenAssociatorInstances": "VALUE.INSTANCEWITHPATH",
        "OpenAssociatorInstancePaths": "INSTANCEPATH",
        "OpenQueryInstances": "INSTANCE",
        "PullInstancesWithPath": "VALUE.INSTANCEWITHPATH",
        "PullInstancePaths": "INSTANCEPATH",
        "PullInstances": "INSTANCE",
        "EnumerationCount": "VALUE",
    }.items()
}
# The codes that each operation may answer, 1 and 2 aside: those of its rule (OP-), and of X2; I6 and W13 add some.
_CLASSES: Final = {3, 4, 5, 7}
_ASSOCIATIONS: Final = {3, 4, 6, 7}
_OPEN: Final = {3, 4, 7, 14, 15, 22, 25, 26, 27, 28, 29}
_PULL: Final = {3, 4, 7, 21, 23, 27, 28}
_CODES: Final = {
    name.lower(): codes
    for name, codes in {
        "GetClass": {3, 4, 6},
        "EnumerateClasses": _CLASSES,
        "EnumerateClassNames": _CLASSES,
        "CreateClass": {3, 4, 7, 10, 11},
        "ModifyClass": {3, 4, 6, 7, 8, 9, 10},
        "DeleteClass": {3, 4, 6, 7, 8, 9},
        "GetInstance": {3, 4, 5, 6},
        "EnumerateInstances": _CLASSES,
        "EnumerateInstanceNames": _CLASSES,
        "CreateInstance": _CLASSES | {11, 14, 15},
        "ModifyInstance": _CLASSES | {6, 12, 14, 15},
        "DeleteInstance": _CLASSES | {6, 20},
        "Associators": _ASSOCIATIONS,
        "AssociatorNames": _ASSOCIATIONS,
        "References": _ASSOCIATIONS,
        "ReferenceNames": _ASSOCIATIONS,
        "ExecQuery": {3, 4, 7, 14, 15, 27, 29},
        "GetProperty": {3, 4, 5, 6, 12},
        "SetProperty": _CLASSES | {6, 12, 13},
        "GetQualifier": {3, 4, 6, 7},
        "SetQualifier": {3, 4, 7},
        "DeleteQualifier": {3, 4, 6, 7},
        "EnumerateQualifiers": {3, 4, 7},
        "OpenEnumerateInstances": _OPEN | {5},
        "OpenEnumerateInstancePaths": _OPEN | {5},
        "OpenReferenceInstances": _OPEN | {6},
        "OpenReferenceInstancePaths": _OPEN | {6},
        "OpenAssociatorInstances": _OPEN | {6},
        "OpenAssociatorInstancePaths": _OPEN | {6},
        "OpenQueryInstances": _OPEN,
        "PullInstancesWithPath": _PULL,
        "PullInstancePaths": _PULL,
        "PullInstances": _PULL,
        "CloseEnumeration": {3, 4, 7, 21, 24, 28},
        "EnumerationCount": {3, 4, 7, 21, 27, 28},
    }.items()
}
_METHODS: Final = {3, 4, 6, 7, 16, 17, 20}


def check_response(response: Any) -> None:
    """Assert that a METHODRESPONSE or IMETHODRESPONSE is right for the operation that it names."""
    kinds = [child.tag for child in response]
    if kinds == ["ERROR"]:
        _check_error(response)
    elif response.tag == "METHODRESPONSE":
        assert kinds == ["RETURNVALUE"] + ["PARAMVALUE"] * (len(kinds) - 1), "M6, X13"
        assert all(value.get("PARAMTYPE") for value in response), "X11, X12"
    else:
        name = response.get("NAME").lower()
        session = name.startswith(("open", "pull"))
        outputs = ["PARAMVALUE"] * (len(kinds) - 1) if session else []
        assert kinds == ([] if name in _VOID else ["IRETURNVALUE", *outputs]), "M6, M8, M9, PL-24, PL-25, CW4"
        if session:
            _check_session(response)
        for returned in response.iterchildren("IRETURNVALUE"):
            _check_returned(returned, name)


def _check_returned(returned: Any, name: str) -> None:
    kinds = {child.tag for child in returned}
    assert len(kinds) <= 1, "M10"
    assert kinds <= _RETURNED.get(name, kinds), f"CP4 to CP6, OP-AS-11: {name} {kinds}"
    assert len(returned) == 1 or name not in _EXACTLY_ONE, "M9"
    paths = {path.tag for path in returned.iterfind("*/*") if path.tag in {"INSTANCEPATH", "CLASSPATH"}}
    assert len(paths) <= 1, "OP-AS-2"


def _check_session(response: Any) -> None:
    names = [(value.get("NAME"), value.get("PARAMTYPE")) for value in response.iterchildren("PARAMVALUE")]
    assert names[:2] == [("EnumerationContext", "string"), ("EndOfSequence", "boolean")], "PL-22"
    assert names[2:] in ([], [("QueryResultClass", None)]), "PL-24, PL-41"
    context, end = response.findall("PARAMVALUE")[:2]
    assert end.findtext("VALUE") in {"TRUE", "FALSE"}, "PL-22"
    assert bool(context.findtext("VALUE")) == (end.findtext("VALUE") == "FALSE"), "PL-23"


_TOLD_BY_CIM_ERROR: Final = frozenset(
    {"MessageID", "OwningEntity", "Message", "PerceivedSeverity", "ProbableCause", "CIMStatusCode"}
)


def _check_error(response: Any) -> None:
    (error,) = response
    name = response.get("NAME").lower()
    allowed = _METHODS if response.tag == "METHODRESPONSE" else _CODES.get(name, {7})
    assert error.get("CODE").isdecimal(), "E2"
    assert int(error.get("CODE")) in {1, 2} | allowed, f"G1: {error.get('CODE')} of {response.get('NAME')}"
    assert error.get("DESCRIPTION").strip(), "E1"
    for instance in error:
        given = {each.get("NAME"): each.findtext("VALUE") for each in instance}
        assert instance.get("CLASSNAME"), "E3"
        assert given.keys() >= _TOLD_BY_CIM_ERROR, "E4"
        assert given["CIMStatusCode"] == error.get("CODE"), "E4"


def check_exchange(request: bytes, reply: Any) -> None:
    """Assert that a reply (an element) answers a request: identifier, names, number and order (rules M2, M4, M5, X15).

    A request is taken apart as far as it is right; what was not asked for must not be there (rules FL3, FL5, PL-26).
    """
    asked: Any = etree.fromstring(request)
    assert reply.find("MESSAGE").get("ID") == asked.find("MESSAGE").get("ID"), "M2"
    calls = list(asked.iter("IMETHODCALL", "METHODCALL"))
    responses = list(reply.iter("IMETHODRESPONSE", "METHODRESPONSE"))
    assert bool(asked.findall("MESSAGE/MULTIREQ")) == bool(reply.findall("MESSAGE/MULTIRSP")), "M5"
    answered = [(each.tag.replace("RESPONSE", "CALL"), each.get("NAME")) for each in responses]
    assert answered == [(each.tag, each.get("NAME")) for each in calls], "M4, M5, X15"
    for call, response in zip(calls, responses, strict=True):
        if call.tag == "IMETHODCALL" and response.find("IRETURNVALUE") is not None:
            _check_wanted(call, response)


def _check_wanted(call: Any, response: Any) -> None:
    given = {each.get("NAME").lower(): (each.findtext("VALUE") or "").strip().lower() for each in call.iter("IPARAMVALUE")}
    returned = response.find("IRETURNVALUE")
    name = call.get("NAME").lower()
    # What is pulled follows the flags with which the session was opened.
    if not name.startswith("pull") and given.get("includeclassorigin", "false") == "false":
        assert not returned.xpath(".//*[@CLASSORIGIN]"), "FL5"
    if given.get("includequalifiers") == "false":
        assert next(returned.iter("QUALIFIER"), None) is None, "FL3, FL4"
    if name.startswith(("open", "pull")):
        assert len(returned) <= int(given.get("maxobjectcount") or "0", 0), "PL-26, PL-27"
