"""The fault rules that a CIMOM begins with: those of the setting ``faults`` of its packs, and those of scenarios.

Here the words of scenarios are read, since packs know nothing of rules.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from cimsim.cimom.fault_rules import FaultRule, Returned
from cimsim.packs.fault_settings import MethodFault
from cimsim.packs.load import Loaded
from cimsim.packs.scenarios import Scenario, find_scenario, scenarios_of
from cimsim.packs.settings import FAULTS
from cimsim.world.world import World


class StartRule(NamedTuple):
    """A rule, where it comes from, and whether all others go before it."""

    rule: FaultRule
    origin: str
    last: bool


def start_rules(loaded: Loaded) -> list[StartRule]:
    """Return the rules of what was loaded: those of scenarios before those of settings.

    Raises:
        PackError: a rule of a scenario is wrong.
    """
    of_scenarios = [
        StartRule(rule, origin_of(each), False) for each in loaded.scenarios for rule in rules_of(each, loaded.world)
    ]
    return [*of_scenarios, *of_settings(loaded.faults)]


def of_settings(faults: Iterable[MethodFault]) -> list[StartRule]:
    """Return the rules that items of the setting ``faults`` stand for."""
    return list(map(_of_setting, faults))


def rules_of(scenario: Scenario, world: World) -> list[FaultRule]:
    """Return the rules of a scenario.

    Raises:
        PackError: one is wrong; the error has the file, the line as far as it is known, the word, and the nearest that exists.
    """
    return list(_rules_of(scenario, world))


def _rules_of(scenario: Scenario, world: World) -> Iterator[FaultRule]:
    # Most simulations begin without a rule.
    from cimsim.cimom.fault_rule_parser import RuleError, parse_rule

    for number, words in enumerate(scenario.faults, 1):
        try:
            yield parse_rule(words, (world,))
        except RuleError as error:
            raise scenario.error(str(error), number, error.field) from None


def origin_of(scenario: Scenario) -> str:
    """Return what rules of a scenario have as their origin."""
    return f"scenario {scenario.full_name}"


def running_rules(
    name: str, folders: Mapping[str, Path], world: World, *, files: bool
) -> Generator[None, None, list[StartRule]]:
    """Return the rules of a scenario that is chosen while the CIMOM runs, in steps.

    Args:
        name: as ``scenarios.find_scenario`` takes it.
        folders: of packs by name.
        world: what classes and methods must be in.
        files: whether the path of a file will do.

    Raises:
        PackError: there is no such scenario, a rule is wrong, or it has settings, which can be given at the start only.
    """
    from cimsim.cimom.fault_rule_parser import preparing

    scenario = find_scenario(name, folders, files=files)
    if scenario.settings:
        raise scenario.error(f"has settings, which count at the start only: use --scenario {name}", field="settings")
    yield from preparing(scenario.faults, (world,))
    return [StartRule(rule, origin_of(scenario), False) for rule in rules_of(scenario, world)]


def check_scenarios(loaded: Loaded) -> list[Scenario]:
    """Return all scenarios of the packs that were loaded; raises PackError if one is wrong."""
    found = scenarios_of(loaded.folders)
    for each in found:
        rules_of(each, loaded.world)
    return found


def _of_setting(fault: MethodFault) -> StartRule:
    rule = FaultRule(
        namespace=fault.namespace, classname=fault.classname, method=fault.method, returns=Returned(fault.return_value)
    )
    return StartRule(rule, f"setting {fault.pack}.{FAULTS}", True)
