"""TLS, users and roles from options, without a server; the command line has more of it in tests/cli."""

from pathlib import Path
from typing import Any

import pytest
from twisted.logger import formatEvent, globalLogPublisher

from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.simulation.security import authorization_of, tls_of, users_of


@pytest.mark.parametrize(("mode", "warned"), [(0o600, 0), (0o644, 0), (0o664, 1), (0o606, 1)])
def test_sec9_a_users_file_that_others_can_write_is_reported_once(tmp_path: Path, mode: int, warned: int) -> None:
    file = tmp_path / "users"
    file.write_text("eve:secret\n")
    file.chmod(mode)
    events: list[Any] = []
    publisher: Any = globalLogPublisher
    publisher.addObserver(events.append)
    try:
        assert users_of(SimulationOptions(users_file=file)) == {"eve": "secret"}
    finally:
        publisher.removeObserver(events.append)
    warnings = [formatEvent(event) for event in events if event["log_level"].name == "warn"]
    assert len(warnings) == warned
    assert all(str(file) in text and "secret" not in text for text in warnings)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"user": ["eve"]}, "a user is written NAME:PASSWORD"),
    ({"user": ["eve:a", "eve:b"]}, "--user: user eve is given twice"),
    ({"user": ["eve:a"], "address": "0.0.0.0"}, "passwords would cross the network in the clear to 0.0.0.0"),
    ({"role": ["eve=read"]}, "--role needs users"),
    ({"user": ["eve:a"], "role": ["eva=read"]}, "--role: there is no user 'eva'"),
    ({"key": Path("k")}, "--key needs --tls"),
    ({"http": False}, "--no-http leaves nothing to serve"),
    ({"tls": True, "key": Path("k")}, "--key needs --certificate"),
]


@pytest.mark.parametrize(("options", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_contradicts_itself_is_refused(options: dict[str, Any], text: str) -> None:
    made = SimulationOptions(**options)
    with pytest.raises(OptionsError) as caught:
        tls_of(made, 0.0) or authorization_of(made, users_of(made))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("options", "serves_http"),
    [({}, True), ({"client_ca": Path("c")}, False), ({"client_ca": Path("c"), "http": True}, True), ({"http": False}, False)],
)
def test_client_certificates_switch_plain_http_off(options: dict[str, Any], serves_http: bool) -> None:
    assert SimulationOptions(**options).serves_http is serves_http
