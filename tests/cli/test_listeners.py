"""The settings of the delivery of indications (rules I26, SEC14)."""

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cimsim


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--allow-listener", "10.0.0.0/99", "10.0.0.0/99 is not a network"),
        ("--allow-listener", "host:0", "write HOST, ADDRESS or NETWORK/BITS"),
        ("--listener-ca", "missing.pem", os.strerror(errno.ENOENT)),
        ("--indication-queue", "0", "'--indication-queue'"),
        ("--listener-timeout", "0", "'--listener-timeout'"),
    ],
)
def test_sec14_i26_a_wrong_setting_ends_the_start(cimsim: "Cimsim", option: str, value: str, reason: str) -> None:
    finished = cimsim("serve", "--port", "0", option, value)
    assert finished.status != 0
    assert reason in finished.err
    assert option in finished.err


def test_i26_a_file_without_certificates_is_refused(cimsim: "Cimsim", tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    finished = cimsim("serve", "--port", "0", "--listener-ca", tmp_path / "ca.pem")
    assert finished.status == 2
    assert "no certificate in PEM form" in finished.err
