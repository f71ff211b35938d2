"""What ``/v1`` shows and changes: faults, snapshots, calls, health; and what it refuses."""

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from cimsim.cimom.exchanges import Called, Exchange
from cimsim.control import calls_api, faults_api
from tests.control.plane import JSON, Plane

BUSY = {"method": "StopService", "times": 2, "error": ["failed", "the guest is busy"]}


@pytest.fixture
def plane(cim: Any) -> Plane:
    """Return the control plane of a CIMOM with a class, a method and an instance."""
    properties = [cim.prop("Id", "string", "Key"), cim.prop("Size", "uint32"), cim.prop("Since", "datetime")]
    transaction = cim.transaction(cim.cls("T_Thing", *properties, cim.method("StopService", "uint32")))
    transaction.create("T_Thing", {"Id": "a", "Size": 1})
    return Plane(world=transaction.world)


def change(plane: Plane, name: str, size: int) -> None:
    """Create an instance, or modify it."""

    def step(transaction: Any) -> None:
        found = list(transaction.select("T_Thing", Id=name))
        if found:
            transaction.modify(found[0], Size=size)
        else:
            transaction.create("T_Thing", {"Id": name, "Size": size})

    plane.cimom.change(step, "root/test")


def record(plane: Plane, *operations: str, status: int = 200) -> None:
    calls = tuple(Called(each, f"root/test:{each}", 0, parameters=(("Size", "4"), ("Null", None))) for each in operations)
    exchange = Exchange(0.0, "CIM-XML", "127.0.0.1", None, calls, status, "", 0.5, 10, 20)
    plane.controlled.journal.record(exchange, b"", b"")


# Health and status


def test_ready_follows_the_simulation_and_live_does_not(plane: Plane) -> None:
    assert plane.asked("GET", "/v1/health/live") == (200, {"status": "ok"})
    assert plane.asked("GET", "/v1/health/ready")[0] == 503
    plane.controlled.ready = True
    assert plane.asked("GET", "/v1/health/ready") == (200, {"status": "ok"})


def test_the_status_counts_what_there_is(plane: Plane) -> None:
    plane.controlled.urls = ("http://127.0.0.1:5988",)
    plane.asked("POST", "/v1/faults", BUSY)
    plane.asked("PUT", "/v1/snapshots/one")
    record(plane, "GetInstance")
    status = plane.get("/v1/status")
    assert (status["urls"], status["namespaces"]) == (["http://127.0.0.1:5988"], {"root/test": 1})
    assert (status["faults"], status["snapshots"], status["exchanges"]) == (1, 1, 1)
    assert status["clock"] == plane.get("/v1/clock") == plane.get("/clock")


def test_the_clock_is_advanced_below_v1_too(plane: Plane) -> None:
    assert plane.post("/v1/clock/advance", {"seconds": 5})["waiting"] == 1
    assert plane.happened == [5]


# Faults


def test_a_fault_is_added_shown_and_removed(plane: Plane) -> None:
    status, added = plane.asked("POST", "/v1/faults", BUSY)
    assert (status, added["number"], added["hits"]) == (201, 1, 0)
    assert added["rule"] == {**BUSY, "error": [1, "the guest is busy"]}
    assert plane.get("/v1/faults") == {"faults": [added]}
    assert plane.get("/v1/faults/1") == added
    assert plane.asked("DELETE", "/v1/faults/1") == (200, added)
    assert plane.asked("DELETE", "/v1/faults/1")[0] == 404
    assert plane.get("/v1/faults") == {"faults": []}


def test_what_a_fault_shows_can_be_given_again(plane: Plane) -> None:
    words = {"operation": "GetClass", "delay": ["uniform", "1s clock", 2], "where": {"Id": "a", "Size": [1, None]}}
    shown = plane.asked("POST", "/v1/faults", words)[1]["rule"]
    assert plane.asked("POST", "/v1/faults", shown)[1]["rule"] == shown


def test_all_faults_are_removed(plane: Plane) -> None:
    for _ in range(3):
        plane.asked("POST", "/v1/faults", {"http": 500})
    assert plane.asked("DELETE", "/v1/faults") == (200, {"removed": 3})
    assert not plane.cimom.faults


WRONG_RULES: list[tuple[Any, str, str]] = [
    ({**BUSY, "tims": 2}, "tims", "times"),
    ({**BUSY, "times": "2"}, "times", ""),
    ({**BUSY, "method": "StopServce"}, "method", "StopService"),
    ({"operation": "GetInstances", "http": 500}, "operation", "GetInstance"),
    ({"classname": "T_Thig", "http": 500}, "classname", "T_Thing"),
    ({"namespace": "root/tst", "http": 500}, "namespace", "root/test"),
    ({"error": ["CIM_ERR_NOT_FOUNT"]}, "error", "not_found"),
    ({"reset": "befor"}, "reset", "before"),
    ({"delay": "1" + " " * 500_000 + "x"}, "delay", ""),
    ({"method": "StopService"}, "", ""),
    ([], "", ""),
    (b'{"http": 500, "skip": -123456789012345678901234567890}', "skip", ""),
    (b'{"where": {"Id": ' + b"[" * 100_000, "", ""),
    (b'{"where": {"Id": "\\ud800"}, "http": 500}', "", ""),
]


@pytest.mark.parametrize(("words", "field", "nearest"), WRONG_RULES, ids=[str(rule[0])[:40] for rule in WRONG_RULES])
def test_a_wrong_rule_is_refused_by_field_with_the_nearest(plane: Plane, words: Any, field: str, nearest: str) -> None:
    status, problem = plane.asked("POST", "/v1/faults", words)
    assert (status, problem.get("field", ""), problem.get("nearest", "")) == (400, field, nearest)
    assert not plane.cimom.faults


def test_there_is_an_end_to_how_many_rules_are_in_force(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_api, "MAX_FAULTS", 1)
    assert [plane.asked("POST", "/v1/faults", {"http": 500})[0] for _ in range(2)] == [201, 409]


# The world


def test_a_snapshot_is_taken_and_restored(plane: Plane) -> None:
    taken = plane.asked("PUT", "/v1/snapshots/one")
    assert taken == (200, {"name": "one", "time": "2025-03-10T12:00:00.000000Z"})
    change(plane, "b", 2)
    assert plane.get("/v1/status")["namespaces"] == {"root/test": 2}
    assert plane.asked("POST", "/v1/snapshots/one/restore", {}) == taken
    assert plane.get("/v1/status")["namespaces"] == {"root/test": 1}
    assert plane.get("/v1/snapshots") == {"snapshots": [taken[1]]}
    assert plane.get("/v1/snapshots/one") == taken[1]
    assert plane.asked("DELETE", "/v1/snapshots/one") == taken
    assert plane.get("/v1/snapshots") == {"snapshots": []}


def test_a_reset_goes_back_to_the_start_and_forgets(plane: Plane) -> None:
    change(plane, "b", 2)
    plane.asked("POST", "/v1/faults", BUSY)
    record(plane, "GetInstance")
    status = plane.post("/v1/reset", {})
    assert (status["namespaces"], status["faults"]) == ({"root/test": 1}, 0)
    assert plane.get("/v1/calls")["exchanges"] == []


def test_a_diff_has_what_was_created_modified_and_deleted(plane: Plane) -> None:
    change(plane, "b", 2)
    plane.asked("PUT", "/v1/snapshots/two")
    change(plane, "a", 9)
    a, b = 'root/test:T_Thing.Id="a"', 'root/test:T_Thing.Id="b"'
    modified = [{"path": a, "changes": {"Size": {"before": 1, "after": 9}}}]
    assert plane.get("/v1/diff") == {"created": [b], "modified": modified, "deleted": []}
    assert plane.get("/v1/diff?before=two") == {"created": [], "modified": modified, "deleted": []}
    assert plane.get("/v1/diff?after=two") == {"created": [b], "modified": [], "deleted": []}


def test_a_long_diff_is_made_in_steps_between_which_others_are_answered(plane: Plane) -> None:
    def fill(transaction: Any) -> None:
        for number in range(1_000):
            transaction.create("T_Thing", {"Id": f"n{number}", "Size": number})

    plane.cimom.change(fill, "root/test")
    assert len(plane.get("/v1/diff")["created"]) == 1_000
    assert plane.reactor.rests > 10


def test_a_diff_for_a_client_that_has_left_ends(plane: Plane) -> None:
    change(plane, "b", 2)
    make: Any = StringTransport
    protocol = plane.reactor.factory.buildProtocol(None)
    protocol.makeConnection(make())
    protocol.dataReceived(b"GET /v1/diff HTTP/1.1\r\nHost: localhost\r\n\r\n")
    failure: Any = Failure
    reason = failure(ConnectionDone())
    waiting = len(plane.reactor.clock.getDelayedCalls())
    protocol.connectionLost(reason)
    plane.reactor.clock.advance(0)
    assert len(plane.reactor.clock.getDelayedCalls()) < waiting


WRONG_WORLDS = [
    ("PUT", "/v1/snapshots/a%2Fb", 400, "name", ""),
    ("PUT", "/v1/snapshots/" + "x" * 101, 400, "name", ""),
    ("PUT", "/v1/snapshots/", 405, "", ""),
    ("GET", "/v1/snapshots/started", 404, "", "start"),
    ("DELETE", "/v1/snapshots/started", 404, "", "start"),
    ("POST", "/v1/snapshots/started/restore", 404, "", "start"),
    ("GET", "/v1/diff?before=started", 400, "before", "start"),
    ("GET", "/v1/diff?from=start", 400, "from", ""),
    ("GET", "/v1/diff?before=start&before=start", 400, "before", ""),
    ("GET", "/v1/status?verbose=1", 400, "verbose", ""),
    ("GET", "/v1/calls?sinse=1", 400, "sinse", "since"),
    ("GET", "/v1/calls?since=one", 400, "since", ""),
    ("GET", "/v1/calls?since=-1", 400, "since", ""),
    ("GET", "/v1/calls?limit=0", 400, "limit", ""),
    ("GET", "/v1/calls?" + "&".join(f"a{number}" for number in range(50)), 400, "", ""),
    ("GET", "/v1/statsu", 404, "", "/v1/status"),
    ("GET", "/v1/faults/one", 404, "", ""),
]


@pytest.mark.parametrize(("method", "path", "status", "field", "nearest"), WRONG_WORLDS)
def test_a_wrong_path_or_query_is_refused(plane: Plane, method: str, path: str, status: int, field: str, nearest: str) -> None:
    plane.asked("PUT", "/v1/snapshots/start")
    found, problem = plane.asked(method, path)
    shown = (found, problem.get("field", ""), problem.get("nearest", ""))
    assert shown == (status, field, nearest)
    assert problem["error"]
    assert [each["name"] for each in plane.get("/v1/snapshots")["snapshots"]] == ["start"]


def test_a_body_where_none_is_wanted_names_its_field(plane: Plane) -> None:
    change(plane, "b", 2)
    status, problem = plane.asked("POST", "/v1/reset", {"hard": True})
    assert (status, problem["field"]) == (400, "hard")
    assert plane.get("/v1/status")["namespaces"] == {"root/test": 2}


# Calls


def test_calls_are_shown_by_name_and_number(plane: Plane) -> None:
    for operations in (["GetInstance"], ["StopService", "GetClass"], [], ["stopservice"]):
        record(plane, *operations)
    answer = plane.get("/v1/calls")
    assert [[call["operation"] for call in each["calls"]] for each in answer["exchanges"]] == [
        ["GetInstance"],
        ["StopService", "GetClass"],
        [],
        ["stopservice"],
    ]
    assert (answer["last"], answer["more"]) == (4, False)
    named = plane.get("/v1/calls?name=StopService&since=1")
    assert [(each["number"], len(each["calls"])) for each in named["exchanges"]] == [(2, 1), (4, 1)]
    assert named["exchanges"][0]["calls"][0]["parameters"] == {"Size": "4", "Null": None}
    assert plane.get("/v1/calls?since=4") == {"exchanges": [], "last": 4, "more": False, "instance": "this run"}
    assert plane.get("/v1/calls?since=9")["last"] == 4, "a number of an earlier run"


def test_a_long_journal_comes_in_parts(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        record(plane, "GetInstance", "GetClass")
    part = plane.get("/v1/calls?limit=2")
    assert ([each["number"] for each in part["exchanges"]], part["last"], part["more"]) == ([1, 2], 2, True)
    monkeypatch.setattr(calls_api, "MAX_CALLS", 6)
    part = plane.get("/v1/calls?since=1")
    assert ([each["number"] for each in part["exchanges"]], part["last"], part["more"]) == ([2, 3, 4], 4, True)


# Pages of other origins


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://evil.example", 403), ("null", 403), ("http://127.0.0.1.evil.example:80", 403), ("http://localhost:3000", 200)],
)
def test_only_pages_of_this_computer_are_answered(plane: Plane, origin: str, status: int) -> None:
    assert plane.raw("POST", "/v1/reset", {**JSON, "Origin": origin}, b"{}")[0] == status
