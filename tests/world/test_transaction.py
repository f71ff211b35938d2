"""Creating, modifying and deleting instances: atomicity, errors in their order, references, cascades, the association index."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMDateTime, CIMError, CIMInstance, CIMInstanceName, Uint16

from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.events import Change, ChangeKind
from cimsim.world.instance_storage import referenced
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction, same
from cimsim.world.values import DateTime, Hinted, Untyped
from cimsim.world.world import World


def changes(transaction: Transaction) -> list[Change]:
    """Return what happened, which is changes of instances only."""
    assert all(isinstance(each, Change) for each in transaction.changes)
    return [each for each in transaction.changes if isinstance(each, Change)]


def refused(code: int, run: Callable[[], Any]) -> str:
    with pytest.raises(CIMError) as error:
        run()
    assert error.value.status_code == code, error.value
    return str(error.value.status_description)


def check_index(world: World) -> None:
    """The index of every namespace holds exactly what its association instances refer to, and is in order."""
    for namespace in world.namespaces.values():
        expected: dict[Any, set[Any]] = {}
        for stored in namespace.instances.all():
            for key, instance in stored.items():
                assert instance.key == key
                for identity in referenced(instance):
                    expected.setdefault(identity, set()).add((instance.cls.folded, key))
        assert {identity: set(entries) for identity, entries in namespace.referrers.items()} == expected


def path(classname: str, namespace: str | None = None, **keys: Any) -> InstancePath:
    return InstancePath(classname, tuple(keys.items()), namespace)


# Creating


def test_created_instance_has_defaults_and_declared_spelling(transaction: Transaction) -> None:  # OP-CI-2, OP-CI-3, G9
    box = transaction.create("t_bigbox", {"ID": "a", "sizes": [1, None], "Since": CIMDateTime("20240101000000.000000+000")})
    assert box.cls.name == "T_BigBox"
    assert box.values == ("a", 1, "none", (1, None), "20240101000000.000000+000")
    assert box.path == InstancePath("T_BigBox", (("Id", "a"),), "root/test")
    assert (box["iD"], box["COUNT"]) == ("a", 1)
    assert "label" in box
    assert "nothing" not in box
    assert 5 not in box
    assert repr(box) == '<Instance root/test:T_BigBox.Id="a">'
    assert box.identity == box.path.identity
    assert transaction.get(box.path) is box
    assert [change.kind for change in changes(transaction)] == [ChangeKind.CREATED]


def test_explicit_null_overrides_the_default(transaction: Transaction) -> None:
    assert transaction.create("T_Box", {"Id": "a", "Count": None})["Count"] is None


def test_unknown_property_of_a_record(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    with pytest.raises(KeyError, match="class T_Box has no property Lable; did you mean Label"):
        box["Lable"]


@pytest.mark.parametrize(
    ("classname", "properties", "namespace", "code", "text"),
    [
        (
            "T_Box",
            {"Id": "a"},
            "root/tets",
            3,
            "no namespace root/tets; did you mean root/test? (there are: root/other, root/test)",
        ),
        ("T_Bos", {"Id": "a"}, None, 5, "no class T_Bos in root/test; did you mean T_Box?"),
        ("T_Thing", {"Nothing": 1}, None, 7, "class T_Thing is abstract, it has no instances of its own"),
        ("T_Event", {"Id": "a"}, None, 7, "class T_Event is an indication class, it has no instances of its own"),
        ("T_Box", {"Id": "a", "Lable": "x"}, None, 4, "class T_Box has no property Lable; did you mean Label?"),
        ("T_Box", {"Id": "a", "Count": "1"}, None, 4, "property T_Box.Count: '1' is not a uint16"),
        (
            "T_Box",
            {"Id": "a", "Count": 65536},
            None,
            4,
            "property T_Box.Count: 65536 is out of the range of uint16 (0 to 65535)",
        ),
        ("T_Box", {"Id": "a", "Count": [1]}, None, 4, "property T_Box.Count: uint16 expected, not an array"),
        ("T_Box", {"Id": "a", "Sizes": 1}, None, 4, "property T_Box.Sizes: uint8[] expected, not a single value"),
        ("T_Box", {"Id": "a", "Sizes": [1, 2, 3]}, None, 4, "property T_Box.Sizes: 3 items in an array of 2"),
        ("T_Box", {"Count": 1}, None, 4, "key Id of class T_Box has no value"),
        ("T_Box", {"Id": None}, None, 4, "key Id of class T_Box has no value"),
        ("T_Box", {"Id": "a", "Label": None}, None, 4, "property Label of class T_Box is required and has no value"),
        ("T_Link", {"Left": "x", "Right": None}, None, 4, "property T_Link.Left: 'x' is not a reference to an instance"),
    ],
)
def test_create_is_refused(  # OP-CI-1 to OP-CI-7, D14, T15
    transaction: Transaction, classname: str, properties: dict[str, Any], namespace: str | None, code: int, text: str
) -> None:
    before = transaction.world
    assert refused(code, lambda: transaction.create(classname, properties, namespace)) == text
    assert transaction.world is before
    assert transaction.changes == []


def test_create_the_same_again(transaction: Transaction) -> None:  # OP-CI-4, D23
    transaction.create("T_Box", {"Id": "a"})
    text = refused(11, lambda: transaction.create("t_box", {"id": "a", "Count": 7}))
    assert text == 'instance root/test:T_Box.Id="a" exists already'
    transaction.create("T_Box", {"Id": "A"})
    transaction.create("T_BigBox", {"Id": "a"})
    transaction.create("T_Moment", {"At": "20240101120000.000000+000"})
    refused(11, lambda: transaction.create("T_Moment", {"At": "20240101130000.000000+060"}))


def test_property_twice(transaction: Transaction) -> None:  # D31
    data = InstanceData("T_Box", (PropertyData("Id", None, False, Untyped("a")), PropertyData("ID", None, False, Untyped("b"))))
    assert refused(4, lambda: transaction.create("T_Box", data)) == "property ID appears twice"


@pytest.mark.parametrize(("cim_type", "is_array"), [("uint32", False), ("uint16", True), ("string", False)])
def test_claimed_type_must_be_that_of_the_class(transaction: Transaction, cim_type: str, is_array: bool) -> None:  # D32
    data = InstanceData(
        "T_Box", (PropertyData("Count", cim_type, is_array, None), PropertyData("Id", "string", False, Untyped("a")))
    )
    array = "[]" if is_array else ""
    assert (
        refused(4, lambda: transaction.create("T_Box", data)) == f"property T_Box.Count: uint16 expected, not {cim_type}{array}"
    )


def test_keyless_singleton(transaction: Transaction) -> None:  # D21
    transaction.create("T_Single", {"Note": "x"})
    assert transaction.get(path("T_Single"))["Note"] == "x"
    refused(11, lambda: transaction.create("T_Single", {}))
    assert refused(4, lambda: transaction.get(path("T_Single", Id=1))) == "class T_Single has no key Id"


# Paths


def test_ways_to_name_an_instance(transaction: Transaction) -> None:  # G12, D18, D20
    box = transaction.create("T_Box", {"Id": "5"})
    link = transaction.create("T_Link", {"Left": box, "Right": box.path, "Note": "x"})
    for form in (
        path("t_BOX", iD=Untyped("5")),
        path("T_Box", "ROOT/TEST", Id="5"),
        InstancePath("T_Box", (("", Untyped("5")),)),
        InstancePath("T_Box", (("Id", "5"),), "root/test", "whoever"),
        CIMInstanceName("T_Box", {"id": "5"}),
        CIMInstanceName("T_Box", {"id": "5"}, namespace="root/test", host="elsewhere"),
        box,
    ):
        assert transaction.get(form) is box
    short = path("T_Box", Id=Untyped("5"))
    for form in (
        path("T_Link", Right=short, Left=box.path),
        CIMInstanceName(
            "T_Link", {"LEFT": CIMInstanceName("T_BOX", {"ID": "5"}), "right": CIMInstanceName("T_Box", {"Id": "5"})}
        ),
    ):
        assert transaction.get(form) is link


@pytest.mark.parametrize(
    ("given_path", "code", "text"),
    [
        (
            path("T_Box", "root/nowhere", Id="a"),
            3,
            "no namespace root/nowhere; did you mean root/other? (there are: root/other, root/test)",
        ),
        (path("T_Bax", Id="a"), 5, "no class T_Bax in root/test; did you mean T_Box?"),
        (path("T_Box"), 4, "key Id of class T_Box is missing in T_Box"),
        (path("T_Box", Idd="a"), 4, "class T_Box has no key Idd; did you mean Id?"),
        (path("T_Box", Id="a", Idd="b"), 4, "class T_Box has no key Idd; did you mean Id?"),
        (path("T_Box", Id="a", ID="b"), 4, 'a key appears twice in T_Box.Id="a",ID="b"'),
        (path("T_Box", Id=None), 4, "key Id of class T_Box is missing in T_Box.Id=None"),
        (path("T_Box", Id=7), 4, "key Id of class T_Box: 7 is not a string"),
        (path("T_Moment", At=Untyped("now")), 4, None),
        (path("T_Box", Id="b"), 6, 'no instance root/test:T_Box.Id="b"'),
        (path("T_Thing", Id="a"), 6, 'no instance root/test:T_Thing.Id="a"'),  # G11
        (InstancePath("T_Link", (("", Untyped("a")),)), 4, None),
    ],
)
def test_path_is_refused(
    transaction: Transaction, given_path: InstancePath, code: int, text: str | None
) -> None:  # G10, OP-GI-3
    transaction.create("T_Box", {"Id": "a"})
    found = refused(code, lambda: transaction.get(given_path))
    assert text is None or found == text


# Modifying


def test_modify_makes_a_new_record(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    after = transaction.modify(box, count=Uint16(9), Sizes=(3,))
    assert (after["Count"], after["Sizes"], box["Count"]) == (9, (3,), 1)
    assert transaction.get(box) is after
    change = changes(transaction)[-1]
    assert (change.kind, change.before, change.after) == (ChangeKind.MODIFIED, box, after)


def test_modify_without_a_difference_is_no_change(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a", "Sizes": [1]})
    before = transaction.world
    assert transaction.modify(box, Count=1, Sizes=[1], Id="a") is box
    assert transaction.world is before
    assert len(transaction.changes) == 1


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"Id": "b"}, 'key Id of root/test:T_Box.Id="a" cannot change'),
        ({"Label": None}, "property Label of class T_Box is required and cannot be NULL"),
        ({"Cuont": 1}, "class T_Box has no property Cuont; did you mean Count?"),
        ({"Weight": 1}, "class T_Box has no property Weight"),
        ({"Count": -1}, "property T_Box.Count: -1 is out of the range of uint16 (0 to 65535)"),
    ],
)
def test_modify_is_refused(transaction: Transaction, properties: dict[str, Any], text: str) -> None:  # OP-MI-4, OP-CI-7
    box = transaction.create("T_Box", {"Id": "a"})
    before = transaction.world
    assert refused(4, lambda: transaction.modify(box, **properties)) == text
    assert transaction.world is before


def test_equal_key_in_another_form_is_no_change(transaction: Transaction) -> None:  # OP-MI-4, D23
    moment = transaction.create("T_Moment", {"At": "20240101120000.000000+000"})
    after = transaction.modify(moment, At=DateTime("20240101130000.000000+060"), Note="x")
    assert (after["At"], after["Note"]) == ("20240101120000.000000+000", "x")
    refused(4, lambda: transaction.modify(moment, At=DateTime("20240101130000.000000+000")))


def test_same_tells_types_apart() -> None:  # T15
    nan = float("nan")
    assert same(nan, nan)
    assert not same(1, True)
    assert not same(1, 1.0)
    assert not same("20240101000000.000000+000", DateTime("20240101000000.000000+000"))


def test_missing_instances(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    transaction.delete(box)
    for run in (lambda: transaction.get(box), lambda: transaction.modify(box, Count=2), lambda: transaction.delete(box)):
        assert refused(6, run) == 'no instance root/test:T_Box.Id="a"'


# References and associations


def test_references_are_kept_absolute_and_typed(transaction: Transaction) -> None:  # X9, D16
    transaction.create("T_Box", {"Id": "5"})
    sloppy = InstancePath("t_box", (("ID", Untyped("5")),))
    link = transaction.create("T_Link", {"Left": sloppy, "Right": CIMInstanceName("T_BOX", {"id": "5"})})
    assert link["Left"] == link["Right"] == InstancePath("T_Box", (("Id", "5"),), "root/test")


def test_a_reference_to_another_host_is_an_end_elsewhere(transaction: Transaction) -> None:  # D16, D23
    """Even though namespace, class and key are those of an instance that is here."""
    here, other = transaction.create("T_Box", {"Id": "5"}), transaction.create("T_Box", {"Id": "6"})
    far = InstancePath("T_Box", (("Id", Untyped("5")),), "root/test", "Far.Example")
    link = transaction.create("T_Link", {"Left": far, "Right": other})
    assert link["Left"] == InstancePath("T_Box", (("Id", "5"),), "root/test", "Far.Example")
    assert transaction.references(here) == transaction.associators(here) == transaction.associators(other) == []
    assert transaction.references(other) == [link]
    assert transaction.get(link.path) is link
    # It does not go with the one here, and the one here is not what it is a duplicate of.
    transaction.create("T_Link", {"Left": here, "Right": other})
    transaction.delete(here)
    assert transaction.get(link) is link
    triple = transaction.create("T_Triple", {"Id": "t", "A": other})
    assert transaction.modify(triple, B=far)["B"].host == "Far.Example"
    # What comes back from a client is the same value.
    assert transaction.modify(triple, B=transaction.get(triple)["B"]) is transaction.get(triple)
    check_index(transaction.world)


@pytest.mark.parametrize(
    ("given_keys", "keys", "types"),
    [
        # Those of a class that is known are typed by it, whatever the sender says.
        ((("at", Hinted("20240101000000.000000+000", "string")),), ("20240101000000.000000+000",), ("datetime",)),
        # Those that fit no class that is known, by what the sender says.
        ((("A", Hinted("7", "numeric")), ("B", Hinted("-7", "numeric"))), (7, -7), ("uint64", "sint64")),
        ((("A", Hinted("1.5", "numeric")), ("B", Hinted(" 0x10", "uint8"))), (1.5, 16), ("real64", "uint8")),
        ((("A", Hinted("true", "boolean")), ("B", Untyped("7"))), (True, "7"), ("boolean", None)),
        ((("A", Uint16(7)), ("B", Hinted("x", "char16"))), (7, "x"), (None, "char16")),
    ],
)
@pytest.mark.parametrize("namespace", ["root/test", "root/far"])
def test_vr5_keys_of_references_to_other_hosts_have_types(
    transaction: Transaction, given_keys: Any, keys: Any, types: Any, namespace: str
) -> None:
    far = InstancePath("T_Moment", given_keys, namespace, "far.example")
    stored = transaction.create("T_Triple", {"Id": "t", "A": far})["A"]
    assert tuple(value for _, value in stored.keys) == keys
    assert [type(value) is Hinted for _, value in stored.keys] == [False] * len(keys)
    assert stored.types == types


def test_a_key_that_is_not_what_its_sender_says(transaction: Transaction) -> None:
    for hint in ("numeric", "uint8", "datetime"):
        far = InstancePath("X_Far", (("K", Hinted("300.x", hint)),), "root/far", "far.example")
        assert "300.x" in refused(4, partial(transaction.create, "T_Triple", {"Id": "t", "A": far}))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (path("T_Box", Id="zz"), 'reference T_Link.Right leads nowhere: no instance root/test:T_Box.Id="zz"'),
        (path("T_Bix", Id="a"), "reference T_Link.Right leads nowhere: no class T_Bix in root/test; did you mean T_Box?"),
        (path("T_Box", Idd="a"), "property T_Link.Right: class T_Box has no key Idd; did you mean Id?"),
        (
            path("T_Box", "root/tets", Id="a"),
            "reference T_Link.Right leads nowhere: no namespace root/tets; did you mean root/test?"
            " (there are: root/other, root/test)",
        ),
        (
            path("X_Far", "nowhere", K=5),
            "reference T_Link.Right leads nowhere: no namespace nowhere (there are: root/other, root/test)",
        ),
    ],
)
def test_dangling_references_are_refused(transaction: Transaction, target: InstancePath, text: str) -> None:  # K21
    box = transaction.create("T_Box", {"Id": "a"})
    before = transaction.world
    assert refused(4, lambda: transaction.create("T_Link", {"Left": box, "Right": target})) == text
    assert transaction.world is before
    triple = transaction.create("T_Triple", {"Id": "t"})
    refused(4, lambda: transaction.modify(triple, B=target))


def test_references_to_other_servers_are_taken_on_trust(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    far = InstancePath("X_Far", (("K", Untyped("1")),), "root/far", "far.example")
    link = transaction.create("T_Triple", {"Id": "t", "A": box, "B": far})
    assert link["B"] == InstancePath("X_Far", (("K", "1"),), "root/far", "far.example")
    assert transaction.associators(box) == []
    check_index(transaction.world)


def test_delete_takes_associations_along(transaction: Transaction) -> None:  # OP-DI-2
    a, b, c = (transaction.create("T_Box", {"Id": each}) for each in "abc")
    link = transaction.create("T_StrongLink", {"Left": a, "Right": b})
    kept = transaction.create("T_Link", {"Left": b, "Right": c})
    far = transaction.create("T_Link", {"Left": a, "Right": c}, "root/other")
    triple = transaction.create("T_Triple", {"Id": "t", "A": a, "B": c})
    meta = transaction.create("T_Meta", {"Id": "m", "About": triple})
    before = transaction.world
    del transaction.changes[:]
    transaction.delete(a)
    deleted = [change.before for change in changes(transaction)]
    assert all(change.kind is ChangeKind.DELETED and change.after is None for change in changes(transaction))
    assert deleted[-1] is a
    assert {id(each) for each in deleted} == {id(each) for each in (link, far, triple, meta, a)}
    assert deleted.index(meta) < deleted.index(triple)
    assert transaction.references(b) == [kept]
    check_index(transaction.world)
    check_index(before)
    assert before.find(far.identity) is far


def test_delete_of_associations_that_refer_to_each_other(transaction: Transaction) -> None:
    one = transaction.create("T_Meta", {"Id": "1"})
    two = transaction.create("T_Meta", {"Id": "2", "Other": one})
    transaction.modify(one, Other=two)
    itself = transaction.create("T_Meta", {"Id": "3"})
    transaction.modify(itself, Other=itself)
    transaction.delete(one)
    transaction.delete(itself)
    assert transaction.instances("T_Meta") == []
    check_index(transaction.world)


def test_delete_along_a_chain_longer_than_the_stack(transaction: Transaction) -> None:
    last = first = transaction.create("T_Meta", {"Id": "0"})
    for number in range(1, 3000):
        last = transaction.create("T_Meta", {"Id": str(number), "Other": last})
    transaction.delete(first)
    assert transaction.instances("T_Meta") == []
    check_index(transaction.world)


def test_modified_association_keeps_its_place_and_moves_its_ends(transaction: Transaction) -> None:
    a, b = (transaction.create("T_Box", {"Id": each}) for each in "ab")
    triples = [transaction.create("T_Triple", {"Id": each, "A": a}) for each in "12"]
    links = [transaction.create("T_Link", {"Left": a, "Right": b}), transaction.create("T_Link", {"Left": b, "Right": a})]
    transaction.modify(links[0], Note="x")
    assert [each["Id"] for each in transaction.references(a, "T_Triple")] == ["1", "2"]
    assert [each["Note"] for each in transaction.references(b)] == ["x", None]
    transaction.modify(triples[0], A=None, C=b)
    check_index(transaction.world)
    assert transaction.associators(b, "T_Triple") == []
    transaction.modify(triples[0], A=b)
    check_index(transaction.world)
    assert transaction.associators(b, "T_Triple") == [b]


def test_self_reference_at_creation(transaction: Transaction) -> None:
    """An association may refer to itself: it exists once it is created."""
    meta = transaction.create("T_Meta", {"Id": "m", "Other": path("T_Meta", Id="m")})
    assert transaction.references(meta) == [meta]
    check_index(transaction.world)


# What a transaction offers to providers


def test_instances_and_select(transaction: Transaction) -> None:
    first = transaction.create("T_BigBox", {"Id": "1", "Count": 3})
    second = transaction.create("T_Box", {"Id": "2", "Count": 3})
    transaction.create("T_Box", {"Id": "3"})
    assert [each["Id"] for each in transaction.instances("T_THING")] == ["2", "3", "1"]
    assert list(transaction.select("T_Thing", Count=3)) == [second, first]
    assert list(transaction.select("T_Thing", Count=3, id="1")) == [first]
    assert transaction.instances("T_Box", "root/other") == []
    assert transaction.cls("t_box").name == "T_Box"
    refused(5, lambda: transaction.instances("T_Bix"))


def test_two_transactions_do_not_see_each_other(things: World) -> None:
    one, other = Transaction(things, "root/test"), Transaction(things, "root/test")
    one.create("T_Box", {"Id": "a"})
    assert things.namespace("root/test").instance_count == 0
    assert other.instances("T_Box") == []
    assert one.world.namespace("ROOT\\test").instance_count == 1
    assert one.world.namespace("root/other") is things.namespace("root/other")


def test_namespaces(transaction: Transaction) -> None:
    made = transaction.create_namespace("\\root\\New/")
    assert made.name == "root/New"
    assert transaction.create_namespace("ROOT/new") is made
    refused(4, lambda: transaction.create_namespace("/"))


def test_schema_changes(transaction: Transaction, cim: Any) -> None:
    assert transaction.create_class(cim.cls("T_New", of="T_Box")).lineage == ("t_new", "t_box", "t_thing")
    refused(11, lambda: transaction.create_class(cim.cls("T_New")))
    assert transaction.create("T_New", {"Id": "n"})["Label"] == "none"
    refused(5, lambda: transaction.cls("T_New", "root/other"))


def test_instance_as_pywbem_has_it(transaction: Transaction) -> None:
    box = transaction.create("T_BigBox", {"Id": "a", "Sizes": [1, None], "Since": "20240101000000.000000+060"})
    link = transaction.create("T_Link", {"Left": box, "Right": box})
    instance = box.to_cim()
    assert instance.path == CIMInstanceName("T_BigBox", {"Id": "a"}, namespace="root/test")
    assert instance["Since"] == CIMDateTime("20240101000000.000000+060")
    assert {name: (each.type, each.is_array) for name, each in instance.properties.items()} == {
        "Id": ("string", False),
        "Count": ("uint16", False),
        "Label": ("string", False),
        "Sizes": ("uint8", True),
        "Since": ("datetime", False),
    }
    assert instance["Sizes"] == [1, None]
    assert link.to_cim()["Left"] == instance.path
    copy = Transaction(transaction.world, "root/other").create("T_BigBox", InstanceData.of(instance))
    assert copy.values == box.values


def test_embedded_objects(cim: Any) -> None:  # D24, D25
    transaction = cim.transaction(
        cim.cls("T_Part", cim.prop("Size", "uint8"), cim.prop("Inner", EmbeddedInstance="T_Part")),
        cim.cls("T_BigPart", of="T_Part"),
        cim.cls("T_Else"),
        cim.cls(
            "T_Whole",
            cim.prop("Id", "string", "Key"),
            cim.prop("Part", EmbeddedInstance="T_Part"),
            cim.prop("Any", "string", "EmbeddedObject"),
            cim.prop("Parts", "string[]", EmbeddedInstance="T_Part"),
        ),
    )

    def part(classname: str = "T_Part", **properties: Any) -> InstanceData:
        return InstanceData(classname, tuple(PropertyData(name, None, False, value) for name, value in properties.items()))

    whole = transaction.create(
        "T_Whole",
        {
            "Id": "a",
            "Part": part("t_bigpart", size=Untyped("7"), Inner=part(Size=1)),
            "Any": cim.cls("T_X"),
            "Parts": [part(), None],
        },
    )
    stored = whole["Part"]
    assert isinstance(stored, CIMInstance)
    assert (stored.classname, stored["Size"], stored["Inner"]["Size"]) == ("T_BigPart", 7, 1)
    assert stored.properties["Inner"].embedded_object == "instance"
    assert whole["Any"].classname == "T_X"
    assert (whole["Parts"][0].classname, whole["Parts"][1]) == ("T_Part", None)
    assert transaction.modify(whole, Parts=[part(), None]) is whole
    assert transaction.modify(whole, Parts=[None, part()])["Parts"][0] is None
    assert transaction.modify(whole, Any=CIMInstance("T_Else"))["Any"].classname == "T_Else"
    for properties, text in [
        ({"Part": part("T_Else")}, "an embedded T_Part expected, not T_Else"),
        ({"Part": part("T_Prat")}, "no class T_Prat in root/test; did you mean T_Part?"),
        ({"Part": part(Size=300)}, "property T_Part.Size: 300 is out of the range of uint8 (0 to 255)"),
        ({"Part": cim.cls("T_X")}, "an embedded instance expected, not class T_X"),
        ({"Part": Untyped("<INSTANCE>")}, "an embedded instance expected, not text"),
        ({"Any": 5}, "an embedded object expected, not 5"),
        ({"Parts": part()}, "string[] expected, not a single value"),
        ({"Id": part()}, "string expected, not an embedded object of class T_Part"),
    ]:
        name = next(iter(properties))
        found = refused(4, lambda properties=properties: transaction.modify(whole, **properties))  # type: ignore[misc] # mypy cannot infer a default of a lambda
        assert found == f"property T_Whole.{name}: {text}"


# Random steps

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["box", "link", "strong", "triple", "meta", "modify", "delete", "note"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(["root/test", "root/other"]),
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_index_is_exact_after_any_steps(things: World, steps: list[tuple[str, int, int, str]]) -> None:
    """A plain dictionary of identities follows; whatever is refused changes nothing, and no reference ever dangles."""
    transaction = Transaction(things, "root/test")
    model: dict[Any, Instance] = {}
    versions = []
    for step, one, two, namespace in steps:
        before = transaction.world
        mark = len(transaction.changes)
        known = list(model.values())
        try:
            apply(transaction, step, one, two, namespace, known)
        except CIMError:
            assert transaction.world is before
            assert len(transaction.changes) == mark
        for change in changes(transaction)[mark:]:
            if change.before:
                assert model.pop(change.before.identity) is change.before
            if change.after:
                model[change.after.identity] = change.after
        versions.append(transaction.world)
    for version in versions[-1:] + versions[::10]:
        check_index(version)
    stored = [each for space in transaction.world.namespaces.values() for kind in space.instances.all() for each in kind.all()]
    assert {id(each) for each in stored} == {id(each) for each in model.values()}
    for each in stored:
        assert all(transaction.world.find(identity) for identity in referenced(each))


def apply(transaction: Transaction, step: str, one: int, two: int, namespace: str, known: list[Instance]) -> None:
    def pick(number: int) -> Instance | None:
        return known[number % len(known)] if known else None

    match step:
        case "box":
            transaction.create("T_Box", {"Id": str(one)}, namespace)
        case "link" | "strong":
            classname = "T_Link" if step == "link" else "T_StrongLink"
            transaction.create(classname, {"Left": pick(one), "Right": pick(two)}, namespace)
        case "triple":
            transaction.create("T_Triple", {"Id": str(one), "A": pick(two), "B": pick(two + 1)}, namespace)
        case "meta":
            transaction.create("T_Meta", {"Id": str(one), "About": pick(two)}, namespace)
        case "modify":
            target = pick(one)
            if target is not None and target.cls.name == "T_Triple":
                transaction.modify(target, A=pick(two), C=pick(two + 2))
            elif target is not None and target.cls.name == "T_Meta":
                transaction.modify(target, Other=pick(two))
        case "note":
            target = pick(one)
            if target is not None and target.cls.name in {"T_Link", "T_StrongLink"}:
                transaction.modify(target, Note=str(two))
        case "delete":
            target = pick(one)
            if target is not None:
                transaction.delete(target)


def test_a_savepoint_goes_back_to_its_moment(transaction: Transaction) -> None:
    kept = transaction.create("T_Box", {"Id": "kept"})
    world, changes = transaction.world, list(transaction.changes)
    savepoint = transaction.savepoint()
    transaction.delete(kept)
    transaction.create("T_Box", {"Id": "dropped"})
    transaction.after(1, print)
    transaction.guid()
    savepoint.rollback()
    assert transaction.world is world
    assert transaction.changes == changes


def test_a_savepoint_as_a_block_goes_back_when_an_exception_leaves_it(transaction: Transaction) -> None:
    with transaction.savepoint():
        transaction.create("T_Box", {"Id": "outer"})
        with pytest.raises(CIMError), transaction.savepoint():
            transaction.create("T_Box", {"Id": "inner"})
            transaction.create("T_Box", {"Id": "outer"})
    assert [each["Id"] for each in transaction.instances("T_Box") if each["Id"] in {"outer", "inner"}] == ["outer"]
    assert len(transaction.changes) == 1
