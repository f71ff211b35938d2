"""The page on providers is what happens: its blocks make a pack, its sessions run against a server of it, in order."""

import doctest
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cimsim

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch

PAGE: Final = (Path(cimsim.__file__).parent / "docs" / "providers.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"^```([^\n]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILES: Final = {
    "toml": "pack.toml",
    "mof": "greenhouse.mof",
    "mof indications.mof": "indications.mof",
    "python": "providers.py",
}
OVERLAY: Final = {"toml overlay": "pack.toml", "python overlay": "providers.py"}


def blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall(PAGE) if name == kind]


def write_pack(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for kind, name in files.items():
        (folder / name).write_text("\n".join(blocks(kind)), encoding="utf-8")
    return folder


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {name for name, _ in BLOCK.findall(PAGE)} == {*FILES, *OVERLAY, "pycon"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_every_example_of_the_page(launch: "Launch", connect: "Connect", tmp_path: Path) -> None:
    write_pack(tmp_path / "greenhouse", FILES)
    overlay = write_pack(tmp_path / "desert", OVERLAY)
    session = "\n".join(blocks("pycon"))
    complaints: list[str] = []
    with launch(str(overlay), "--clock", "manual", "--set", "greenhouse.vent_time=5s") as server:
        conn = connect(server, "root/greenhouse")

        def advance(seconds: float) -> None:
            server.advance(seconds)

        names = {"conn": conn, "advance": advance, "listener_port": free_port()}
        examples = doctest.DocTestParser().get_doctest(session, names, "providers.md", "providers.md", 0)
        doctest.DocTestRunner(verbose=False).run(examples, out=complaints.append, clear_globs=False)
    assert not complaints, "\n" + "".join(complaints)
