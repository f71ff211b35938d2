"""schemathesis against the description of the control API: no request makes it fail, and answers are what it says."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from cimsim.control.client import ControlClient
from tests.control.served import served
from tests.examples import LONGER, examples

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
# It ends with its client only.
STREAMS = {"/v1/events"}
# What is below it does the same for a CIMOM by its name.
NAMED = "/v1/cimoms/{cimom}/"
# What is hard to guess. It is asked for in every other example.
KNOWN = {"namespace": "root/interop", "classname": "CIM_Namespace", "number": "1"}


@pytest.fixture(scope="module")
def client(unchecked: set[str]) -> Iterator[ControlClient]:
    with served("interop", clock="manual", seed=1) as (sim, client):
        # Its answers are not those of CIM-XML.
        unchecked.add(urlsplit(client.url).netloc)
        sim.connect("root/interop").EnumerateInstanceNames("CIM_Namespace")
        yield client


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_makes_it_fail_and_answers_are_as_described(client: ControlClient, mode: GenerationMode) -> None:
    session = requests.Session()
    session.trust_env = False
    known = KNOWN | {"path": client.instances("root/interop", "CIM_Namespace").instances[0].path}
    described = session.get(f"{client.url}/v1/openapi.json").json()
    described["paths"] = {path: each for path, each in described["paths"].items() if not path.startswith(NAMED)}
    schema = schemathesis.openapi.from_dict(described)
    asked = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr] # it is not an error
        # A path is never wrong by its type, and what takes nothing cannot be given anything wrong.
        takes = bool(list(operation.query)) or bool(list(operation.body))
        if operation.path in STREAMS or (mode is GenerationMode.NEGATIVE and not takes):
            continue
        count = 0

        @settings(
            max_examples=examples(1),
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            nonlocal count
            count += 1
            if mode is GenerationMode.POSITIVE and (LONGER == 1 or count % 2):
                for given_ in (case.path_parameters, case.query):
                    given_.update({name: value for name, value in known.items() if name in given_})
            response = case.call(base_url=client.url, session=session)
            # 503 is what the clock says that has not come to an end.
            if response.status_code != 503:
                case.validate_response(response, checks=CHECKS)

        check()
        asked.add((operation.method, operation.path))
    assert len(asked) > 15
