"""Random models and random operations, carried out by us and by pywbem_mock: results and status codes must agree.

Ours come as pywbem reads them off the wire, through HTTP and CIM-XML. Where the mock is no oracle, a comment names the K rule,
and the comparison maps or avoids it.
The longer run, also part of ``.ci/run``: ``python -m tests.differential --examples 40``.
"""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pywbem import WBEMConnection

from tests.differential.run import STEPS, run
from tests.differential.twins import Twins
from tests.differential.wire import connect, load_pack
from tests.examples import examples

Connect = Callable[[], WBEMConnection]


@pytest.fixture(scope="module")
def fresh() -> Connect:
    """Connects to a new server of the pack."""
    loaded = load_pack()
    return lambda: connect(loaded)


# A failure is not shrunk: that takes minutes, and the difference tells enough.
@settings(max_examples=examples(1), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(random=st.randoms(use_true_random=True), steps=st.lists(st.sampled_from(STEPS), min_size=40, max_size=60))
def test_we_and_the_mock_agree(fresh: Connect, random: Random, steps: list[Callable[[Twins], None]]) -> None:
    """Many choices in each step: they come from a generator that hypothesis seeds, so that it need not draw each of them."""
    run(fresh(), random, steps)
