"""The comparison with pywbem_mock (``tests/differential``) over a socket; fewer examples, for what only a socket can break."""

from random import Random
from typing import TYPE_CHECKING

import pytest
from pywbem import WBEMConnection

from tests.differential.run import STEPS, run
from tests.differential.wire import PACK

if TYPE_CHECKING:
    from tests.clients.conftest import Launch


@pytest.mark.longer
@pytest.mark.parametrize("seed", range(1))
def test_we_and_the_mock_agree_over_a_socket(launch: "Launch", seed: int) -> None:
    random = Random(seed)
    with launch(str(PACK), "--no-enforce-write") as server, WBEMConnection(server.url) as connection:  # K5
        calls = run(connection, random, random.choices(STEPS, k=150))
    assert calls.total() > 200
