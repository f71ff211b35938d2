"""Worlds that are kept by name."""

from typing import Any

import pytest

from cimsim.cimom import snapshots as module
from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots, TooManySnapshotsError, UnknownSnapshotError
from cimsim.world.world import World


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


@pytest.fixture
def cimom() -> Cimom:
    return Cimom(World(), NoImplementations(), Clock(1000.0, None, running=False), random=bytes)


def test_a_snapshot_is_gone_back_to_and_so_is_the_base(cimom: Cimom) -> None:
    kept = Snapshots(cimom)
    base = cimom.world
    cimom.change(lambda it: it.create_namespace("root/one"))
    assert kept.take("one").world is cimom.world
    cimom.change(lambda it: it.create_namespace("root/two"))
    kept.restore("one")
    assert list(cimom.world.namespaces) == ["root/one"]
    kept.reset()
    assert cimom.world is base
    assert [(each.name, each.time) for each in kept] == [("one", 1000.0)]


def test_a_name_that_is_not_there_is_refused_with_the_nearest(cimom: Cimom) -> None:
    kept = Snapshots(cimom)
    kept.take("started")
    for refused in (kept.restore, kept.remove, kept.get, kept.diffing):
        with pytest.raises(UnknownSnapshotError) as error:
            refused("stated")
        assert error.value.text.endswith("; did you mean started?")


def test_there_is_an_end_to_how_many_are_kept(cimom: Cimom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SNAPSHOTS", 1)
    kept = Snapshots(cimom)
    kept.take("a")
    kept.take("a")
    with pytest.raises(TooManySnapshotsError):
        kept.take("b")
    kept.remove("a")
    assert [kept.take("b").name, len(kept)] == ["b", 1]
