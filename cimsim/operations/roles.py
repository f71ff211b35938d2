"""The roles that users can have: what somebody may do in a namespace."""

from enum import Enum


class Role(Enum):
    """What a user may do; each is given on its own, none implies another."""

    READ = "read"
    """Read instances, classes and qualifier declarations, follow associations, query."""
    WRITE = "write"
    """Create, modify and delete instances, set properties."""
    METHOD = "method"
    """Call extrinsic methods."""
    SCHEMA = "schema"
    """Create, modify and delete classes and qualifier declarations."""
    ADMINISTER = "administer"
    """Create and delete namespaces."""
