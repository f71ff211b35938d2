"""The scenarios of packs: shown, and put into force."""

from collections.abc import Generator

from cimsim.control.api_errors import ControlError
from cimsim.control.faults_api import MAX_FAULTS, state_of
from cimsim.control.messages import FaultList, NoBody, ScenarioList, ScenarioState
from cimsim.packs.pack_errors import PackError
from cimsim.packs.scenarios import UnknownScenarioError, scenarios_of
from cimsim.packs.settings import flattened
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.simulation.start_rules import running_rules
from cimsim.world.names import nearest


def scenarios(controlled: ControlledCimom) -> ScenarioList:
    """Return the scenarios of the packs that are served; raises ControlError, 409, if the file of one is wrong."""
    try:
        found = scenarios_of(controlled.folders)
        states = [
            ScenarioState(each.name, each.pack, each.description, list(map(dict, each.faults)), flattened(each.settings))
            for each in found
        ]
    except PackError as error:
        raise ControlError(409, str(error)) from None
    return ScenarioList(states)


def start(controlled: ControlledCimom, name: str, _: NoBody) -> Generator[None, None, FaultList]:
    """Put the rules of a scenario into force, all or none, in steps.

    Raises:
        ControlError: 404, there is no such scenario; 409, its file is wrong, or too many rules would be in force.
    """
    try:
        rules = yield from running_rules(name, controlled.folders, controlled.cimom.world, files=False)
    except UnknownScenarioError as error:
        raise ControlError(404, str(error), "name", nearest(name, error.known) or "") from None
    except PackError as error:
        raise ControlError(409, str(error)) from None
    faults = controlled.cimom.faults
    if len(faults) + len(rules) > MAX_FAULTS:
        raise ControlError(409, f"{len(faults)} fault rules are in force, and at most {MAX_FAULTS} may be: remove some first")
    return FaultList([state_of(faults.add(each.rule, each.origin)) for each in rules])
