"""What a run of the tests costs: the seconds of CPU of each process and each file (``pytest --cpu-report``).

A process that a test starts counts for that test once it has ended; one that serves several tests, for the last of them.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

_KEY: Final = pytest.StashKey["Spending"]()
_SHARE: Final = "cimsim spending"
_MAX_FILES: Final = 40
_START: Final = "pytest: start and its plugins"
_COLLECTION: Final = "pytest: collection"
_REST: Final = "pytest: between tests"
_DISTRIBUTION: Final = "pytest: distribution of the tests"


@dataclass
class Spending:
    """Seconds of CPU: ``files`` by the file of the tests, ``parts`` all others by what they went into."""

    files: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    parts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _programs: float = 0.0

    def spend(self, seconds: float) -> None:
        """Count what programs spent that others than this process wait for."""
        self._programs += seconds

    def now(self) -> float:
        """Return the seconds of CPU of this process, and of those that it has waited for."""
        times = os.times()
        return own() + times.children_user + times.children_system + self._programs

    def total(self) -> float:
        """Return the sum of all that was counted."""
        return sum(self.files.values()) + sum(self.parts.values())

    def lines(self) -> list[str]:
        """Return the table: a line for each of the dearest files, and for each part."""
        files = _dearest(self.files)
        shown, others = files[:_MAX_FILES], files[_MAX_FILES:]
        shown += [(f"{len(others)} other files", sum(seconds for _, seconds in others))] if others else []
        return [f"{seconds:8.1f} s  {name}" for name, seconds in [*shown, *_dearest(self.parts)]]


def _dearest(counted: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(counted.items(), key=lambda each: -each[1])


def own() -> float:
    """Return the seconds of CPU of this process alone."""
    times = os.times()
    return times.user + times.system


def spending(config: pytest.Config) -> Spending:
    """Return what this process of pytest counts."""
    return config.stash.setdefault(_KEY, Spending())


class SpendingPlugin:
    """Counts in each process of pytest, and shows the sum at the end of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._counted = spending(config)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Any:
        """Count what starting and collecting takes."""
        before = self._counted.now()
        self._counted.parts[_START] += before
        collected = yield
        self._counted.parts[_COLLECTION] += self._counted.now() - before
        return collected

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Count what a test takes with its fixtures."""
        before = self._counted.now()
        ran = yield
        self._counted.files[item.location[0]] += self._counted.now() - before
        return ran

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a process has counted that ran tests."""
        share = getattr(node, "workeroutput", {}).get(_SHARE, {"files": {}, "parts": {}})
        for mine, other in ((self._counted.files, share["files"]), (self._counted.parts, share["parts"])):
            for name, seconds in other.items():
                mine[name] += seconds

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Count what is left; a process that runs tests for another one hands it all over."""
        counted = self._counted
        if self._config.pluginmanager.has_plugin("dsession"):
            counted.parts[_DISTRIBUTION] += own()
            return
        counted.parts[_REST] = counted.now() - counted.total()
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_SHARE] = {"files": dict(counted.files), "parts": dict(counted.parts)}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the total, and the table if it is wanted."""
        if self._config.option.cpu_report:
            terminalreporter.section("seconds of CPU")
            for line in self._counted.lines():
                terminalreporter.line(line)
        terminalreporter.line(f"{self._counted.total():.0f} s of CPU, with all processes that tests started")
