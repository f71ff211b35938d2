"""How the control plane listens, and who may use it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

import msgspec
from twisted.logger import Logger

from cimsim.server.limits import HttpLimits
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.security import is_loopback

_log = Logger(namespace="cimsim.security")

_TOKEN_BYTES: Final = 24
_RUN_BYTES: Final = 8


class ControlOptions(msgspec.Struct, frozen=True):
    """Where the control plane listens, and what it demands.

    Attributes:
        address: to listen on.
        port: 0 picks a free one.
        token: that every request has to bring; None: none has to.
        hosts: names by which it is called, beside those of the loopback interface and the address that a connection came to.
        limits: on connections and requests; those of the data plane, but for the bodies.
        run: what no other run of a server has.
    """

    address: str = "127.0.0.1"
    port: int = 0
    token: str | None = None
    hosts: tuple[str, ...] = ()
    limits: HttpLimits = HttpLimits()
    run: str = ""


def control_options_of(
    options: SimulationOptions, port: int, limits: HttpLimits, random: Callable[[int], bytes], *, users: bool
) -> ControlOptions:
    """Return how the control plane listens.

    Args:
        options: of the simulation.
        port: 0 picks a free one.
        limits: of the data plane.
        random: makes a token, where one is needed and none is given, and what is new in each run; nobody may foresee it.
        users: whether a CIMOM has users: then the control plane is not for everybody either.
    """
    token = options.control_token
    elsewhere = not is_loopback(options.control_address)
    if token is None and (users or elsewhere):
        token = base64.urlsafe_b64encode(random(_TOKEN_BYTES)).decode("ascii")
    if elsewhere:
        _log.warn(
            "the control plane on {address} speaks plain HTTP: whoever can read the traffic can read its token",
            address=options.control_address,
        )
    hosts = tuple(name.lower() for name in options.control_host)
    return ControlOptions(options.control_address, port, token, hosts, limits, random(_RUN_BYTES).hex())
