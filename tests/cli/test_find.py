"""How commands find the server that they are for, with its token."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cimsim.cli.control_commands import Place, follow_calls
from cimsim.cli.main import main
from cimsim.control.client import ControlClient, NoControlPlaneError, RefusedError
from cimsim.simulation.state_file import StateFile
from cimsim.testing import Simulator

TOKEN = "the-token-of-the-test"
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def sim(cache_dir: Path) -> Iterator[Simulator]:
    """Return a simulator with two CIMOMs behind a control plane that demands a token."""
    with Simulator("interop", clock="manual", control_port=0, control_token=TOKEN, cache_dir=cache_dir) as made:
        made.add_cimom("other", "interop", cache_dir=cache_dir)
        yield made


@pytest.fixture
def announce(tmp_path: Path) -> Iterator[Callable[[Simulator, int], None]]:
    """Return what leaves the file of a server, as ``cimsim serve`` does."""
    files: list[StateFile] = []

    def write(sim: Simulator, pid: int) -> None:
        files.append(StateFile(tmp_path, pid))
        files[-1].write({"pid": pid, "control": sim.control_url, "token": sim.control_token, "urls": sim.urls})

    yield write
    for each in files:
        each.remove()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a command, with the folder of the test in place of the user's."""

    def done(*arguments: str, **variables: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, arguments, env={"CIMSIM_STATE_DIR": str(tmp_path), **variables})
        return result.exit_code, result.output

    return done


COMMANDS = [["reset"], ["status"], ["calls"], ["snapshot", "a"], ["restore", "a"], ["faults", "list"], ["clock", "show"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_one_server_that_runs_is_meant_and_its_token_known(
    sim: Simulator, announce: Callable[..., None], run: Run, command: list[str]
) -> None:
    sim.snapshot("a")
    announce(sim, 1)
    assert run(*command)[0] == 0


def test_with_none_it_says_where_it_looked(run: Run, tmp_path: Path) -> None:
    status, text = run("status")
    assert (status, text.count("\n")) == (2, 1)
    assert str(tmp_path) in text
    assert "--control URL" in text
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "1.json").write_text("{}")
    assert run("status") == (status, text), "what was left behind does not count"


def test_with_several_it_lists_them(sim: Simulator, announce: Callable[..., None], run: Run) -> None:
    announce(sim, 1)
    announce(sim, 22)
    status, text = run("status")
    assert (status, text.count("\n")) == (2, 1)
    assert text.startswith("cimsim: 2 servers run; give --control URL with one of ")
    assert re.findall(r"(http://\S+) \(process (\d+), (http://\S+)\)", text) == [
        (sim.control_url, "1", sim.url),
        (sim.control_url, "22", sim.url),
    ]
    assert TOKEN not in text
    assert run("status", "--control", sim.control_url or "")[0] == 0, "one of them is named, and its token is known"


def test_the_token_is_an_option_a_variable_or_in_the_url(sim: Simulator, run: Run) -> None:
    url = sim.control_url or ""
    status, text = run("status", "--control", url)
    assert (status, "--control-token" in text, text.count("\n")) == (2, True, 1)
    assert run("status", "--control", url, "--control-token", TOKEN)[0] == 0
    assert run("status", CIMSIM_CONTROL=url, CIMSIM_CONTROL_TOKEN=TOKEN)[0] == 0
    assert run("status", "--control", f"{url}/#token={TOKEN}")[0] == 0
    status, text = run("status", "--control", f"{url}/#token=wrong-token")
    assert (status, "wrong-token" in text) == (2, False)
    sim.in_reactor(lambda: None)


def test_a_cimom_is_named(sim: Simulator, announce: Callable[..., None], run: Run) -> None:
    announce(sim, 1)
    other = sim.cimoms["other"]
    assert other.url in run("status", "--cimom", "other")[1]
    assert sim.url in run("status", "--cimom", "cimsim")[1]
    assert run("status")[1].endswith("\nCIMOMs: cimsim, other\n")
    assert sim.url in run("status")[1]
    before = len(sim.world.namespaces), other.now
    assert run("faults", "--cimom", "other", "add", "http=500")[0] == 0
    assert [len(run("faults", "--cimom", name, "list")[1].splitlines()) for name in ("cimsim", "other")] == [0, 1]
    assert run("reset", "--cimom", "other")[0] == 0
    assert run("faults", "--cimom", "other", "list") == (0, "")
    assert before[0] == len(sim.world.namespaces)
    status, text = run("status", "--cimom", "othr")
    assert (status, "did you mean other?" in text) == (2, True)
    status, text = run("status", "--cimom", "..")
    assert (status, "is not a name of a CIMOM" in text) == (2, True)


# The client


def test_a_client_is_of_one_cimom_and_knows_all(sim: Simulator) -> None:
    client = ControlClient(sim.control_url or "", token=TOKEN, cimom="other")
    assert client.status().name == "other"
    assert [each.name for each in client.cimoms()] == ["cimsim", "other"]
    assert client.ready()
    with pytest.raises(RefusedError) as refused:
        ControlClient(sim.control_url or "").status()
    assert refused.value.status == 401
    assert ControlClient(sim.control_url or "").live(), "this is for everybody"


# A server that is started again


class EnoughError(Exception):
    """Ends what would go on."""


def test_calls_are_followed_over_a_restart_on_the_same_port(cache_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def served(port: int) -> Simulator:
        return Simulator("interop", control_port=port, cache_dir=cache_dir)

    def call(sim: Simulator, times: int) -> None:
        with sim.connect() as conn:
            for _ in range(times):
                conn.EnumerateClassNames()

    first = served(0)
    client = ControlClient(first.control_url or "")
    call(first, 3)
    seen = client.status()
    servers = [first]

    def steps() -> Iterator[None]:
        yield
        first.stop()
        yield
        yield
        servers.append(served(int(client.url.rpartition(":")[2])))
        # More than before: the number alone says nothing.
        call(servers[-1], 5)
        yield
        call(servers[-1], 1)
        yield

    going = steps()

    def wait() -> None:
        try:
            next(going)
        except StopIteration:
            raise EnoughError from None

    try:
        with pytest.raises(EnoughError):
            follow_calls(client, None, Place(seen.exchanges, seen.instance), wait)
    finally:
        servers[-1].stop()
    shown = capsys.readouterr()
    assert [int(line.split()[0]) for line in shown.out.splitlines()] == [1, 2, 3, 4, 5, 6]
    assert shown.err.count("waiting for it") == 1


def test_a_server_that_never_was_is_not_waited_for(run: Run) -> None:
    status, text = run("calls", "--follow", "--control", "http://127.0.0.1:1")
    assert (status, "no control plane at" in text) == (2, True)
    with pytest.raises(NoControlPlaneError):
        ControlClient("http://127.0.0.1:1").calls()
