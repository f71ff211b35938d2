"""Pulled enumerations by pywbem and pywbemcli: open, pull, close, and the iterations that are made of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import (
    CIM_ERR_INVALID_CLASS,
    CIM_ERR_INVALID_ENUMERATION_CONTEXT,
    CIM_ERR_INVALID_OPERATION_TIMEOUT,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_INVALID_QUERY,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_NOT_SUPPORTED,
    CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
    CIM_ERR_SERVER_LIMITS_EXCEEDED,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    WBEMConnection,
)

if TYPE_CHECKING:
    from tests.clients.conftest import Launch, Post, Run, Server

HYPERV: Final = "root/virtualization/v2"
INTEROP: Final = "root/interop"
DEVICES: Final = "CIM_LogicalDevice"
GSI: Final = CIMInstanceName(
    "Msvm_GuestServiceInterfaceComponent",
    {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
        "CreationClassName": "Msvm_GuestServiceInterfaceComponent",
        "DeviceID": "Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",
    },
)
GHOST: Final = CIMInstanceName(GSI.classname, {**GSI.keybindings, "DeviceID": "none"})
ONE: Final = '<IPARAMVALUE NAME="MaxObjectCount"><VALUE>1</VALUE></IPARAMVALUE>'

Opening = Callable[..., Any]
Operation = Callable[[WBEMConnection], Any]


def refusal(conn: WBEMConnection, operation: Operation) -> int:
    with pytest.raises(CIMError) as error:
        operation(conn)
    return int(error.value.status_code)


def without_hosts(found: Iterable[Any]) -> list[Any]:
    """Return copies of instances or paths as the classic enumerations give them."""
    copies = [each.copy() for each in found]
    for each in copies:
        (each.path if isinstance(each, CIMInstance) else each).host = None
    return copies


def pulled(conn: WBEMConnection, opened: Any, pull: Callable[..., Any], most: int) -> Iterator[list[Any]]:
    """Yield what each answer of a session holds."""
    while True:
        found = opened.instances if hasattr(opened, "instances") else opened.paths
        assert len(found) <= most
        yield found
        if opened.eos:
            assert opened.context is None
            return
        opened = pull(opened.context, most)


WAYS: Final = [
    (WBEMConnection.OpenEnumerateInstances, WBEMConnection.EnumerateInstances, DEVICES),
    (WBEMConnection.OpenEnumerateInstancePaths, WBEMConnection.EnumerateInstanceNames, DEVICES),
    (WBEMConnection.OpenReferenceInstances, WBEMConnection.References, GSI),
    (WBEMConnection.OpenReferenceInstancePaths, WBEMConnection.ReferenceNames, GSI),
    (WBEMConnection.OpenAssociatorInstances, WBEMConnection.Associators, GSI),
    (WBEMConnection.OpenAssociatorInstancePaths, WBEMConnection.AssociatorNames, GSI),
]


@pytest.mark.longer
@pytest.mark.parametrize(("opening", "plain", "target"), WAYS, ids=[way[0].__name__ for way in WAYS])
@pytest.mark.parametrize("most", [1, 3, 1000])
def test_pl_1_to_pl_6_in_pieces_of_any_size(
    hyperv: WBEMConnection, opening: Opening, plain: Opening, target: Any, most: int
) -> None:
    conn = hyperv
    pull = conn.PullInstancePaths if "Paths" in opening.__name__ else conn.PullInstancesWithPath
    pieces = list(pulled(conn, opening(conn, target, MaxObjectCount=most), pull, most))
    found = [each for piece in pieces for each in piece]
    assert without_hosts(found) == without_hosts(plain(conn, target))
    assert all(len(piece) == most for piece in pieces[:-1])
    assert {getattr(each, "path", each).host for each in found} == {"localhost"}  # PL-25, M16


def test_pl_1_projections(hyperv: WBEMConnection) -> None:
    flags: dict[str, Any] = {"DeepInheritance": False, "IncludeClassOrigin": True, "PropertyList": ["elementname", "Started"]}
    opened = hyperv.OpenEnumerateInstances(DEVICES, MaxObjectCount=1000, **flags)
    assert without_hosts(opened.instances) == without_hosts(hyperv.EnumerateInstances(DEVICES, LocalOnly=False, **flags))
    assert {prop.class_origin for each in opened.instances for prop in each.properties.values()} == {"CIM_ManagedElement"}


def test_pl_26_pl_27_a_session_without_objects(hyperv: WBEMConnection) -> None:
    opened = hyperv.OpenEnumerateInstances(DEVICES)
    assert (opened.instances, opened.eos) == ([], False)
    again = hyperv.PullInstancesWithPath(opened.context, 0)
    assert (again.instances, again.eos) == ([], False)
    assert hyperv.CloseEnumeration(again.context) is None


def test_pl_31_pl_44_contexts_that_are_gone(hyperv: WBEMConnection) -> None:
    closed = hyperv.OpenEnumerateInstancePaths(DEVICES).context
    hyperv.CloseEnumeration(closed)
    done = hyperv.OpenEnumerateInstancePaths(DEVICES).context
    assert hyperv.PullInstancePaths(done, 1000).eos
    for context in (closed, done, ("never-was", HYPERV)):
        for operation in (
            lambda conn, context=context: conn.PullInstancePaths(context, 1),
            lambda conn, context=context: conn.CloseEnumeration(context),
        ):
            assert refusal(hyperv, operation) == CIM_ERR_INVALID_ENUMERATION_CONTEXT


def test_pl_32_pl_33_contexts_in_the_wrong_place(server: "Server", hyperv: WBEMConnection, post: "Post") -> None:
    context, namespace = hyperv.OpenEnumerateInstancePaths(DEVICES).context
    assert namespace == HYPERV
    assert refusal(hyperv, lambda conn: conn.PullInstancePaths((context, INTEROP), 1)) == CIM_ERR_INVALID_ENUMERATION_CONTEXT
    # Sent as it stands: with a recorder, pywbem's own PullInstances fails over an error.
    given = f'<IPARAMVALUE NAME="EnumerationContext"><VALUE>{context}</VALUE></IPARAMVALUE>{ONE}'
    assert b'<ERROR CODE="21"' in post(server, HYPERV, "PullInstances", given)
    assert len(hyperv.PullInstancePaths((context, HYPERV), 1).paths) == 1
    hyperv.CloseEnumeration((context, HYPERV))


def test_pl_12_the_count_of_what_is_left(server: "Server", hyperv: WBEMConnection, post: "Post") -> None:
    opened = hyperv.OpenEnumerateInstancePaths(DEVICES, MaxObjectCount=2)
    given = f'<IPARAMVALUE NAME="EnumerationContext"><VALUE>{opened.context[0]}</VALUE></IPARAMVALUE>'
    left = len(hyperv.EnumerateInstanceNames(DEVICES)) - 2
    assert f"<IRETURNVALUE><VALUE>{left}</VALUE></IRETURNVALUE>".encode() in post(server, HYPERV, "EnumerationCount", given)
    hyperv.CloseEnumeration(opened.context)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (lambda conn: conn.OpenEnumerateInstances("CIM_NoSuch"), CIM_ERR_INVALID_CLASS),
        (lambda conn: conn.OpenAssociatorInstances(GHOST), CIM_ERR_NOT_FOUND),
        (lambda conn: conn.OpenReferenceInstancePaths(GHOST), CIM_ERR_NOT_FOUND),
        (lambda conn: conn.OpenEnumerateInstances(DEVICES, OperationTimeout=3601), CIM_ERR_INVALID_OPERATION_TIMEOUT),
        (lambda conn: conn.OpenEnumerateInstances(DEVICES, FilterQuery="x = 1"), CIM_ERR_INVALID_PARAMETER),
        (lambda conn: conn.OpenEnumerateInstances(DEVICES, FilterQueryLanguage="DMTF:FQL"), CIM_ERR_INVALID_PARAMETER),
        (
            lambda conn: conn.OpenEnumerateInstances(DEVICES, FilterQueryLanguage="X:Y", FilterQuery="Started"),
            CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
        ),
        (
            lambda conn: conn.OpenEnumerateInstancePaths(DEVICES, FilterQueryLanguage="DMTF:FQL", FilterQuery="((("),
            CIM_ERR_INVALID_QUERY,
        ),
    ],
    ids=["class", "source", "referred", "timeout", "no language", "no filter", "language", "syntax"],
)
def test_pl_20_pl_29_pl_36_refusals(hyperv: WBEMConnection, operation: Operation, code: int) -> None:
    assert refusal(hyperv, operation) == code


def test_pl_28_a_pull_without_a_count(server: "Server", post: "Post") -> None:
    given = '<IPARAMVALUE NAME="EnumerationContext"><VALUE>none</VALUE></IPARAMVALUE>'
    assert b'<ERROR CODE="4"' in post(server, HYPERV, "PullInstancesWithPath", given)
    assert b'<ERROR CODE="21"' in post(server, HYPERV, "PullInstancesWithPath", given + ONE)


def test_pl_30_continue_on_error(hyperv: WBEMConnection) -> None:
    opened = hyperv.OpenEnumerateInstances(DEVICES, ContinueOnError=True, OperationTimeout=0, MaxObjectCount=1)
    assert refusal(hyperv, lambda conn: conn.PullInstancePaths(opened.context, 1)) == CIM_ERR_INVALID_ENUMERATION_CONTEXT
    assert len(hyperv.PullInstancesWithPath(opened.context, 1).instances) == 1
    hyperv.CloseEnumeration(opened.context)


# Iterations


@pytest.fixture(params=[True, None, False], ids=["pull", "either", "classic"])
def iterating(request: pytest.FixtureRequest, server: "Server") -> Iterator[WBEMConnection]:
    with WBEMConnection(server.url, None, HYPERV, use_pull_operations=request.param) as conn:
        yield conn


@pytest.mark.longer
def test_ct1_pl_22_pl_43_every_iteration(iterating: WBEMConnection, hyperv: WBEMConnection) -> None:
    conn = iterating
    most = {"MaxObjectCount": 2}
    assert without_hosts(conn.IterEnumerateInstances(DEVICES, **most)) == hyperv.EnumerateInstances(DEVICES)
    names = without_hosts(hyperv.EnumerateInstanceNames(DEVICES))
    assert without_hosts(conn.IterEnumerateInstancePaths(DEVICES, **most)) == names
    assert without_hosts(conn.IterAssociatorInstances(GSI, **most)) == without_hosts(hyperv.Associators(GSI))
    assert without_hosts(conn.IterAssociatorInstancePaths(GSI, **most)) == without_hosts(hyperv.AssociatorNames(GSI))
    assert without_hosts(conn.IterReferenceInstances(GSI, **most)) == without_hosts(hyperv.References(GSI))
    assert without_hosts(conn.IterReferenceInstancePaths(GSI, **most)) == without_hosts(hyperv.ReferenceNames(GSI))


@pytest.fixture
def pulling(server: "Server") -> Iterator[WBEMConnection]:
    """A connection whose iterations pull."""
    with WBEMConnection(server.url, None, HYPERV, use_pull_operations=True) as conn:
        yield conn


@pytest.fixture
def single(launch: "Launch") -> Iterator[WBEMConnection]:
    """The same to a server that keeps one session at most."""
    with launch("--max-contexts", "1") as server, WBEMConnection(server.url, None, HYPERV, use_pull_operations=True) as conn:
        yield conn


def test_pl_40_pl_42_an_abandoned_iteration_leaves_no_session(single: WBEMConnection) -> None:
    held = single.OpenEnumerateInstancePaths(DEVICES)
    refused = refusal(single, lambda conn: conn.OpenEnumerateInstancePaths(DEVICES))
    assert refused == CIM_ERR_SERVER_LIMITS_EXCEEDED
    single.CloseEnumeration(held.context)
    for _ in range(3):
        iteration = single.IterEnumerateInstances(DEVICES, MaxObjectCount=1)
        next(iteration)
        iteration.close()
    assert b'NAME="CloseEnumeration"' in single.last_raw_reply


def test_pl_42_an_iteration_whose_pull_fails(
    pulling: WBEMConnection, hyperv: WBEMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = pulling.PullInstancesWithPath

    def closed_meanwhile(context: Any, MaxObjectCount: int) -> Any:  # the names under which pywbem passes them
        hyperv.CloseEnumeration(context)
        return pull(context, MaxObjectCount)

    monkeypatch.setattr(pulling, "PullInstancesWithPath", closed_meanwhile)
    assert refusal(pulling, lambda conn: list(conn.IterEnumerateInstances(DEVICES, MaxObjectCount=1))) == (
        CIM_ERR_INVALID_ENUMERATION_CONTEXT
    )
    # It tries to close the session that is gone, and the server goes on.
    assert b'NAME="CloseEnumeration"' in pulling.last_raw_reply
    assert len(list(hyperv.EnumerateInstanceNames(DEVICES))) > 0


def test_g2_pl_43_an_operation_that_nobody_knows(server: "Server", post: "Post") -> None:
    assert b'<ERROR CODE="%d"' % CIM_ERR_NOT_SUPPORTED in post(server, HYPERV, "OpenNothing", "")


# Filters


FQL: Final = {"FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "Started = TRUE"}


def test_pl_36_to_pl_38_filters_in_dmtf_fql(hyperv: WBEMConnection, pulling: WBEMConnection) -> None:
    everything = hyperv.EnumerateInstances("CIM_Service")
    started = [each.path for each in everything if each["Started"]]
    assert 0 < len(started) < len(everything)
    opened = hyperv.OpenEnumerateInstances("CIM_Service", PropertyList=["Name"], MaxObjectCount=1000, **FQL)
    assert [each.path for each in without_hosts(opened.instances)] == started
    assert {name for each in opened.instances for name in each} == {"Name"}
    paths = hyperv.OpenEnumerateInstancePaths("CIM_Service", MaxObjectCount=1000, **FQL)
    assert without_hosts(paths.paths) == started
    assert without_hosts(pulling.IterEnumerateInstancePaths("CIM_Service", MaxObjectCount=1, **FQL)) == started


# Queries


def test_pl_7_pl_10_pl_41_rows_of_a_query_in_pieces(hyperv: WBEMConnection, pulling: WBEMConnection) -> None:
    query = {"FilterQueryLanguage": "DMTF:CQL", "FilterQuery": "SELECT Name, Started FROM CIM_Service"}
    names = [each["Name"] for each in hyperv.EnumerateInstances("CIM_Service")]
    opened = hyperv.OpenQueryInstances(**query, ReturnQueryResultClass=True, MaxObjectCount=1)
    assert (len(opened.instances), opened.eos) == (1, False)
    assert {"Name", "Started"} <= set(opened.query_result_class.properties)
    rest = hyperv.PullInstances(opened.context, 1000)
    assert rest.eos
    assert [each["Name"] for each in opened.instances + rest.instances] == names
    assert [each["Name"] for each in pulling.IterQueryInstances(**query, MaxObjectCount=2).generator] == names


# pywbemcli


@pytest.mark.parametrize("use_pull", ["yes", "no", "either"])
def test_ct1_pywbemcli_use_pull(pywbemcli: "Run", server: "Server", hyperv: WBEMConnection, use_pull: str) -> None:
    general = ("--use-pull", use_pull, "--pull-max-cnt", "2")
    listed = pywbemcli(server, HYPERV, *general, "instance", "enumerate", "CIM_Service", "--names-only")
    assert (listed.status, listed.err) == (0, "")
    assert len(listed.out.split()) == len(hyperv.EnumerateInstanceNames("CIM_Service"))
    found = pywbemcli(server, HYPERV, *general, "--output-format", "mof", "instance", "enumerate", "CIM_Service")
    assert found.out.count("instance of ") == len(hyperv.EnumerateInstanceNames("CIM_Service"))
