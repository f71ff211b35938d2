"""What authors of mock packs import: providers, what these act on, and what packs of services and jobs share.

A pack imports names from here and from its own modules, and from nowhere else in cimsim; other modules may change with any
release. ``cimsim/docs/providers.md`` shows the names at work.

* Providers: :class:`Provider`, :class:`Invocation`.
* The world: :class:`Transaction`, :class:`Instance`, :class:`InstancePath`, :class:`Identity`, :class:`Namespace`,
  :class:`ResolvedClass`, :class:`OperationCount`.
* Values: :class:`DateTime`; ``same`` and ``same_key`` compare values as properties and as keys.
* Time: :class:`Timing`, ``IMMEDIATE``, ``parse_timing``, :data:`Step`.
* Services: :class:`ServiceLifeCycle`; :class:`ServiceState` with ``STARTING``, ``RUNNING``, ``STOPPING`` and ``STOPPED``; the
  values of EnabledState and RequestedState, and return values of StartService, StopService and RequestStateChange, as numbers;
  ``is_busy``, ``unsupported``, ``timeout_refusal``.
* Jobs: :class:`JobLifeCycle`, :class:`JobKind`, :class:`JobFailure`; ``begin_job``, ``cancel_job``, ``fail_job`` and
  ``is_running``.
* Errors: a function for each CIM status code that a provider may want to raise; :class:`SettingError`.
* Names: ``fold`` and ``fold_namespace`` for comparing them, ``did_you_mean`` for the nearest.
* Populating: ``take``, ``put_back``, :class:`Taken`, ``replace_texts``, ``describe_answers``.
* Indications: ``parse_indication_filter``, ``parse_listener_url``.
"""

from typing import TYPE_CHECKING, Any

from cimsim.operations.methods import Invocation
from cimsim.providers.indication_filters import parse_indication_filter
from cimsim.providers.jobs import JobFailure, JobKind, JobLifeCycle, begin_job, cancel_job, fail_job, is_running
from cimsim.providers.listener_url import ListenerUrl, parse_listener_url
from cimsim.providers.provider import Provider
from cimsim.providers.service_life_cycle import (
    BUSY,
    COMPLETED,
    DISABLED,
    ENABLED,
    FAILED,
    IN_TRANSITION,
    INVALID_TRANSITION,
    JOB_STARTED,
    NO_TRANSITION,
    NOT_APPLICABLE,
    NOT_IN_TIME,
    NOT_SUPPORTED,
    REBOOT,
    REQUESTABLE,
    RESET,
    RUNNING,
    SHUT_DOWN,
    STARTING,
    STOPPED,
    STOPPING,
    ServiceLifeCycle,
    ServiceState,
    is_busy,
    unsupported,
)
from cimsim.providers.setting_error import SettingError
from cimsim.providers.timing import INVALID_PARAMETER, TIMEOUT_NOT_SUPPORTED, timeout_refusal
from cimsim.providers.variants import Taken, describe_answers, put_back, replace_texts, take
from cimsim.world.agenda import Step
from cimsim.world.counts import OperationCount
from cimsim.world.errors import (
    access_denied,
    already_exists,
    failed,
    invalid_class,
    invalid_parameter,
    method_not_available,
    not_found,
    not_supported,
    query_language_not_supported,
)
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold, fold_namespace
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.timing import IMMEDIATE, Timing, parse_timing
from cimsim.world.transaction import Transaction, same, same_key
from cimsim.world.values import DateTime
from cimsim.world.world import Namespace

if TYPE_CHECKING:
    from cimsim.query.indication_queries import IndicationFilter

__all__ = [
    "BUSY",
    "COMPLETED",
    "DISABLED",
    "ENABLED",
    "FAILED",
    "IMMEDIATE",
    "INVALID_PARAMETER",
    "INVALID_TRANSITION",
    "IN_TRANSITION",
    "JOB_STARTED",
    "NOT_APPLICABLE",
    "NOT_IN_TIME",
    "NOT_SUPPORTED",
    "NO_TRANSITION",
    "REBOOT",
    "REQUESTABLE",
    "RESET",
    "RUNNING",
    "SHUT_DOWN",
    "STARTING",
    "STOPPED",
    "STOPPING",
    "TIMEOUT_NOT_SUPPORTED",
    "DateTime",
    "Identity",
    "IndicationFilter",
    "Instance",
    "InstancePath",
    "Invocation",
    "JobFailure",
    "JobKind",
    "JobLifeCycle",
    "ListenerUrl",
    "Namespace",
    "OperationCount",
    "Provider",
    "ResolvedClass",
    "ServiceLifeCycle",
    "ServiceState",
    "SettingError",
    "Step",
    "Taken",
    "Timing",
    "Transaction",
    "access_denied",
    "already_exists",
    "begin_job",
    "cancel_job",
    "describe_answers",
    "did_you_mean",
    "fail_job",
    "failed",
    "fold",
    "fold_namespace",
    "invalid_class",
    "invalid_parameter",
    "is_busy",
    "is_running",
    "method_not_available",
    "not_found",
    "not_supported",
    "parse_indication_filter",
    "parse_listener_url",
    "parse_timing",
    "put_back",
    "query_language_not_supported",
    "replace_texts",
    "same",
    "same_key",
    "take",
    "timeout_refusal",
    "unsupported",
]


def __getattr__(name: str) -> Any:
    # Queries are not cheap to import, and few packs name their type.
    if name == "IndicationFilter":
        from cimsim.query.indication_queries import IndicationFilter

        return IndicationFilter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
