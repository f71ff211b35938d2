"""Requests are counted by what there is an end to."""

from cimsim.cimom.exchanges import Called
from cimsim.server.recording import HttpExchange
from cimsim.simulation.request_counts import BOUNDS, RequestCounts


def exchange(*calls: Called, status: int | None = 200, seconds: float = 0.0) -> HttpExchange:
    return HttpExchange(0.0, "CIM-XML", "", None, calls, status, "", seconds, 3, 4)


def test_names_and_statuses_that_clients_and_providers_choose_are_counted_together() -> None:
    counts = RequestCounts()
    calls = [Called(f"Method{number}", "", 1_000 + number) for number in range(50)]
    counts.record(exchange(*calls, Called("getinstance", "", 6), Called("GetInstance", "", None)), b"", b"")
    assert counts.calls == {("InvokeMethod", "other"): 50, ("GetInstance", "6"): 1, ("GetInstance", "none"): 1}


def test_durations_fall_into_groups_up_to_their_bounds() -> None:
    counts = RequestCounts()
    for seconds in (0.0, BOUNDS[0], BOUNDS[1], BOUNDS[-1] + 1):
        counts.record(exchange(status=None, seconds=seconds), b"", b"")
    durations = counts.durations["CIM-XML"]
    assert (durations.groups[:2], durations.groups[-1], sum(durations.groups)) == ([2, 1], 1, 4)
    assert durations.seconds == sum((0.0, BOUNDS[0], BOUNDS[1], BOUNDS[-1] + 1))
    assert counts.exchanges == {("CIM-XML", "none"): 4}
    assert (counts.request_bytes, counts.response_bytes) == (12, 16)
