"""ExecQuery, and the queries of OpenQueryInstances (rules OP-EQ-1 to OP-EQ-3, PL-37, PL-41)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMError

from cimsim.operations.call import OperationCall
from cimsim.operations.queries import run_query
from cimsim.operations.request import ClassName
from cimsim.operations.results import ClassesWithPath, ClassView, ObjectsWithPath, QueryObjects
from cimsim.world.world import World


def ids(result: Any) -> str:
    return "".join(str(instance["Id"]) for instance in result.instances)


def shown(result: Any) -> list[list[str]]:
    """Return the names of the properties that each row shows."""
    rows = []
    for instance in result.instances:
        projection = (result.projections or {}).get(instance.cls)
        properties = instance.cls.properties
        rows.append([properties[place].name for place in (projection.places if projection else range(len(properties)))])
    return rows


def query(run: Any, text: str, language: str = "WQL", namespace: str = "root/test") -> Any:
    return run("ExecQuery", namespace, QueryLanguage=language, Query=text)


def refused(run: Any, code: int, text: str, language: str = "WQL") -> str:
    return str(run.refused(code, query, run, text, language))


@pytest.mark.parametrize("language", ["WQL", "DMTF:CQL", "CIM:CQL"])
def test_op_eq_1_rows_are_of_the_class_and_its_subclasses(run: Any, language: str) -> None:
    result = query(run, "SELECT * FROM T_Device", language)
    assert ids(result) == "ab"
    assert ids(query(run, "SELECT * FROM T_Disk", language)) == "b"
    assert ids(query(run, "SELECT * FROM T_Element WHERE Caption = 'first'", language)) == "a"
    assert ids(query(run, "SELECT * FROM T_Device WHERE Size = 100", language)) == "b"
    assert ids(query(run, "SELECT * FROM T_Device", language)) == "ab"


def test_op_eq_3_whole_instances_have_their_path_and_rows_of_a_list_have_none(run: Any) -> None:
    assert isinstance(query(run, "SELECT * FROM T_Device"), ObjectsWithPath)
    assert isinstance(query(run, "SELECT Id FROM T_Device"), QueryObjects)


def test_op_eq_1_a_select_list_shows_its_properties_in_class_order(run: Any) -> None:
    assert shown(query(run, "SELECT state, Id, __CLASS FROM T_Device")) == [["Id", "State"]] * 2
    assert shown(query(run, "SELECT Size, Id FROM T_Device")) == [["Id"], ["Id", "Size"]]
    assert shown(query(run, "SELECT __CLASS FROM T_Device")) == [[], []]


def test_op_eq_1_qualified_names_in_cql(run: Any) -> None:
    for text in (
        "SELECT T_Device.Id FROM T_Device WHERE T_Device.State = 5",
        "SELECT d.Id FROM T_Device d WHERE d.State = 5 AND d ISA T_Device",
        "SELECT d.Id FROM T_Device AS d WHERE State = 5",
    ):
        assert shown(query(run, text, "DMTF:CQL")) == [["Id"], ["Id"]]
    assert ids(query(run, "SELECT d.* FROM T_Device d WHERE d ISA T_Disk", "DMTF:CQL")) == "b"


def test_op_eq_1_system_properties(run: Any) -> None:
    assert ids(query(run, "SELECT * FROM T_Element WHERE __CLASS = 't_disk'")) == "b"
    assert ids(query(run, "SELECT * FROM T_Element WHERE __this ISA 'T_Disk'")) == "b"
    assert ids(query(run, "SELECT * FROM T_Element WHERE __CLASS LIKE 'T[_]De%'")) == "a"
    assert shown(query(run, "SELECT __PATH, Id FROM T_Device")) == [["Id"], ["Id"]]
    assert "no system property __PAHT; did you mean __PATH?" in refused(run, 15, "SELECT __PAHT FROM T_Device")
    assert "__PATH" in refused(run, 29, "SELECT __PATH FROM T_Device", "DMTF:CQL")


def test_op_eq_1_rows_are_those_of_the_namespace(run: Any) -> None:
    assert query(run, "SELECT * FROM T_Device", namespace="ROOT\\Other").instances[0]["Id"] == "far"
    run.refused(3, query, run, "SELECT * FROM T_Device", "WQL", "root/none")


def test_op_eq_2_errors(run: Any) -> None:
    assert "SQL" in refused(run, 14, "SELECT * FROM T_Device", "SQL")
    refused(run, 14, "State = 5", "DMTF:FQL")
    assert refused(run, 15, "SELECT * FROM T_Device WHERE").startswith("line 1, column 29: ")
    assert refused(run, 15, "SELECT *\nFROM T_Devise").startswith(
        "line 2, column 6: no class T_Devise in root/test; did you mean T_"
    )
    text = refused(run, 15, "SELECT * FROM T_Device WHERE Stat = 5")
    assert text == "line 1, column 30: no property Stat; did you mean State?"
    assert "did you mean State?" in refused(run, 15, "SELECT Id, Stat FROM T_Device")
    # types are checked even where there is no instance
    text = "line 1, column 35: Size is uint8: 'x' is not a number"
    assert refused(run, 15, "SELECT * FROM T_Part WHERE Size = 'x'", "DMTF:CQL") == text
    assert refused(run, 15, "SELECT * FROM T_Part WHERE Size = 'x'") == text
    refused(run, 29, "SELECT * FROM T_Device WITHIN 1 WHERE State = 5")
    refused(run, 29, "SELECT Codes[0] FROM T_Device", "DMTF:CQL")
    refused(run, 29, "SELECT T_Disk::Size FROM T_Device", "DMTF:CQL")
    refused(run, 29, "SELECT T_Device FROM T_Device", "DMTF:CQL")
    text = refused(run, 29, "SELECT d.Id AS N FROM T_Device d", "DMTF:CQL")
    assert text == "line 1, column 16: column names (AS) are not supported"
    assert refused(run, 15, "SELECT * FROM meta_class", "DMTF:CQL").startswith("line 1, column 15: meta_class is")


def test_op_eq_1_missing_parameters(run: Any) -> None:
    run.refused(4, run, "ExecQuery", QueryLanguage="WQL")
    run.refused(4, run, "ExecQuery", Query="SELECT * FROM T_Device")


TERMS = (
    "State Codes Codes[1] T_Disk::Size Part Part.Size Part.T_Part::Size Since Id Stat Size Left __CLASS __PATH "
    "T_Device T_Device.Id 5 -1.5 'x' TRUE NULL {1,2} 'T_Disk.Id=1'"
)
CONDITIONS = st.recursive(
    st.builds(
        " ".join,
        st.tuples(
            st.sampled_from(["", "ANY", "EVERY", "NOT"]),
            st.sampled_from(TERMS.split()),
            st.sampled_from(["=", "<", "<>", "LIKE", "IS", "IS NOT", "ISA", "NOT LIKE"]),
            st.sampled_from(TERMS.split()),
        ),
    ),
    lambda terms: st.builds("({}) {} {}".format, terms, st.sampled_from(["AND", "OR", "AND NOT"]), terms),
    max_leaves=4,
)


@given(CONDITIONS, st.sampled_from(["WQL", "DMTF:CQL"]), st.sampled_from(["*", "Id, State", "Size", "Nope"]))
def test_op_eq_2_any_condition_has_rows_or_is_refused(start: World, condition: str, language: str, columns: str) -> None:
    call = OperationCall(start, start.namespace("root/test"))
    for classname in ("T_Device", "T_Link"):
        try:
            rows, _, _, steps = run_query(call, language, f"SELECT {columns} FROM {classname} WHERE {condition}")
        except CIMError as error:
            assert error.status_code in {15, 29}
            continue
        assert list(steps) == [], "so little needs no break"
        assert all(row.cls.is_a(classname.lower()) for row in rows)


# ASSOCIATORS OF and REFERENCES OF


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ASSOCIATORS OF {T_Device.Id='a'}", "ab"),
        ('ASSOCIATORS OF {T_Device.Id="a"} WHERE ResultClass = T_Disk', "b"),
        ("associators of {t_device.id='a'} where assocclass=T_DiskLink resultclass=T_Device", "b"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE Role = Right", "a"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE ResultRole = Right Role = Left", "ab"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE RequiredQualifier = Nothing", ""),
        ("ASSOCIATORS OF { root\\test:T_Device.Id='a' }", "ab"),
        ("ASSOCIATORS OF {\\\\HVHOST01\\root\\test:T_Device.Id='a'}", "ab"),
        ("ASSOCIATORS OF {\\\\.\\ROOT\\Test:T_Device.Id='a'}", "ab"),
        ("ASSOCIATORS OF {//host/root/test:T_Device.Id='a'}", "ab"),
    ],
)
def test_op_eq_2_associators_of(run: Any, text: str, found: str) -> None:
    result = query(run, text)
    assert isinstance(result, ObjectsWithPath)
    assert "".join(sorted(ids(result))) == found


def test_op_eq_2_references_of(run: Any) -> None:
    assert len(query(run, "REFERENCES OF {T_Device.Id='a'}").instances) == 2
    assert len(query(run, "REFERENCES OF {T_Device.Id='a'} WHERE ResultClass = T_DiskLink").instances) == 1
    assert len(query(run, "REFERENCES OF {T_Device.Id='a'} WHERE Role = Right").instances) == 1
    assert len(query(run, "REFERENCES OF {T_Device.Id='a'} WHERE RequiredQualifier = Association").instances) == 2


def test_op_eq_2_keys_only(run: Any) -> None:
    assert shown(query(run, "ASSOCIATORS OF {T_Device.Id='a'} WHERE KeysOnly")) == [["Id"], ["Id"]]
    assert shown(query(run, "REFERENCES OF {T_Device.Id='a'} WHERE KeysOnly Role = Right")) == [["Left", "Right"]]


def classes(run: Any, text: str) -> list[str]:
    result = query(run, text)
    assert isinstance(result, ClassesWithPath)
    assert result.namespace == "root/test"
    assert result.view == ClassView(local_only=False, qualifiers=True, class_origin=False)
    return [cls.name for cls in result.classes]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE ClassDefsOnly", ["T_Device", "T_Disk"]),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE ResultClass = T_Disk CLASSDEFSONLY", ["T_Disk"]),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE ClassDefsOnly RequiredQualifier = Nothing", []),
        ("REFERENCES OF {T_Device.Id='a'} WHERE ClassDefsOnly", ["T_Link", "T_DiskLink"]),
        ("REFERENCES OF {T_Device.Id='a'} WHERE ClassDefsOnly Role = Right", ["T_Link"]),
    ],
)
def test_op_eq_2_class_defs_only_are_the_classes_of_the_results_each_once(run: Any, text: str, found: list[str]) -> None:
    assert classes(run, text) == found


def test_op_eq_2_class_defs_only_of_results_in_several_namespaces(run: Any) -> None:
    text = "ASSOCIATORS OF {T_Disk.Id='b'} WHERE ClassDefsOnly"
    assert refused(run, 29, text).startswith("line 1, column 38: the instances lie in root/test and root/other")
    result = query(run, f"{text} ResultRole = Right")
    assert (result.namespace, [cls.name for cls in result.classes]) == ("root/other", ["T_Device"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ASSOCIATORS OF {T_Disk} WHERE SchemaOnly", ["T_Element", "T_Disk"]),
        ("associators of {root\\TEST:t_disk} where schemaonly", ["T_Element", "T_Disk"]),
        ("ASSOCIATORS OF {\\\\HOST\\root\\test:T_Disk} WHERE SchemaOnly", ["T_Element", "T_Disk"]),
        ("ASSOCIATORS OF {T_Disk} WHERE SchemaOnly ResultClass = T_Disk", ["T_Disk"]),
        ("ASSOCIATORS OF {T_Device} WHERE AssocClass = T_DiskLink SchemaOnly", ["T_Disk"]),
        ("ASSOCIATORS OF {T_Disk} WHERE SchemaOnly Role = Right ResultRole = Left", ["T_Element"]),
        ("ASSOCIATORS OF {T_Disk} WHERE SchemaOnly RequiredQualifier = Abstract", ["T_Element"]),
        ("ASSOCIATORS OF {T_Disk} WHERE SchemaOnly RequiredAssocQualifier = Association", ["T_Element", "T_Disk"]),
        ("ASSOCIATORS OF {T_Disk} WHERE SchemaOnly RequiredAssocQualifier = Nothing", []),
        ("ASSOCIATORS OF {T_Lonely} WHERE SchemaOnly", []),
        ("REFERENCES OF {T_Device} WHERE SchemaOnly", ["T_Link", "T_DiskLink"]),
        ("REFERENCES OF {T_Device} WHERE SchemaOnly Role = Right", ["T_Link"]),
        ("REFERENCES OF {T_Disk} WHERE SchemaOnly ResultClass = T_DiskLink", ["T_DiskLink"]),
    ],
)
def test_op_eq_2_schema_only_goes_from_class_to_class(run: Any, text: str, found: list[str]) -> None:
    assert classes(run, text) == found


def test_op_eq_2_schema_only_finds_what_associators_of_the_class_finds(run: Any) -> None:
    expected = run("Associators", ObjectName=ClassName("T_Disk")).classes
    assert query(run, "ASSOCIATORS OF {T_Disk} WHERE SchemaOnly").classes == expected


def test_op_eq_2_required_assoc_qualifier(cim: Any, run: Any) -> None:
    tied = "ASSOCIATORS OF {T_Node.Id='a'} WHERE RequiredAssocQualifier"
    ends = [cim.ref("Left", "T_Node", "Key"), cim.ref("Right", "T_Node", "Key")]
    transaction = cim.transaction(
        cim.cls("T_Node", cim.prop("Id", "string", "Key")),
        cim.cls("T_Plain", *ends, flags=["Association"]),
        # Write stands for a qualifier that subclasses do not inherit.
        cim.cls("T_Marked", *ends, flags=["Association", "Aggregation", "Write"]),
        cim.cls("T_Sub", of="T_Marked"),
    )
    a, b, c, d = (transaction.create("T_Node", {"Id": name}) for name in "abcd")
    for classname, other in (("T_Plain", b), ("T_Marked", c), ("T_Sub", d)):
        transaction.create(classname, {"Left": a, "Right": other})
    run.world = transaction.world
    assert ids(query(run, f"{tied} = Association")) == "bcd"
    assert ids(query(run, f"{tied} = aggregation")) == "cd"
    assert ids(query(run, f"{tied} = Write")) == "c"
    assert ids(query(run, f"{tied} = Aggregation AssocClass = T_Sub Role = Left")) == "d"
    assert ids(query(run, f"{tied} = Aggregation Role = Right")) == ""
    assert ids(query(run, f"{tied} = Nothing")) == ""
    assert classes(run, f"{tied} = Aggregation ClassDefsOnly") == ["T_Node"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASSOCIATORS OF {T_Device}", "is not an instance path"),
        ("ASSOCIATORS OF {T_Device.Id}", "is not an instance path"),
        ("ASSOCIATORS OF {T_Devise.Id='a'}", "no class T_Devise"),
        ("ASSOCIATORS OF {T_Device.Idd='a'}", "class T_Device has no key Idd; did you mean Id?"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE Resultclas = T_Disk", "did you mean ResultClass?"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE ResultClass = T_Dist", "no class T_Dist"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE AssocClass = T_Dist", "no class T_Dist"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE Role", "Role needs a value"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE Role = Left Role = Right", "Role appears twice"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE KeysOnly = 'x'", "KeysOnly has no value"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE ClassDefsOnly = X", "ClassDefsOnly has no value"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE RequiredAssocQualifier", "RequiredAssocQualifier needs a value"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE KeysOnly ClassDefsOnly", "column 49: KeysOnly and ClassDefsOnly exclude"),
        ("ASSOCIATORS OF {T_Device} WHERE SchemaOnly Role = Left KeysOnly", "column 56: SchemaOnly and KeysOnly exclude"),
        ("ASSOCIATORS OF {T_Device} WHERE SchemaOnly ClassDefsOnly", "SchemaOnly and ClassDefsOnly exclude one another"),
        ("REFERENCES OF {T_Device.Id='a'} WHERE RequiredAssocQualifier = X", "an option of ASSOCIATORS OF"),
        ("ASSOCIATORS OF {T_Device.Id='a'} WHERE SchemaOnly", "is not a class path: [NAMESPACE:]CLASS"),
        ("ASSOCIATORS OF {T_Devise} WHERE SchemaOnly", "column 16: no class T_Devise in root/test; did you mean"),
        ("ASSOCIATORS OF {root/other:T_Device} WHERE SchemaOnly", "the class lies in root/other, but the query is for"),
        ("ASSOCIATORS OF {T_Device} WHERE SchemaOnly ResultClass = T_Dist", "no class T_Dist"),
        ("ASSOCIATORS OF {T_Device} WHERE ClassDefsOnly", "is not an instance path"),
        ("REFERENCES OF {T_Device.Id='a'} WHERE ResultRole = Left", "an option of ASSOCIATORS OF"),
    ],
)
def test_op_eq_2_what_a_traversal_cannot_mean(run: Any, text: str, expected: str) -> None:
    description = refused(run, 15, text)
    assert description.startswith("line 1, column ")
    assert expected in description


def test_g1_op_eq_1_a_source_that_does_not_exist(run: Any) -> None:
    assert refused(run, 15, "ASSOCIATORS OF {T_Device.Id='z'}").startswith("line 1, column 16: no instance root/test:T_Device")


@pytest.mark.parametrize("path", ["root/other:T_Device.Id='d'", "root/other:T_None.Id='z'", "root/none:T_Device.Id='d'"])
def test_sec13_a_source_elsewhere_is_refused_whether_it_exists_or_not(run: Any, path: str) -> None:
    namespace = path.partition(":")[0]
    expected = f"line 1, column 15: the instance lies in {namespace}, but the query is for root/test"
    assert refused(run, 15, f"REFERENCES OF {{{path}}}") == expected


# The class of the rows


def test_pl_41_the_class_of_the_rows(run: Any) -> None:
    call = OperationCall(run.world, run.world.namespace("root/test"))
    _, _, cls, _ = run_query(call, "WQL", "SELECT Size, id FROM T_Device")
    assert cls is not None
    assert (cls.classname, sorted(cls.properties)) == ("T_Device", ["Id", "Size"])
    _, _, cls, _ = run_query(call, "DMTF:CQL", "SELECT * FROM T_Disk")
    assert cls is not None
    assert {"Id", "State", "Size"} <= set(cls.properties)
    _, _, cls, _ = run_query(call, "WQL", "ASSOCIATORS OF {T_Device.Id='a'} WHERE ResultClass = T_Disk")
    assert cls is not None
    assert cls.classname == "T_Disk"
    assert run_query(call, "WQL", "ASSOCIATORS OF {T_Device.Id='a'}")[2] is None


def test_pl_7_queries_of_open_query_instances_are_refused_as_those_of_exec_query(run: Any) -> None:
    call = OperationCall(run.world, run.world.namespace("root/test"))
    for language, text, code in (
        ("SQL", "x", 14),
        ("WQL", "x", 15),
        ("WQL", "SELECT COUNT(*) FROM T_Disk", 29),
        ("WQL", "ASSOCIATORS OF {T_Device.Id='a'} WHERE ClassDefsOnly", 29),
        ("WQL", "REFERENCES OF {T_Device} WHERE SchemaOnly", 29),
    ):
        with pytest.raises(CIMError) as error:
            run_query(call, language, text)
        assert error.value.status_code == code
        assert code != 29 or error.value.status_description.startswith("line 1, column ")


def test_sec6_columns_times_classes_are_bounded(cim: Any) -> None:
    children = [cim.cls(f"T_{number}", cim.prop(f"P{number}"), of="T_Top") for number in range(300)]
    world = cim.world(cim.cls("T_Top", cim.prop("Id", "string", "Key")), *children)
    call = OperationCall(world, world.namespace("root/test"))
    columns = ["P299"] * 250
    with pytest.raises(CIMError) as caught:
        run_query(call, "WQL", f"SELECT {','.join(columns)} FROM T_Top")
    assert caught.value.status_code == 27
    run_query(call, "WQL", f"SELECT {','.join(columns[:100])} FROM T_Top")
