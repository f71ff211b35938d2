"""What the parts of this pack share: numbers, names and the time as Windows writes it."""

from typing import Final

from cimsim.providers import DateTime, Transaction

NAMESPACE: Final = "root/virtualization/v2"
WINDOWS_UTC: Final = "-000"
"""Windows writes the offset of UTC with a minus sign."""
NO_REQUEST: Final = 12
"""RequestedState at rest: no change is wanted."""

# EnabledState of virtual machines beyond Enabled and Disabled.
SHUTTING_DOWN: Final = 4
SAVED: Final = 6
PAUSED: Final = 9
STARTING: Final = 10

# Return values of the vendor, and ErrorCode of jobs.
FAILED: Final = 32768
NOT_SUPPORTED: Final = 32770
INVALID_PARAMETER: Final = 32773
INVALID_STATE: Final = 32775
NOT_AVAILABLE: Final = 32777
NOT_READY: Final = 32780
SHUTDOWN_IN_PROGRESS: Final = 32782

# OperationalStatus.
OK: Final = 2
IN_SERVICE: Final = 11
NO_CONTACT: Final = 12
LOST_COMMUNICATION: Final = 13
DORMANT: Final = 15


def moment(transaction: Transaction) -> DateTime:
    """Return the present time."""
    return DateTime.at(transaction.now, WINDOWS_UTC)
