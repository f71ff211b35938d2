"""The server as a whole: whether it is there, its CIMOMs, and logging in."""

from cimsim.control.api_errors import ControlError
from cimsim.control.caller import Caller
from cimsim.control.messages import CimomList, CimomState, Health, Login, NoBody
from cimsim.control.status_api import instances_by_namespace


def live(_: Caller) -> Health:
    """Return that the server is alive: it answers."""
    return Health("ok")


def ready(caller: Caller) -> Health:
    """Return that clients of all CIMOMs are answered; raises ControlError, 503, while they are not."""
    if not caller.cimoms.ready:
        raise ControlError(503, "clients are not answered: the server is starting or stopping")
    return Health("ok")


def cimoms(caller: Caller) -> CimomList:
    """Return the CIMOMs, the first one first."""
    return CimomList([CimomState(each.name, list(each.urls), instances_by_namespace(each)) for each in caller.cimoms])


def log_in(caller: Caller, body: Login) -> Health:
    """Give a browser a cookie for the token; raises ControlError, 401, for a wrong one."""
    caller.access.log_in(caller.request, body.token)
    return Health("ok")


def log_out(caller: Caller, _: NoBody) -> Health:
    """Have a browser forget the cookie."""
    caller.access.log_out(caller.request)
    return Health("ok")
