"""Files for a container: what they say, and how they are written."""

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped] # it has no types
from click.testing import CliRunner

from cimsim.cli.main import main
from cimsim.cli.serve import serve

FOLDER: Final = Path(__file__).parent.parent.parent / "cimsim" / "deploy"
PAGE: Final = FOLDER.parent / "docs" / "container.md"
FILES: Final = ("Containerfile", "compose.yaml")


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (FOLDER / "Containerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def all_of(word: str) -> list[str]:
    return [rest for each, rest in instructions() if each == word]


def environment() -> dict[str, str]:
    return dict(each.split("=", 1) for line in all_of("ENV") for each in shlex.split(line))


def variables() -> set[str]:
    return {each.envvar for each in serve.params if isinstance(each.envvar, str)}


def test_the_instructions_are_known_and_in_order() -> None:
    words = [word for word, _ in instructions()]
    known = {"FROM", "ARG", "RUN", "USER", "WORKDIR", "ENV", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT"}
    assert words[0] == "FROM"
    assert set(words) == known
    assert words[-1] == "ENTRYPOINT"
    assert [words.count(each) for each in ("FROM", "USER", "HEALTHCHECK", "ENTRYPOINT")] == [1, 1, 1, 1]


def test_the_image_is_pinned_and_keeps_no_caches_of_pip() -> None:
    (base,) = all_of("FROM")
    assert re.fullmatch(r"[\w./]+/python:3\.\d+-slim", base)
    installs = [each for each in all_of("RUN") if "pip install" in each]
    assert installs
    assert all("--no-cache-dir" in each for each in installs)
    assert not any("sudo" in each or "apt-get upgrade" in each for each in all_of("RUN"))


def test_it_runs_as_a_user_that_is_made_and_is_not_root() -> None:
    (user,) = all_of("USER")
    assert int(user) > 0
    assert any(f"--uid {user}" in each for each in all_of("RUN"))


def test_every_variable_is_a_setting_and_the_port_of_the_health_check_is_that_of_the_control_plane() -> None:
    given = environment()
    assert {name for name in given if name.startswith("CIMSIM_")} <= variables()
    assert given["CIMSIM_ADDRESS"] == "0.0.0.0"
    (check,) = all_of("HEALTHCHECK")
    options, _, command = check.partition("CMD ")
    assert {each.split("=")[0] for each in options.split()} == {"--interval", "--timeout", "--start-period", "--retries"}
    program = json.loads(command)
    assert program[:2] == ["python", "-c"]
    compile(program[2], "check", "exec")
    assert "CIMSIM_CONTROL_PORT" in program[2]
    assert "/v1/health/ready" in program[2]


def test_commands_are_lists_so_that_signals_arrive() -> None:
    (entry,) = all_of("ENTRYPOINT")
    assert json.loads(entry) == ["cimsim", "serve"]
    for each in all_of("RUN"):
        if each.startswith("["):
            assert json.loads(each)[:2] == ["python", "-c"]
            compile(json.loads(each)[2], "run", "exec")


def compose() -> Any:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))


def test_the_compose_file_builds_the_image_and_publishes_on_this_computer_alone() -> None:
    (service,) = compose()["services"].values()
    assert service["build"] == {"context": ".", "dockerfile": "Containerfile"}
    exposed = set(all_of("EXPOSE")[0].split())
    for port in service["ports"]:
        host, published, inner = port.split(":")
        assert (host, published) == ("127.0.0.1", inner)
        assert inner in exposed
    assert set(service["environment"]) <= variables()
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    context = serve.make_context("serve", list(service["command"]), resilient_parsing=True)
    assert context.params["packs"] == ("hyperv", "iscsitarget")


def test_the_service_of_a_workflow_has_settings_of_the_server() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    service = yaml.safe_load(text)["jobs"]["test"]["services"]["cimsim"]
    assert set(service["env"]) <= variables()
    assert {each.split(":")[1] for each in service["ports"]} <= set(all_of("EXPOSE")[0].split())


def test_files_are_written_and_never_replaced_unasked(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    def run(*more: str) -> Any:
        return CliRunner().invoke(main, ["export", "container", str(folder), *more])

    assert run().exit_code == 0
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == {name: (FOLDER / name).read_bytes() for name in FILES}
    (folder / "Containerfile").write_text("mine", encoding="utf-8")
    (folder / "compose.yaml").unlink()
    refused = run()
    assert (refused.exit_code, [each.name for each in folder.iterdir()]) == (2, ["Containerfile"])
    assert "--force" in refused.output
    assert (folder / "Containerfile").read_text(encoding="utf-8") == "mine"
    assert run("--force").exit_code == 0
    assert (folder / "Containerfile").read_bytes() == (FOLDER / "Containerfile").read_bytes()


def test_a_folder_that_cannot_be_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = CliRunner().invoke(main, ["export", "container", str(tmp_path / "file" / "below")])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)


@pytest.mark.parametrize("name", FILES)
def test_no_line_is_too_long_to_read(name: str) -> None:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 180
