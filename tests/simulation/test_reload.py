"""Packs that change while the server runs."""

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock as TwistedClock
from twisted.logger import globalLogPublisher

from cimsim.packs.load import Loaded, load
from cimsim.packs.modules import PACK_MODULES
from cimsim.simulation.reload import Reloader

MANIFEST = """
    name = "box"
    [[namespaces]]
    name = "root/box"
    mof = ["box.mof"]
"""
MOF = 'class T_Box {{ [Key] string Id; }};\ninstance of T_Box {{ Id = "{name}"; }};\n'


class Edited:
    """A pack on disk, loaded, and a reloader that looks at it on a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = 1_700_000_000
        self.write("pack.toml", textwrap.dedent(MANIFEST))
        self.write("box.mof", MOF.format(name="first"))
        self.clock: Any = TwistedClock()
        self.current = self.load()
        self.reloader = Reloader(self.clock, self.run, self.load, self.renew, self.current)
        self.reloader.start()

    def load(self) -> Loaded:
        return load([self.folder], cache_dir=None, now=0.0)

    def run(self, work: Callable[[], Loaded]) -> Deferred[Loaded]:
        return maybeDeferred(work)

    def renew(self, loaded: Loaded) -> None:
        self.current = loaded

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")
        # The time of change must differ whatever the resolution of the file system is.
        self.time += 10
        os.utime(self.folder / name, (self.time, self.time))

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(0.25)

    @property
    def names(self) -> list[str]:
        namespace = self.current.world.namespace("root/box")
        return [instance["Id"] for instance in namespace.instances_of(namespace.cls("T_Box"))]


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Edited]:
    edited = Edited(tmp_path)
    yield edited
    edited.reloader.stop()
    assert edited.clock.getDelayedCalls() == []


@pytest.fixture
def logged() -> Iterator[list[str]]:
    texts: list[str] = []

    def observe(event: Any) -> None:
        texts.append(event["log_format"].format(**event))

    observer: Any = observe
    globalLogPublisher.addObserver(observer)
    yield texts
    globalLogPublisher.removeObserver(observer)


def test_a_change_is_taken_over_once_it_has_settled(edited: Edited, logged: list[str]) -> None:
    edited.write("box.mof", MOF.format(name="half written"))
    edited.look()
    assert edited.names == ["first"]
    edited.write("box.mof", MOF.format(name="second"))
    edited.look()
    assert edited.names == ["first"]
    edited.look()
    assert edited.names == ["second"]
    assert logged == ["reloaded box"]


def test_without_a_change_nothing_is_loaded(edited: Edited) -> None:
    before = edited.current
    edited.look(5)
    assert edited.current is before


def test_a_broken_edit_keeps_what_was_there_and_says_why_and_the_next_one_counts(edited: Edited, logged: list[str]) -> None:
    edited.write("box.mof", "class T_Box {\n  string;\n};\n")
    edited.look(4)
    assert edited.names == ["first"]
    (text,) = logged
    assert text.startswith("not reloaded, the packs are as before: ")
    assert "box.mof:2" in text
    edited.write("box.mof", MOF.format(name="mended"))
    edited.look(2)
    assert edited.names == ["mended"]


def test_new_files_of_a_pack_count_other_files_do_not(edited: Edited, logged: list[str]) -> None:
    edited.write("notes.txt", "nothing")
    edited.look(3)
    assert logged == []
    edited.write("providers.py", "def populate(transaction, settings):\n    transaction.create('T_Box', {'Id': 'made'})\n")
    edited.look(2)
    assert edited.names == ["first", "made"]


HELPED = """
from cimsim.providers.provider import Provider

def populate(transaction, settings):
    transaction.create("T_Box", {"Id": f"helped by {helper()}"})

def helper():
    from . import helping
    return helping.NAME
"""


def test_a_broken_edit_keeps_the_modules_of_what_is_in_use(edited: Edited, logged: list[str]) -> None:
    edited.write("helping.py", "NAME = 'first'\n")
    edited.write("providers.py", HELPED)
    edited.look(2)
    assert edited.names == ["first", "helped by first"]
    modules = {name: module for name, module in sys.modules.items() if name.startswith(PACK_MODULES)}
    edited.write("helping.py", "NAME = undefined\n")
    edited.look(2)
    assert "NameError" in logged[-1]
    assert {name: module for name, module in sys.modules.items() if name.startswith(PACK_MODULES)} == modules
    edited.write("helping.py", "NAME = 'second'\n")
    edited.look(2)
    assert edited.names == ["first", "helped by second"]


def test_a_folder_that_is_gone_is_told_and_may_come_back(edited: Edited, logged: list[str], tmp_path: Path) -> None:
    away = edited.folder.rename(tmp_path.parent / f"{tmp_path.name}-away")
    edited.look(3)
    assert edited.names == ["first"]
    assert len(logged) == 1
    assert "not reloaded" in logged[0]
    away.rename(edited.folder)
    edited.write("box.mof", MOF.format(name="back"))
    edited.look(2)
    assert edited.names == ["back"]


def test_whatever_goes_wrong_the_next_edit_is_tried(edited: Edited, logged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Loaded) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(edited.reloader, "_renew", broken)
    edited.write("box.mof", MOF.format(name="second"))
    edited.look(2)
    assert (edited.names, logged) == (["first"], ["not reloaded, the packs are as before"])
    monkeypatch.undo()
    edited.write("box.mof", MOF.format(name="third"))
    edited.look(2)
    assert edited.names == ["third"]


def test_clients_are_answered_while_packs_are_loaded_and_nothing_is_taken_into_use_after_a_stop(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[tuple[Callable[[], Loaded], Deferred[Loaded]]] = []

    def later(work: Callable[[], Loaded]) -> Deferred[Loaded]:
        waiting.append((work, Deferred()))
        return waiting[-1][1]

    monkeypatch.setattr(edited.reloader, "_run", later)
    for name, expected, stops in (("second", "second", False), ("third", "second", True)):
        edited.write("box.mof", MOF.format(name=name))
        edited.look(5)
        ((work, deferred),) = waiting
        waiting.clear()
        if stops:
            edited.reloader.stop()
        deferred.callback(work())
        assert edited.names == [expected]


def test_an_edit_while_packs_are_loaded_counts(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    load = edited.load

    def slow() -> Loaded:
        loaded = load()
        monkeypatch.setattr(edited.reloader, "_load", load)
        edited.write("box.mof", MOF.format(name="during"))
        return loaded

    monkeypatch.setattr(edited.reloader, "_load", slow)
    edited.write("box.mof", MOF.format(name="before"))
    edited.look(2)
    assert edited.names == ["before"]
    edited.look(2)
    assert edited.names == ["during"]
