"""Several CIMOMs behind one control plane."""

import pytest

from cimsim.control.routes import CALLS
from tests.control.plane import Plane


@pytest.fixture
def planes() -> tuple[Plane, Plane]:
    """Return two planes; the first shows the CIMOM of the second as well."""
    first, second = Plane(), Plane()
    second.controlled.name = "west & east"
    second.controlled.urls = ("http://127.0.0.1:1",)
    first.cimoms.add(second.controlled)
    return first, second


def test_all_are_listed_the_first_one_first(planes: tuple[Plane, Plane]) -> None:
    assert planes[0].get("/v1/cimoms") == {
        "cimoms": [
            {"name": "cimsim", "urls": [], "namespaces": {}},
            {"name": "west & east", "urls": ["http://127.0.0.1:1"], "namespaces": {}},
        ]
    }


def test_each_has_everything_of_its_own(planes: tuple[Plane, Plane]) -> None:
    plane, other = planes
    below = "/v1/cimoms/west%20%26%20east"
    plane.post(f"{below}/clock/advance", {"seconds": 60})
    assert (plane.happened, other.happened) == ([], [5, 9])
    assert plane.asked("POST", f"{below}/faults", {"http": 500})[0] == 201
    assert (plane.get("/v1/faults")["faults"], len(plane.get(f"{below}/faults")["faults"])) == ([], 1)
    assert plane.asked("PUT", f"{below}/snapshots/one")[0] == 200
    assert (len(plane.controlled.snapshots), len(other.controlled.snapshots)) == (0, 1)
    assert plane.get(f"{below}/status")["name"] == "west & east"
    assert plane.get("/v1/status")["name"] == plane.get("/v1/cimoms/cimsim/status")["name"] == "cimsim"


def test_one_that_is_gone_or_never_was_is_named_with_the_nearest(planes: tuple[Plane, Plane]) -> None:
    plane, _ = planes
    status, problem = plane.asked("GET", "/v1/cimoms/cimsin/status")
    assert (status, problem["field"], problem["nearest"]) == (404, "cimom", "cimsim")
    plane.cimoms.remove("west & east")
    status, problem = plane.asked("GET", "/v1/cimoms/west%20%26%20east/status")
    assert (status, "there are: cimsim" in problem["error"]) == (404, True)


def test_what_is_of_the_server_is_not_of_a_cimom(planes: tuple[Plane, Plane]) -> None:
    plane, _ = planes
    of_server = [path for path, calls in CALLS.items() if any(call.of_server for call in calls.values())]
    assert "/v1/cimoms" in of_server
    for path in of_server:
        if path.startswith("/v1/"):
            assert plane.asked("GET", f"/v1/cimoms/cimsim/{path.removeprefix('/v1/')}")[0] == 404


def test_the_server_is_ready_when_all_are(planes: tuple[Plane, Plane]) -> None:
    plane, other = planes
    plane.controlled.ready = True
    assert plane.asked("GET", "/health/ready")[0] == 503
    other.controlled.ready = True
    assert plane.asked("GET", "/health/ready")[0] == 200
