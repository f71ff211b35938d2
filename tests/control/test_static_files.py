"""The files of the console: what is served, with which headers, and what is not."""

import re
from pathlib import Path

import pytest

from cimsim.control.api_errors import ControlError
from cimsim.control.static_files import CONTENT_POLICY, HEADERS, StaticFiles, is_known, is_static
from tests.control.plane import Plane

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CONSOLE = Path(__file__).parents[2] / "cimsim" / "control" / "console"


@pytest.fixture(scope="module")
def files() -> StaticFiles:
    return StaticFiles()


def test_the_page_is_at_the_root_for_browsers_and_below_the_prefix_for_all() -> None:
    assert is_static("/", BROWSER)
    assert not is_static("/", "*/*")
    assert not is_static("/", None)
    assert not is_static("/", "text/html;q=0, application/json")
    assert is_static("/console", None)
    assert is_static("/console/main.js", None)
    assert not is_static("/consoles", BROWSER)


@pytest.mark.parametrize("path", ["/", "/console", "/console/", "/console/index.html"])
def test_the_page_has_several_addresses(files: StaticFiles, path: str) -> None:
    assert files.find(path).content.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/console/main.js", "text/javascript; charset=utf-8"),
        ("/console/pages/clock.js", "text/javascript; charset=utf-8"),
        ("/console/theme.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
        ("/", "text/html; charset=utf-8"),
    ],
)
def test_files_have_their_types_and_etags(files: StaticFiles, path: str, kind: str) -> None:
    file = files.find(path)
    assert file.content_type == kind
    assert is_known(file, f'"other", W/{file.etag}')
    assert is_known(file, "*")
    assert not is_known(file, '"other"')
    assert not is_known(file, None)


@pytest.mark.parametrize(
    "path",
    [
        "/console/../api.py",
        "/console/..%2fapi.py",
        "/console//etc/passwd",
        "/console/pages",
        "/console/pages/../main.js",
        "/console/main.js/",
        "/console/\0",
    ],
)
def test_nothing_else_is_served(files: StaticFiles, path: str) -> None:
    with pytest.raises(ControlError) as raised:
        files.find(path)
    assert raised.value.status == 404


def test_a_misspelt_file_is_answered_with_the_nearest(files: StaticFiles) -> None:
    with pytest.raises(ControlError, match=r"no file mian\.js; did you mean main\.js\?"):
        files.find("/console/mian.js")


def test_only_files_of_known_types_are_served(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "secret.txt").write_text("x")
    assert list(StaticFiles(tmp_path).names) == ["index.html"]


def test_the_control_plane_serves_them_with_the_policy() -> None:
    plane = Plane()
    status, headers, content = plane.raw("GET", "/", {"Accept": BROWSER})
    assert (status, content[:15]) == (200, b"<!doctype html>")
    assert headers["content-security-policy"] == CONTENT_POLICY
    for name, value in HEADERS.items():
        assert headers[name.lower()] == value
    assert plane.raw("GET", "/", {"Accept": BROWSER, "If-None-Match": headers["etag"]})[0] == 304
    assert plane.raw("GET", "/", {})[1]["content-type"] == "application/json"
    assert plane.raw("HEAD", "/console/main.js", {})[2] == b""
    assert plane.raw("GET", "/console/no.js", {})[0] == 404
    assert plane.raw("GET", "/console/main.js", {"Host": "evil.example"})[0] == 403
    assert plane.raw("POST", "/console/main.js", {"Content-Type": "application/json"}, b"{}")[0] == 404


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    assert "unsafe" not in CONTENT_POLICY
    assert {each.split(" ", 1)[1] for each in CONTENT_POLICY.split("; ")} == {"'none'", "'self'"}


def test_no_file_parses_html_nor_names_another_origin() -> None:
    """Nothing of what could make markup of a text is used; the one address elsewhere is the name of SVG."""
    makes_markup = re.compile(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|eval)\b"
    )
    for path in CONSOLE.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert not makes_markup.search(text), path
        assert not re.search(r"\bon\w+=|style=|javascript:", text) or path.suffix != ".html", path
        found = set(re.findall(r"https?://[\w.]+", text)) - {"http://www.w3.org"}
        assert not found, path


def test_every_module_that_is_imported_is_there(files: StaticFiles) -> None:
    for name, path in files.names.items():
        for imported in re.findall(r"""(?:from|import)\s*\(?\s*"(\.[^"]+)\"""", path.read_text(encoding="utf-8")):
            target = (path.parent / imported).resolve().relative_to(CONSOLE.resolve()).as_posix()
            assert target in files.names, (name, imported)
