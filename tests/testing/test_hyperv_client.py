"""A suite of a client library for Hyper-V services, written as its author would: with fixtures, without other glue."""

from typing import Final

import pytest
import pywbem
import requests
from pywbem import (
    AuthError,
    CIMError,
    CIMInstanceName,
    HTTPError,
    WBEMConnection,
)

from cimsim.testing import SimulatedCimom
from tests.examples import examples

pytestmark = pytest.mark.cimsim(packs=["hyperv"], clock="manual")
SERVICE = "Msvm_GuestFileService"

MACHINES: Final = examples(50)
"""500 in the longer runs."""


def guest_service(connection: WBEMConnection) -> CIMInstanceName:
    """Part of the client library: find the guest file service."""
    return connection.EnumerateInstanceNames(SERVICE)[0]


def restart(connection: WBEMConnection, tries: int = 3) -> int:
    """Part of the client library: stop a service, again while the guest is busy, then start it; return the tries."""
    service = guest_service(connection)
    for number in range(1, tries + 1):
        try:
            connection.InvokeMethod("StopService", service)
        except CIMError as error:
            if error.status_code != 1 or number == tries:
                raise
        else:
            connection.InvokeMethod("StartService", service)
            return number
    raise AssertionError


def test_a_service_stops_and_starts(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    service = guest_service(cimsim_connection)
    assert cimsim_connection.InvokeMethod("StopService", service)[0] == 0
    assert cimsim.get(service)["Started"] is False
    assert cimsim_connection.InvokeMethod("StartService", service)[0] == 0
    assert cimsim.get(service)["Started"] is True
    cimsim.expect_sequence("StopService", "StartService")


def test_every_test_has_a_fresh_world(cimsim: SimulatedCimom) -> None:
    assert cimsim.find(SERVICE)[0]["Started"] is True
    assert not cimsim.calls()
    assert not cimsim.diff()


def test_a_busy_guest_is_tried_again(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    fault = cimsim.fault(method="StopService", times=2, error=(1, "the guest is busy"))
    assert restart(cimsim_connection) == 3
    assert fault.hits == 2
    cimsim.expect("StopService", {"CreationClassName": SERVICE}).times(3)
    assert [call.description for call in cimsim.calls("StopService")] == ["the guest is busy", "the guest is busy", ""]


def test_a_guest_that_stays_busy_is_reported(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    cimsim.fault(method="StopService", error=("failed", "the guest is busy"))
    with pytest.raises(CIMError, match="the guest is busy"):
        restart(cimsim_connection)
    cimsim.expect("StartService").never()


def test_http_500_twice(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    cimsim.fault(operation="EnumerateInstanceNames", http=500, times=2)
    for _ in range(2):
        with pytest.raises(HTTPError) as failed:
            guest_service(cimsim_connection)
        assert failed.value.status == 500
    assert guest_service(cimsim_connection)["CreationClassName"] == SERVICE


def test_a_connection_that_is_reset_within_an_answer(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    cimsim.fault(operation="GetInstance", reset="within")
    service = guest_service(cimsim_connection)
    with pytest.raises(pywbem.ConnectionError):
        cimsim_connection.GetInstance(service)


def test_an_answer_that_is_slower_than_the_client_waits(cimsim: SimulatedCimom) -> None:
    cimsim.fault(operation="EnumerateInstanceNames", delay="3600s clock")
    with cimsim.connect(timeout=0.2) as connection, pytest.raises((pywbem.TimeoutError, pywbem.ConnectionError)):
        guest_service(connection)


@pytest.mark.cimsim(settings={"hyperv.timings": f"{SERVICE}=30s"})
def test_half_a_minute_passes_at_once(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    service = guest_service(cimsim_connection)
    cimsim_connection.InvokeMethod("StopService", service)
    assert cimsim.get(service)["EnabledState"] == 4
    cimsim.advance(29)
    assert cimsim.get(service)["EnabledState"] == 4
    cimsim.settle()
    assert cimsim.get(service)["EnabledState"] == 3


@pytest.mark.cimsim(users={"operator": "secret"})
def test_a_wrong_password(cimsim: SimulatedCimom) -> None:
    with cimsim.connect(creds=("operator", "wrong")) as connection, pytest.raises(AuthError):
        guest_service(connection)
    with cimsim.connect(creds=("operator", "secret")) as connection:
        guest_service(connection)
    assert [entry.exchange.user for entry in cimsim.exchanges() if entry.exchange.calls] == ["operator"]


@pytest.mark.cimsim(tls=True)
def test_a_certificate_that_is_not_trusted(cimsim: SimulatedCimom) -> None:
    url = cimsim.urls[1]
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=20)
    with cimsim.connect(url=url) as connection:
        assert guest_service(connection)["CreationClassName"] == SERVICE


@pytest.mark.cimsim(tls=True)
def test_a_handshake_that_fails(cimsim: SimulatedCimom, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    fault = cimsim.fault(tls=True, times=1)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(cimsim.urls[1], timeout=20, verify=str(cimsim.ca_file))
    assert requests.get(cimsim.urls[1], timeout=20, verify=str(cimsim.ca_file)).status_code in (405, 501)
    assert fault.hits == 1


@pytest.mark.longer
@pytest.mark.cimsim(settings={"hyperv.vms": MACHINES})
def test_many_machines(cimsim: SimulatedCimom, cimsim_connection: WBEMConnection) -> None:
    machines = [each for each in cimsim.find("Msvm_ComputerSystem") if each["Caption"] == "Virtual Machine"]
    assert len(machines) == MACHINES
    assert len(cimsim_connection.EnumerateInstanceNames("Msvm_ComputerSystem")) == MACHINES + 1
