"""A class of which only the head is known until something asks for more is in no way another class."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMClass, CIMError

from cimsim.world.class_records import ClassRecord, record_of
from cimsim.world.schema import ClassHead, DeferredClass, ResolvedClass, Schema

Head = Callable[..., ClassHead]


@pytest.fixture
def made() -> list[str]:
    """The names of the classes that were made whole, in order."""
    return []


@pytest.fixture
def head(made: list[str]) -> Head:
    def of(declared: CIMClass, **flags: bool) -> ClassHead:
        def record() -> ClassRecord:
            made.append(declared.classname)
            return record_of(declared)

        return ClassHead(
            declared.classname,
            declared.superclass,
            flags.get("abstract"),
            flags.get("association"),
            flags.get("indication"),
            record,
        )

    return of


@pytest.fixture
def schema(cim: Any, head: Head) -> Schema:
    top = cim.cls("T_Top", cim.prop("Id", "string", "Key"), flags=["Abstract", "Association"])
    middle = cim.cls("T_Middle", cim.prop("Size", "uint8", value=3), cim.method("Run", "uint32"), of="T_Top")
    low = cim.cls("T_Low", cim.ref("To", "T_Top"), of="T_Middle")
    event = cim.cls("T_Event", flags=["Indication"])
    schema = Schema().with_class(head(top, abstract=True, association=True))
    return schema.with_class(head(middle)).with_class(head(low)).with_class(head(event, indication=True))


def _get(schema: Schema, name: str) -> ResolvedClass:
    cls = schema.get(name)
    assert cls is not None
    return cls


def test_the_head_answers_without_the_rest(schema: Schema, made: list[str]) -> None:
    low = _get(schema, "t_low")
    assert low.is_a("t_top")
    assert low.lineage == ("t_low", "t_middle", "t_top")
    assert [cls.name for cls in schema.descendants("T_Top")] == ["T_Middle", "T_Low"]
    assert schema.family("T_Middle") == {"t_middle", "t_low"}
    assert [cls.name for cls in schema if cls.abstract] == ["T_Top"]
    assert [cls.name for cls in schema if cls.association] == ["T_Top", "T_Middle", "T_Low"]
    assert [cls.name for cls in schema if cls.indication] == ["T_Event"]
    assert made == []


def test_it_becomes_the_class_it_would_have_been(cim: Any, schema: Schema, made: list[str]) -> None:
    low = _get(schema, "T_Low")
    low.memo["owner"] = 1
    assert type(low) is DeferredClass
    names = [prop.name for prop in low.properties]
    assert (names, made) == (["Id", "Size", "To"], ["T_Top", "T_Middle", "T_Low"])
    whole = cim.schema(*(cls.declared for cls in schema))
    for cls in schema:
        resolved = {**vars(_get(whole, cls.name)), "memo": cls.memo, "superclass": cls.superclass}
        assert type(cls) is ResolvedClass
        assert vars(cls) == resolved
        assert cls.full == _get(whole, cls.name).full
    assert low.memo == {"owner": 1}
    assert sorted(made) == ["T_Event", "T_Low", "T_Middle", "T_Top"], "each is made once"


def test_another_thread_may_resolve_it_meanwhile(schema: Schema) -> None:
    """As one does that asks for the elements between two steps of this one."""
    cls: Any = schema.get("T_Base") or next(iter(schema))
    resolve, own_methods, record = DeferredClass._resolve, cls.own_methods, cls.record
    methods = list(own_methods())
    _ = cls.properties
    resolve(cls)
    assert list(own_methods()) == methods
    assert record() == record_of(cls.declared)


def test_what_no_class_has_is_not_looked_for(schema: Schema, made: list[str]) -> None:
    assert not hasattr(_get(schema, "T_Top"), "nothing")
    assert made == []


def test_a_head_is_placed_as_a_class_is(cim: Any, head: Head, schema: Schema) -> None:
    """OP-CC-2: what exists already and what has no superclass is refused."""
    with pytest.raises(CIMError, match="class T_TOP exists already"):
        schema.with_class(head(cim.cls("T_TOP")))
    with pytest.raises(CIMError, match="no superclass T_Gone"):
        schema.with_class(head(cim.cls("T_New", of="T_Gone")))


def test_the_names_of_methods_are_known_without_making_the_classes(cim: Any, schema: Schema) -> None:
    schema = schema.with_class(cim.cls("T_Other", cim.method("Run", "uint32"), cim.method("Stop", "uint32")))
    assert schema.method_names() == {"run": "Run", "stop": "Stop"}
    assert type(_get(schema, "T_Middle")) is DeferredClass
    assert _get(schema, "T_Middle").methods.keys() == {"run"}
    assert list(_get(schema, "T_Middle").own_methods()) == ["Run"]
