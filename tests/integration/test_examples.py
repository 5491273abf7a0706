"""The examples of trainings of one's own do what they say, as they stand."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from tests.campaigns import one_in

EXAMPLES = Path(__file__).parents[2] / "examples"


def in_a_process(name: str, folder: Path) -> str:
    """The last line of an example that runs in a process of its own."""
    command = [sys.executable, str(EXAMPLES / name), str(folder / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "WatchWarning" not in done.stderr, done.stderr
    return done.stdout.strip().splitlines()[-1]


def report_in(folder: Path) -> dict:
    """The JSON beside an example's report."""
    assert 'id="answers"' in (folder / "report.html").read_text()
    return json.loads((folder / "report.json").read_text())


def test_the_first_use_names_the_root_cause_and_its_cure_in_keras(tmp_path: Path):
    assert in_a_process("keras-sequential.py", tmp_path).startswith("nonzero_mean_initialization; ")
    report = report_in(tmp_path)
    assert report["diagnosis"]["verdict"] == "ill"
    codes = [each["code"] for each in report["diagnosis"]["suggestions"]]
    assert any('Dense(5, activation="tanh", kernel_initializer="glorot_uniform")' in (each or "") for each in codes)


@pytest.mark.filterwarnings("error::gradlab.watch.WatchWarning")
@pytest.mark.parametrize("name", one_in(2, ["keras-custom-loop.py", "keras-functional.py"]))
def test_the_other_keras_examples_are_not_ill(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """In this process, which has Keras already."""
    monkeypatch.setattr(sys, "argv", [name, str(tmp_path / "report.html")])
    keras.utils.clear_session()
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    line, report = capsys.readouterr().out.strip().splitlines()[-1], report_in(tmp_path)
    assert line.split(";")[0] == report["diagnosis"]["verdict"] != "ill"
    assert report["experiment"]["progress"]["epochs_done"] == report["experiment"]["spec"]["epochs"]
