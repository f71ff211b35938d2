"""The fuzzer as part of the tests: few inputs, always the same (rule SEC15). Ten thousand are part of ``.ci/run``."""

import pytest

from tests.hostile.fuzz import main


def test_sec15_mutated_messages_of_ws_management_get_a_reply_or_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--protocol", "wsman", "--inputs", "100"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert " 100 inputs, 0 failures;" in printed.out


def test_sec15_mutated_requests_get_legal_answers(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--inputs", "50"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert " 50 inputs, 0 failures;" in printed.out
