"""What `cimsim serve` prints when it begins: little on standard output, what was loaded from where in the log."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.logger import LogEvent, globalLogPublisher

from cimsim.cli.banner import example, show_loaded
from cimsim.packs.load import Loaded, load
from cimsim.simulation.options import SimulationOptions

OPTIONS = SimulationOptions(state_dir=Path("/state"))
LAMPS = 'class TST_Base { }; class TST_Lamp : TST_Base { [Key] string Name; };\ninstance of TST_Lamp { Name = "desk"; };\n'

LoadText = Callable[..., Loaded]


@pytest.fixture
def load_text(tmp_path: Path, cache_dir: Path) -> LoadText:
    """Load MOF files of one text each into a namespace, beside the pack interop."""

    def run(*texts: str, namespace: str = "root/lamps") -> Loaded:
        files = [tmp_path / f"file{number:02}.mof" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        return load(files, cache_dir=cache_dir, now=0.0, namespace=namespace)

    return run


def test_standard_output_has_a_line_for_each_namespace(load_text: LoadText, capsys: pytest.CaptureFixture[str]) -> None:
    show_loaded(load_text(LAMPS))
    lines = capsys.readouterr().out.splitlines()
    assert "root/lamps: 2 classes, 1 instances" in lines
    assert [line.partition(":")[0] for line in lines] == ["root/interop", "root/lamps"]


@pytest.fixture
def logged() -> Iterator[list[LogEvent]]:
    """Return what goes to the log."""
    events: list[LogEvent] = []
    observer: Any = events.append
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


def test_files_are_in_the_log_at_info(load_text: LoadText, logged: list[LogEvent]) -> None:
    show_loaded(load_text(LAMPS))
    assert {each["log_level"].name for each in logged} == {"info"}
    assert any(each.get("files") == "file00.mof" for each in logged)


def test_many_files_are_counted_not_listed(tmp_path: Path, cache_dir: Path, logged: list[LogEvent]) -> None:
    for number in range(25):
        (tmp_path / f"T{number:02}.mof").write_text(f"class T{number:02} {{ }};\n")
    show_loaded(load(["interop"], cache_dir=cache_dir, now=0.0, schema=tmp_path))
    assert any(each.get("files") == "*.mof (25 files)" for each in logged)


def test_the_example_is_about_what_is_served(load_text: LoadText) -> None:
    loaded = load_text(LAMPS)
    text = example(loaded, "http://127.0.0.1:5988", None, OPTIONS)
    assert text == "pywbemcli -s http://127.0.0.1:5988 -d root/lamps instance enumerate TST_Lamp"


def test_the_example_has_what_a_client_needs(load_text: LoadText) -> None:
    loaded = load_text(LAMPS)
    text = example(loaded, "https://127.0.0.1:5989", "eve o'neil", OPTIONS)
    assert text is not None
    assert "-u 'eve o'\"'\"'neil'" in text
    assert "--ca-certs /state/certificates/ca.pem" in text
    assert "--ca-certs" not in (example(loaded, "https://127.0.0.1:5989", None, replace(OPTIONS, certificate=Path("c"))) or "")
    assert example(loaded, "https://127.0.0.1:5989", None, replace(OPTIONS, client_ca=Path("c"))) is None


def test_without_instances_the_example_is_about_the_interop_namespace(load_text: LoadText) -> None:
    text = example(load_text("class TST_Base { };\n"), "http://127.0.0.1:5988", None, OPTIONS)
    assert text is not None
    assert "-d root/interop " in text
