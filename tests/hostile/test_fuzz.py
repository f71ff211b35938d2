"""The fuzzer as part of the tests: few inputs, always the same (rule SEC15). Ten thousand are part of ``.ci/run``."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_sec15_mutated_messages_of_ws_management_get_a_reply_or_a_fault() -> None:
    command = [sys.executable, "-m", "tests.hostile.fuzz", "--protocol", "wsman", "--inputs", "500"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert " 500 inputs, 0 failures;" in done.stdout


def test_sec15_mutated_requests_get_legal_answers() -> None:
    command = [sys.executable, "-m", "tests.hostile.fuzz", "--inputs", "250"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert " 250 inputs, 0 failures;" in done.stdout
