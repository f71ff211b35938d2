"""What is measured, as Prometheus reads it."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from cimsim.control.messages import PlainText
from cimsim.control.status_api import status
from cimsim.control.subscriptions_api import without_login
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.simulation.request_counts import BOUNDS

_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_MAX_DESTINATIONS: Final = 100
_OTHER: Final = "other"


def metrics(controlled: ControlledCimom) -> PlainText:
    """Return what is measured, in the text format of Prometheus; the registry is made for this answer alone."""
    # Imported here because it takes longer than all else of the control plane, and few ask for it.
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(controlled))
    return PlainText(_TEXT_FORMAT, generate_latest(registry))


class _Collector:
    """Turns counts into families of metrics (a ``Collector`` of prometheus_client)."""

    def __init__(self, controlled: ControlledCimom) -> None:
        self._controlled = controlled

    def describe(self) -> list[Any]:
        """Return nothing: nobody else registers anything."""
        return []

    def collect(self) -> Iterator[Any]:
        """Yield the families."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        counts, state = self._controlled.counts, status(self._controlled)
        calls = CounterMetricFamily("cimsim_requests", "Operations and methods called.", labels=["operation", "status"])
        for labels, number in counts.calls.items():
            calls.add_metric(labels, number)
        yield calls
        exchanges = CounterMetricFamily("cimsim_exchanges", "HTTP messages answered.", labels=["protocol", "http_status"])
        for labels, number in counts.exchanges.items():
            exchanges.add_metric(labels, number)
        yield exchanges
        durations = HistogramMetricFamily("cimsim_exchange_seconds", "Until answers were handed over.", labels=["protocol"])
        bounds = [*map(str, BOUNDS), "+Inf"]
        for protocol, found in counts.durations.items():
            durations.add_metric([protocol], list(zip(bounds, accumulate(found.groups), strict=True)), found.seconds)
        yield durations
        yield CounterMetricFamily("cimsim_request_bytes", "Bytes of bodies of requests.", counts.request_bytes)
        yield CounterMetricFamily("cimsim_response_bytes", "Bytes of bodies of answers.", counts.response_bytes)
        instances = GaugeMetricFamily("cimsim_instances", "Instances in a namespace.", labels=["namespace"])
        for name, number in state.namespaces.items():
            instances.add_metric([name], number)
        yield instances
        yield GaugeMetricFamily("cimsim_connections", "Connections of clients.", self._controlled.connections())
        contexts = self._controlled.cimom.open_contexts
        yield GaugeMetricFamily("cimsim_enumeration_contexts", "Enumeration contexts that are open.", contexts)
        yield from self._deliveries()
        yield GaugeMetricFamily("cimsim_faults", "Fault rules in force.", state.faults)
        yield GaugeMetricFamily("cimsim_snapshots", "Snapshots kept.", state.snapshots)
        yield GaugeMetricFamily("cimsim_waiting_steps", "Steps that wait for a time or for reads.", state.clock.waiting)

    def _deliveries(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        indications = self._controlled.indications
        active = 0 if indications is None else len(indications.active)
        yield GaugeMetricFamily("cimsim_subscriptions", "Subscriptions that are active.", active)
        queues = GaugeMetricFamily("cimsim_delivery_queue_length", "Indications that wait.", labels=["destination"])
        deliveries = CounterMetricFamily("cimsim_deliveries", "Tries to deliver an indication.", labels=["outcome"])
        if indications is not None:
            for name, length in _bounded(indications.queues.lengths()).items():
                queues.add_metric([name], length)
            deliveries.add_metric(["delivered"], indications.queues.total.sent)
            deliveries.add_metric(["failed"], indications.queues.total.failed)
        yield queues
        yield deliveries


def _bounded(lengths: Mapping[str, int]) -> dict[str, int]:
    """Return the lengths by destination; clients choose these, so that those beyond a number are counted together."""
    found: dict[str, int] = {}
    for url, length in lengths.items():
        name = without_login(url)
        name = name if name in found or len(found) < _MAX_DESTINATIONS else _OTHER
        found[name] = found.get(name, 0) + length
    return found
