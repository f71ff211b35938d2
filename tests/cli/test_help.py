"""`cimsim serve --help` in groups, and variables that no command reads."""

import click
import pytest
from click.testing import CliRunner

from cimsim.cli.groups import GROUPS, OTHER
from cimsim.cli.main import main
from cimsim.cli.serve import serve

NAMES = {str(each.name) for each in serve.params if isinstance(each, click.Option)} - {"config"}


def test_every_option_is_in_one_group_and_every_name_is_one_of_an_option() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(NAMES)


def test_the_help_has_the_groups_and_an_example() -> None:
    shown = CliRunner().invoke(main, ["serve", "--help"])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    places = [lines.index(f"{title}:") for title in (*GROUPS, OTHER)]
    assert places == sorted(places)
    assert any(line.strip().startswith("cimsim serve ") for line in lines[places[-1] :])
    for option in serve.params:
        assert not isinstance(option, click.Option) or option.opts[-1] in shown.output
    logging = lines[lines.index("Logging:") : lines.index(f"{OTHER}:")]
    assert any("--log-format" in line for line in logging)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CIMSIM_PROT", "no setting has the variable CIMSIM_PROT; did you mean CIMSIM_PORT?"),
        ("CIMSIM_LOGLEVEL", "no setting has the variable CIMSIM_LOGLEVEL; did you mean CIMSIM_LOG_LEVEL?"),
        ("CIMSIM_NO_CACHE", "no setting has the variable CIMSIM_NO_CACHE; did you mean CIMSIM_CACHE?"),
        ("CIMSIM_XYZZY", "no setting has the variable CIMSIM_XYZZY\n"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [["serve"], ["check", "hyperv"], ["certificates"], ["clock", "--control", "x", "show"], ["reset", "--control", "x"]],
)
def test_a_variable_that_no_command_reads_is_refused(command: list[str], variable: str, text: str) -> None:
    refused = CliRunner().invoke(main, command, env={variable: "1"})
    assert refused.exit_code == 2
    assert text in refused.output


def test_a_variable_of_another_command_is_left_alone() -> None:
    refused = CliRunner().invoke(main, ["serve", "--port", "x"], env={"CIMSIM_CONTROL": "http://127.0.0.1:1"})
    assert "variable" not in refused.output
    refused = CliRunner().invoke(main, ["check", "no-such-pack"], env={"CIMSIM_CONTROL": "x", "CIMSIM_LOG_LEVEL": "error"})
    assert "no pack no-such-pack" in refused.output
