"""The files by which commands find the servers that run."""

import json
import os
from pathlib import Path

from twisted.logger import LogEvent, globalLogPublisher

from cimsim.simulation.running_servers import RunningServer, running_servers
from cimsim.simulation.state_file import StateFile

FIELDS = {"pid": 7, "control": "http://127.0.0.1:1", "urls": ["http://127.0.0.1:2"], "token": "a-token"}


def test_a_server_is_found_while_it_runs_and_its_file_is_for_the_user_alone(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "new" / "state", 7)
    assert running_servers(tmp_path / "new" / "state") == []
    state.write(FIELDS)
    (file,) = (tmp_path / "new" / "state").rglob("*.json")
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert running_servers(tmp_path / "new" / "state") == [
        RunningServer(7, "http://127.0.0.1:1", "a-token", ("http://127.0.0.1:2",))
    ]
    state.remove()
    state.remove()
    assert running_servers(tmp_path / "new" / "state") == []
    assert not file.exists()


def test_what_a_server_left_that_did_not_stop_in_good_order_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "servers"
    folder.mkdir()
    # The number of a process that runs: it is another one's by now.
    stale = folder / f"{os.getpid()}.json"
    stale.write_text(json.dumps(FIELDS))
    running = StateFile(tmp_path, 9)
    running.write({**FIELDS, "pid": 9})
    assert [each.pid for each in running_servers(tmp_path)] == [9]
    assert [each.name for each in folder.iterdir()] == ["9.json"]
    running.remove()


def test_what_is_not_such_a_file_is_passed_over(tmp_path: Path) -> None:
    held = []
    for number, fields in enumerate(({}, {"pid": "x", "control": 1, "urls": 2})):
        held.append(StateFile(tmp_path, number))
        held[-1].write(fields)
    (tmp_path / "servers" / "folder.json").mkdir()
    assert running_servers(tmp_path) == []
    for each in held:
        each.remove()


def test_servers_come_in_the_order_of_their_processes(tmp_path: Path) -> None:
    files = [StateFile(tmp_path, pid) for pid in (30, 4, 200)]
    for pid, file in zip((30, 4, 200), files, strict=True):
        file.write({**FIELDS, "pid": pid})
    assert [each.pid for each in running_servers(tmp_path)] == [4, 30, 200]
    for file in files:
        file.remove()


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)  # type: ignore[arg-type]
    try:
        StateFile(tmp_path / "file", 1).write(FIELDS)
    finally:
        globalLogPublisher.removeObserver(events.append)  # type: ignore[arg-type]
    assert [(each["log_level"].name, each["reason"]) for each in events] == [("warn", os.strerror(20))]
    assert "a-token" not in str(events)
