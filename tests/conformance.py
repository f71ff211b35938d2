"""Which tests show which rules: ``python -m tests.conformance`` prints a line for each rule with its tests.

A test shows a rule if its identifier stands in the name of the test function, in its docstring, or in a comment in it or right
above it. What a docstring of a module or a comment between tests cites is shown by the module as a whole. Ranges are written
as ``M10 to M16`` or ``PL-22..25``.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cimsim.control.conformance import rules

ROOT: Final = Path(__file__).parent.parent

_FAMILY: Final = r"OP-[A-Z]{2,3}-|WM-[A-Z]+-|PL-|VR-|SEC|FL|H[CEAO]?|C[PTLWJ]|[MGXDEIWTZQK]"
_CITED: Final = re.compile(rf"(?<![\w-])({_FAMILY})(\d+)(?:(?: to |\.\.)(?:({_FAMILY}))?(\d+))?(?![\w-])")
_IN_NAME: Final = re.compile(r"(?<=_)((?:op|wm)_[a-z]{1,3}_|pl_|vr_|sec|fl|h[ceao]?|c[ptlwj]|[mgxdeiwtzqk])(\d+)(?=_|$)")
_RANGE_IN_NAME: Final = re.compile(rf"{_IN_NAME.pattern}_to_(?:(?:op|wm)_[a-z]{{1,3}}_|pl_|[a-z]{{1,3}})?(\d+)(?=_|$)")

_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef)
_BLOCKS: Final = (ast.stmt, ast.excepthandler, ast.match_case)
# Strings, so that no # in one is taken for the start of a comment, or a comment; much faster than the module tokenize.
_STRING_OR_COMMENT: Final = re.compile(
    r"""\"{3}(?:\\.|(?!\"{3}).)*\"{3}|'{3}(?:\\.|(?!'{3}).)*'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?P<comment>\#[^\n]*)""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Span:
    """The lines of a test function, from its first decorator or the comment above it to its end."""

    name: str
    first: int
    last: int


def cited(text: str) -> set[str]:
    """Return the identifiers that a text cites, and those between the ends of ranges."""
    found = set()
    for family, first, other, last in _CITED.findall(text):
        end = int(last) if last and other in ("", family) else int(first)
        found |= {f"{family}{number}" for number in range(int(first), end + 1)}
        if other not in ("", family):
            found.add(f"{other}{last}")
    return found


def cited_by_name(name: str) -> set[str]:
    """Return the identifiers in the name of a function: ``test_hc10_...``, ``test_op_gi_3_...``, ``test_m1_to_m4_...``."""
    found = {f"{family}{number}" for family, number in _IN_NAME.findall(name)}
    for family, first, last in _RANGE_IN_NAME.findall(name):
        found |= {f"{family}{number}" for number in range(int(first), int(last) + 1)}
    return {each.upper().replace("_", "-") for each in found}


def rules_of(source: str, module: str) -> dict[str, set[str]]:
    """Return the names of the tests of a module by the identifiers that they cite."""
    shown: dict[str, set[str]] = defaultdict(set)
    if not (_CITED.search(source) or _IN_NAME.search(source)):
        return shown
    tree = ast.parse(source)
    comments = _comments(source)

    def show(identifiers: Iterable[str], test: str) -> None:
        for identifier in identifiers:
            shown[identifier].add(f"{module}::{test}" if test else module)

    spans = list(_spans(tree, source.splitlines()))
    for line, comment in comments.items():
        show(cited(comment), next((span.name for span in spans if span.first <= line <= span.last), ""))
    show(cited(ast.get_docstring(tree) or ""), "")
    for name, node in _tests(tree):
        show(cited(ast.get_docstring(node) or "") | cited_by_name(node.name), name)
    return shown


def _comments(source: str) -> dict[int, str]:
    """Return the comments of a module by line."""
    found = {}
    line, seen = 1, 0
    for match in _STRING_OR_COMMENT.finditer(source):
        if match["comment"]:
            line += source.count("\n", seen, match.start())
            seen = match.start()
            found[line] = match["comment"]
    return found


def _docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield the docstrings of a module and of what it defines; expressions, which hold none, are passed over."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DOCUMENTED):
            yield ast.get_docstring(node) or ""
        waiting += (each for each in ast.iter_child_nodes(node) if isinstance(each, _BLOCKS))


def _tests(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _tests(node, f"{prefix}{node.name}::")


def _spans(tree: ast.AST, lines: list[str]) -> Iterator[Span]:
    for name, node in _tests(tree):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        yield Span(name, first, node.end_lineno or node.lineno)


def scan(folder: Path) -> dict[str, list[str]]:
    """Return for every rule that tests below a folder cite the names of these tests."""
    shown: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("test_*.py")):
        module = path.relative_to(folder.parent).as_posix()
        for identifier, tests in rules_of(path.read_text(encoding="utf-8"), module).items():
            shown[identifier] |= tests
    # Tests before modules: what is more exact stands first.
    return {each: sorted(tests, key=lambda test: ("::" not in test, test)) for each, tests in shown.items()}


def named_in(folder: Path) -> set[str]:
    """Return the identifiers that stand in docstrings and comments below a folder, of ranges the two ends."""
    named = set()
    for path in folder.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if not _CITED.search(source):
            continue
        texts = [*_docstrings(ast.parse(source))]
        texts += [comment for comment in _comments(source).values() if "noqa" not in comment]
        for family, number, other, last in _CITED.findall("\n".join(texts)):
            named |= {f"{family}{number}", f"{other or family}{last or number}"}
    return named


def main() -> None:
    """Print for each rule of the page the tests that show it."""
    shown = scan(ROOT / "tests")
    for rule in rules():
        print(f"{rule.identifier} ({rule.status.value}): {', '.join(shown.get(rule.identifier, ()))}")


if __name__ == "__main__":
    main()
