"""A simulated Hyper-V host with a control plane that the tests of the API share; each test begins with the world as loaded."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from cimsim.control.client import ControlClient
from cimsim.testing.simulator import Simulator
from tests.control.served import served

NAMESPACE = "root/virtualization/v2"


@pytest.fixture(scope="package")
def hyperv(unchecked: set[str]) -> Iterator[tuple[Simulator, ControlClient]]:
    with served("hyperv", "interop", settings={"hyperv.vms": 3}, clock="manual", seed=1) as (sim, client):
        unchecked.add(urlsplit(client.url).netloc)
        yield sim, client


@pytest.fixture
def sim(hyperv: tuple[Simulator, ControlClient]) -> Simulator:
    return hyperv[0]


@pytest.fixture
def client(hyperv: tuple[Simulator, ControlClient]) -> ControlClient:
    hyperv[1].reset()
    return hyperv[1]
