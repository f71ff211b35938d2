"""Instance paths in text (rules OP-EQ-1, D20; DSP0004's untyped paths)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.world.object_path import parse_path
from cimsim.world.paths import InstancePath
from cimsim.world.world import World


@pytest.mark.parametrize(
    ("text", "host", "namespace"),
    [
        ("C.K='a',N=5", None, "root/here"),
        ('C.K="a",N=5', None, "root/here"),
        ("C.K='a' , N = 5 ", None, "root/here"),
        ("root/x:C.K='a',N=5", None, "root/x"),
        ("/root/x:C.K='a',N=5", None, "root/x"),
        ("root\\x:C.K='a',N=5", None, "root\\x"),
        ("//h/root/x:C.K='a',N=5", "h", "root/x"),
        ("\\\\h\\root\\x:C.K='a',N=5", "h", "root\\x"),
        ("\\\\.\\root\\x:C.K='a',N=5", None, "root\\x"),
    ],
)
def test_op_eq_1_spellings_of_a_path(text: str, host: str | None, namespace: str) -> None:
    assert parse_path(text, World(), "root/here") == InstancePath("C", (("K", "a"), ("N", "5")), namespace, host)


@pytest.mark.parametrize("text", ["", "C", "C.", "C.K", "C.K=", "C.K='a", "C.K='a' N=5", "C.K=a,", "C.K='a'b", "x y:C"])
def test_op_eq_1_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="is not an instance path"):
        parse_path(text, World(), "root/here")


keys = st.lists(st.tuples(st.from_regex(r"[A-Za-z_]\w{0,5}", fullmatch=True), st.text(max_size=8)), min_size=1, max_size=3)


@given(keys, st.sampled_from(["root/x", "a/b/c"]))
def test_op_eq_1_the_text_of_a_path_reads_as_that_path(pairs: list[tuple[str, str]], namespace: str) -> None:
    path = InstancePath("C_Class", tuple(pairs), namespace)
    assert parse_path(str(path), World(), "root/here") == path


def test_op_eq_1_references_in_a_path(cim: Any) -> None:
    world = cim.world(cim.cls("A", cim.ref("R", "B", "Key")), cim.cls("B", cim.prop("K", "string", "Key")))
    inner = InstancePath("B", (("K", 'say "hi"'),), "root/test")
    outer = InstancePath("A", (("R", inner),), "root/test")
    assert parse_path(str(outer), world, "root/test") == outer


@pytest.mark.parametrize(
    ("text", "hint"),
    [("5", "numeric"), ("-1.5", "numeric"), ("TRUE", "boolean"), ("false", "boolean"), ('"5"', None), ("'5'", None)],
)
def test_values_without_quotes_are_numbers_or_booleans(text: str, hint: str | None) -> None:
    """That counts where nobody knows the class; where it is known, it may be a string all the same."""
    [(_, value)] = parse_path(f"//far/root/x:X_Far.K={text}", World(), "root/here").keys
    assert getattr(value, "hint", None) == hint
