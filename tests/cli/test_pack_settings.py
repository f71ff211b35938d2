"""Settings of packs: `--set`, its variable, `set` and tables in the TOML file; what wins is found out for each of them."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cimsim.cli.config import config_option, pack_settings, setting


@click.command()
@config_option
@setting("--set", multiple=True, callback=pack_settings)
@setting("--port", type=int, default=1)
def shows(**options: Any) -> None:
    """Print the settings as JSON."""
    click.echo(json.dumps(options))


def settings(tmp_path: Path, toml: str, *arguments: str, variable: str | None = None) -> dict[str, Any]:
    (tmp_path / "cimsim.toml").write_text(toml)
    done = CliRunner().invoke(
        shows, ["--config", str(tmp_path / "cimsim.toml"), *arguments], env={"CIMSIM_SET": variable, "CIMSIM_CONFIG": None}
    )
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)["set"]
    return found


def test_a_table_is_the_same_as_set(tmp_path: Path) -> None:
    table = settings(tmp_path, 'port = 5\n[hyperv]\nvms = 4\nprofile = "x=y"\n[my-pack]\non = true\nlist = ["a,b", "c"]\n')
    assert table == {"hyperv.vms": 4, "hyperv.profile": "x=y", "my-pack.on": True, "my-pack.list": ["a,b", "c"]}
    assert settings(tmp_path, 'set = ["hyperv.vms=4", "hyperv.profile=x=y"]') == {"hyperv.vms": "4", "hyperv.profile": "x=y"}


FILE = 'set = ["p.one=file", "p.two=file"]\n[p]\nthree = "file"\nfour = "file"\n'


def test_what_wins_is_found_out_for_each_setting(tmp_path: Path) -> None:
    found = settings(tmp_path, FILE, "--set", "p.one=line", "--set", "p.three=line", variable="p.one=variable p.two=variable")
    assert found == {"p.one": "line", "p.two": "variable", "p.three": "line", "p.four": "file"}
    assert settings(tmp_path, FILE, variable="p.four=variable")["p.four"] == "variable"


def test_a_list_that_is_given_again_replaces_that_of_the_file(tmp_path: Path) -> None:
    found = settings(tmp_path, '[p]\nlist = ["a", "b"]\n', "--set", "p.list=c", "--set", "p.list=d,e")
    assert found == {"p.list": ["c", "d", "e"]}


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        ("[p.q]\nvms = 4", "p.q is a table, not the value of a setting"),
        ("set = ['p.a=4']\n[p]\na = 4", "p.a stands in a table and in set"),
        ("set = 'p.a=4'\n[p]\na = 4", "set must be a list of strings"),
        ("set = [4]\n[p]\na = 4", "set must be a list of strings"),
        ("set = ['a']", "--set a: write PACK.NAME=VALUE"),
        ("[port]\na = 4", "port must be an integer"),
        ("prot = 4", "no setting prot; did you mean port?"),
        ("[[p]]\na = 4", "no setting p"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, toml: str, text: str) -> None:
    (tmp_path / "cimsim.toml").write_text(toml)
    refused = CliRunner().invoke(shows, ["--config", str(tmp_path / "cimsim.toml")])
    assert refused.exit_code == 2
    assert text in " ".join(refused.output.split())
