"""``cimsim password``, and the users file with what it prints (rule SEC9)."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pywbem import AuthError, WBEMConnection

from tests.programs import Finished

if TYPE_CHECKING:
    from tests.cli.conftest import Cimsim, Serve

COMMAND = [sys.executable, "-m", "cimsim", "password"]
LINE = re.compile(r"eve:scrypt\$16384\$8\$1\$[0-9A-Za-z+/]{22}==\$[0-9A-Za-z+/]{43}=\n")


def test_a_piped_password_is_hashed_with_new_salt_each_time(cimsim: "Cimsim") -> None:
    all_done = {cimsim("password", "eve", given=each) for each in (b"s3cret\n", b"s3cret", b"s3cret\r\nmore")}
    assert len({done.out for done in all_done}) == 3
    for done in all_done:
        assert (done.status, done.err) == (0, "")
        assert LINE.fullmatch(done.out)
        assert "s3cret" not in done.out


def asked(*answers: str) -> tuple[int, str, str]:
    """Type answers at a terminal; return status, standard output and all that the terminal showed, ``|`` for each answer."""
    master, terminal = pty.openpty()
    # A session of its own, or the terminal of whoever runs the tests would be asked.
    streams = {"stdin": terminal, "stdout": subprocess.PIPE, "stderr": terminal}
    with subprocess.Popen([*COMMAND, "eve"], **streams, start_new_session=True) as process:  # type: ignore[call-overload] # unpacked
        os.close(terminal)
        shown = b""
        for answer in answers:
            while not shown.endswith(b": "):
                shown += os.read(master, 1000)
            shown += b"|"
            os.write(master, f"{answer}\n".encode())
        line = process.stdout.read().decode()
        status = process.wait(60)
    os.close(master)
    return status, line, shown.decode()


@pytest.mark.filterwarnings("default::DeprecationWarning")  # of pty, where threads run
def test_sec9_a_terminal_is_asked_twice_and_shows_nothing() -> None:
    status, line, shown = asked("s3cret", "s3cret")
    assert status == 0
    assert LINE.fullmatch(line)
    assert shown == "Password: |\r\nRepeat for confirmation: |"


@pytest.mark.parametrize("name", ["", "a:b", " eve", "eve ", "#eve", "e\nve"])
def test_a_name_that_a_users_file_cannot_hold_is_refused(cimsim: "Cimsim", name: str) -> None:
    expected = Finished(2, "", f"cimsim: {name!r} cannot be the name of a user\n")
    assert cimsim("password", name, given=b"s3cret\n") == expected


@pytest.mark.parametrize(("given", "error"), [(b"", "no password was given"), (b"\xff\n", "the password is not UTF-8")])
def test_no_password_is_refused(cimsim: "Cimsim", given: bytes, error: str) -> None:
    assert cimsim("password", "eve", given=given) == Finished(2, "", f"cimsim: {error}\n")


def test_a_server_takes_the_file(cimsim: "Cimsim", serve: "Serve", tmp_path: Path) -> None:
    (tmp_path / "users").write_text(cimsim("password", "eve", given=b"s3cret:of eve\n").out)
    running = serve("interop", "--users-file", "users")
    for password in ("s3cret:of eve", "s3cret:of eve"):
        with WBEMConnection(running.url, ("eve", password), "root/interop") as connection:
            assert connection.EnumerateClassNames()
    with WBEMConnection(running.url, ("eve", "s3cret"), "root/interop") as connection, pytest.raises(AuthError):
        connection.EnumerateClassNames()
