"""Subscriptions, settings, rules, documents and metrics, as the control API shows them."""

import re
from typing import Any

import pytest
from pywbem import CIMInstance

from cimsim.control.client import ControlClient, RefusedError
from cimsim.control.conformance import rules
from cimsim.control.service_messages import SubscriptionState
from cimsim.control.settings_api import MASK, _shown
from cimsim.control.subscriptions_api import without_login
from cimsim.testing.simulator import Simulator
from tests.control.conftest import NAMESPACE

INTEROP = "root/interop"


@pytest.fixture
def subscribed(sim: Simulator, client: ControlClient) -> str:
    """Return the path of a subscription whose listener cannot be reached."""
    connection = sim.connect(INTEROP)
    query = {"Query": "SELECT * FROM CIM_InstModification", "QueryLanguage": "WQL", "SourceNamespaces": [NAMESPACE]}
    wanted = connection.CreateInstance(CIMInstance("CIM_IndicationFilter", {"Name": "f", **query}))
    destination = {"Name": "d", "Destination": "http://127.0.0.1:1"}
    handler = connection.CreateInstance(CIMInstance("CIM_ListenerDestinationCIMXML", destination))
    connection.CreateInstance(CIMInstance("CIM_IndicationSubscription", {"Filter": wanted, "Handler": handler}))
    return client.subscriptions()[0].path


def subscription(client: ControlClient, counted: str) -> SubscriptionState:
    """Return the only subscription when it has counted something, which takes some turns of the reactor."""
    for _ in range(1_000):
        (found,) = client.subscriptions()
        if getattr(found, counted):
            return found
    raise AssertionError(f"nothing was {counted}")


def test_a_subscription_says_what_became_of_its_deliveries(client: ControlClient, sim: Simulator, subscribed: str) -> None:
    (before,) = client.subscriptions()
    assert (before.path, before.active, before.sent, before.failed, before.queued) == (subscribed, True, 0, 0, 0)
    assert (before.language, before.source_namespaces, before.destination) == ("WQL", [NAMESPACE], "http://127.0.0.1:1")
    assert before.query == "SELECT * FROM CIM_InstModification"
    ended: list[str | None] = []
    send = sim._hosted.simulation.controlled.indications.queues._send  # type: ignore[union-attr]

    def fail(url: str, outgoing: Any, done: Any) -> None:
        ended.append(url)
        sim._hosting.thread.reactor.callLater(0, done, None if len(ended) > 1 else "no route")

    queues = sim._hosted.simulation.controlled.indications.queues  # type: ignore[union-attr]
    sim.in_reactor(setattr, queues, "_send", fail)
    try:
        path = client.instances(NAMESPACE, "Msvm_GuestFileService", where="Started = TRUE").instances[0].path
        client.invoke(path, "StopService")
        failed = subscription(client, "failed")
        assert (failed.failed, failed.queued, failed.last_error) == (1, 1, "no route")
        assert 'cimsim_delivery_queue_length{destination="http://127.0.0.1:1"} 1.0' in client.metrics()
        sim.advance(30)
        sent = subscription(client, "sent")
        assert (sent.sent, sent.failed, sent.queued) == (1, 1, 0)
    finally:
        sim.in_reactor(setattr, queues, "_send", send)


def test_a_destination_is_shown_without_a_login() -> None:
    assert without_login("https://eve:secret@host:1/x?y") == "https://host:1/x?y"
    assert without_login("http://[::1") == ""


def test_settings_have_values_defaults_and_what_they_are_about(client: ControlClient) -> None:
    found = client.settings()
    options = {each.name: each for each in found.options}
    assert (options["clock"].value, options["clock"].default) == ("manual", "real")
    assert [name for name, each in options.items() if not each.about] == ["packs"]
    hyperv = next(each for each in found.packs if each.name == "hyperv")
    vms = next(each for each in hyperv.settings if each.name == "vms")
    assert (vms.value, vms.type) == (3, "integer")
    assert vms.default == 3
    assert vms.about


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("user", ["eve:secret", "bob:x:y"], ["eve:***", "bob:***"]),
        ("control_token", "abc", MASK),
        ("control_token", None, None),
        ("set", {"iscsi.chap_secret": "x", "iscsi.targets": 3}, {"iscsi.chap_secret": MASK, "iscsi.targets": 3}),
        ("allow_plain_passwords", True, True),
        ("users_file", "/x", "/x"),
    ],
)
def test_no_secret_is_shown(name: str, value: Any, shown: Any) -> None:
    assert _shown(name, value) == shown


def test_all_rules_are_shown(client: ControlClient) -> None:
    found = client.conformance()
    assert [each.id for each in found] == [each.identifier for each in rules()]
    assert {each.status for each in found} <= {"supported", "informational", "unconfirmed", "later"}


def test_documents_are_listed_found_and_read(client: ControlClient) -> None:
    listed = {each.name: each.title for each in client.documents()}
    assert listed["architecture"] == "Architecture"
    assert "pack-hyperv" in listed
    page = client.document("architecture")
    assert page.markdown.startswith("# Architecture")
    (found,) = (each for each in client.documents("The WORLD  is a value") if each.name == "architecture")
    assert "The world is a value" in found.excerpt
    assert client.documents("no page has this text, has it") == []
    with pytest.raises(RefusedError) as refused:
        client.document("architectur")
    assert (refused.value.status, refused.value.nearest) == (404, "architecture")
    with pytest.raises(RefusedError) as refused:
        client._get("/documents/..%2F..%2Fpyproject", dict)
    assert refused.value.status == 404


def test_metrics_have_connections_contexts_and_subscriptions(client: ControlClient, sim: Simulator, subscribed: str) -> None:
    connection = sim.connect(NAMESPACE)
    context = connection.OpenEnumerateInstances("CIM_Service", MaxObjectCount=1).context
    found = dict(re.findall(r"^(cimsim_\w+) (\S+)$", client.metrics(), re.MULTILINE))
    assert context is not None
    assert float(found["cimsim_connections"]) >= 1
    assert float(found["cimsim_enumeration_contexts"]) >= 1
    assert found["cimsim_subscriptions"] == "1.0"
