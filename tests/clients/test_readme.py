"""The sessions in README.md and the page about clients: each runs on a fresh server and must print what stands there."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from pywbem import WBEMConnection

if TYPE_CHECKING:
    from tests.clients.conftest import Launch, Run

ROOT: Final = Path(__file__).parent.parent.parent
PAGES: Final = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "cimsim/docs/clients.md"))
SESSION: Final = re.compile(r"<!-- session: (\S+) -->\n```(\w+)\n(.*?)\n```\n<!-- end -->", re.DOTALL)
SESSIONS: Final = {name: (kind, text) for name, kind, text in SESSION.findall(PAGES)}
PLACE: Final = "localhost:5988"
WSMAN_PLACE: Final = "localhost:5985"
# Sessions that start an interpreter, or half a dozen programs, for each command.
DEAR: Final = frozenset({"pywbemcli", "wsl"})
WSL_NEEDS: Final = ("wsl", "curl", "xmllint")
# Makes identifiers for wsl where the program that does is missing.
UUIDGEN: Final = "command -v uuidgen >/dev/null || { uuidgen() { echo 1; }; export -f uuidgen; }\n"
PROMPT: Final = "$ "


def complaints_of_python(name: str, session: str) -> str:
    """Run the examples of a Python session and return what is otherwise than it says."""
    complaints: list[str] = []
    examples = doctest.DocTestParser().get_doctest(session, {}, name, name, 0)
    doctest.DocTestRunner(verbose=False).run(examples, out=complaints.append, clear_globs=False)
    for connection in examples.globs.values():
        if isinstance(connection, WBEMConnection):
            connection.close()
    return "".join(complaints)


def printed_in_shell(session: str, folder: Path) -> str:
    """Run the commands of a shell session, in one shell in a folder, and return the session with what they printed."""
    commands = [line.removeprefix(PROMPT) for line in session.splitlines() if line.startswith(PROMPT)]
    # The shell itself writes each command before it runs it, the way the page shows it.
    script = UUIDGEN + "\n".join(f"printf '%s\\n' {quoted(PROMPT + command)}\n{command}" for command in commands)
    hidden = ("CIMSIM_", "PYWBEM", "COLUMNS")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    variables["no_proxy"] = "*"
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env=variables,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_the_pages_have_a_session_of_each_client() -> None:
    assert {"pywbem", "pywbemcli", "wbemcli", "pywinrm", "wsl"} <= set(SESSIONS)


@pytest.mark.parametrize("name", [name for name, (kind, _) in SESSIONS.items() if kind == "pycon"])
def test_a_python_session(launch: "Launch", name: str) -> None:
    with launch() as server:
        assert complaints_of_python(name, SESSIONS[name][1].replace(PLACE, f"localhost:{server.port}") + "\n") == ""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.longer] if name in DEAR else [])
        for name, (kind, _) in SESSIONS.items()
        if kind == "console"
    ],
)
def test_a_shell_session(launch: "Launch", request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    if name == "wbemcli":
        _: Run = request.getfixturevalue("wbemcli")
    missing = [program for program in WSL_NEEDS if name == "wsl" and shutil.which(program) is None]
    if missing:
        assert os.environ.get("CI") != "true", f"{', '.join(missing)} is missing"
        pytest.skip(f"{', '.join(missing)} is not installed")
    text = SESSIONS[name][1].replace(WSMAN_PLACE, PLACE)
    with launch() as server:
        # WS-Management is served at the port of CIM-XML, too.
        shown = printed_in_shell(text.replace(PLACE, f"localhost:{server.port}"), tmp_path)
    assert blocks(shown.replace(f"localhost:{server.port}", PLACE)) == blocks(text + "\n")


def blocks(session: str) -> list[str]:
    """Return each command with what it printed; blank lines around that do not show on a page."""
    return [block.strip("\n") for block in session.split("\n" + PROMPT)]
