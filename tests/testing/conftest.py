"""What the tests of simulators share: compiled packs come from the cache of the tests."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _shared_cache(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cimsim.simulation.loading.default_cache_dir", lambda: cache_dir)
