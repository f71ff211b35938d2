"""Names, and what makes two instance paths one (rules G9, G12, D23)."""

import pytest

from cimsim.world.names import did_you_mean, fold, fold_namespace, nearest
from cimsim.world.paths import Identity, InstancePath, canonical
from cimsim.world.values import DateTime


def test_names_fold() -> None:  # G9, T16
    assert fold("Msvm_GuestService") == fold("MSVM_GUESTSERVICE") == "msvm_guestservice"


@pytest.mark.parametrize("name", ["root/CIMv2", "/root/cimv2/", "root\\cimv2", "//ROOT/CIMV2"])
def test_namespaces_fold(name: str) -> None:
    assert fold_namespace(name) == "root/cimv2"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("startservise", "StartService"), ("STOPSERVICE", "StopService"), ("Reboot", None), ("", None)],
)
def test_nearest(name: str, expected: str | None) -> None:
    assert nearest(name, ["StartService", "StopService"]) == expected


def test_a_very_long_name_is_near_to_nothing() -> None:  # SEC3
    assert nearest("x" * 128, ["x" * 127]) == "x" * 127
    assert nearest("x" * 129, ["x" * 128]) is None


def test_did_you_mean() -> None:
    assert did_you_mean("Nmae", ["Name", "Caption"]) == "; did you mean Name?"
    assert did_you_mean("Xyz", ["Name", "Caption"]) == ""
    assert did_you_mean("Name", []) == ""


def test_identity_ignores_order_case_and_host_case() -> None:  # G12
    one = InstancePath("CIM_A", (("Name", "x"), ("Id", 1)), "root/CIMv2", "Host")
    other = InstancePath("cim_a", (("ID", 1), ("nAME", "x")), "/root/cimv2", "HOST")
    assert one.identity == other.identity
    assert hash(one.identity) == hash(other.identity)
    assert one.identity == Identity("host", "root/cimv2", "cim_a", (1, "x"))


def test_identity_minds_values() -> None:  # D23
    path = InstancePath("A", (("K", "x"),), "n")
    assert path.identity != InstancePath("A", (("K", "X"),), "n").identity
    assert path.identity != InstancePath("B", (("K", "x"),), "n").identity
    assert path.identity != InstancePath("A", (("K", "x"),), "m").identity
    assert path.identity != InstancePath("A", (("K", "x"),), "n", "elsewhere").identity


def test_canonical_values() -> None:  # D23: datetimes by instant, references by identity
    assert canonical(DateTime("20240101120000.000000+000")) == canonical(DateTime("20240101130000.000000+060"))
    one, other = InstancePath("A", (("K", 1),), "N"), InstancePath("a", (("k", 1),), "n")
    assert one != other
    assert canonical(one) == canonical(other)
    assert canonical("x") == "x"


def test_text_of_a_path() -> None:
    inner = InstancePath("B", (("K", 'say "hi"\\'),), "root/x")
    path = InstancePath("A", (("N", 5), ("On", True), ("Off", False), ("R", inner)), "root/cimv2", "h:5988")
    assert str(inner) == r'root/x:B.K="say \"hi\"\\"'
    assert str(path) == r'//h:5988/root/cimv2:A.N=5,On=TRUE,Off=FALSE,R="root/x:B.K=\"say \\\"hi\\\"\\\\\""'
    assert str(InstancePath("A", ())) == "A"
    assert str(InstancePath("A", (("K", "v"),))) == 'A.K="v"'
