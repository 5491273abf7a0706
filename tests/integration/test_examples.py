"""The examples of trainings of one's own do what they say, as they stand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns import one_in

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, folder: Path) -> tuple[str, dict]:
    """Run an example in a process of its own: its last line, and the JSON beside its report."""
    command = [sys.executable, str(EXAMPLES / name), str(folder / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "WatchWarning" not in done.stderr, done.stderr
    assert 'id="answers"' in (folder / "report.html").read_text()
    return done.stdout.strip().splitlines()[-1], json.loads((folder / "report.json").read_text())


def test_the_first_use_names_the_root_cause_and_its_cure_in_keras(tmp_path: Path):
    line, report = run("keras-sequential.py", tmp_path)
    assert line.startswith("nonzero_mean_initialization; ")
    assert report["diagnosis"]["verdict"] == "ill"
    codes = [each["code"] for each in report["diagnosis"]["suggestions"]]
    assert any('Dense(5, activation="tanh", kernel_initializer="glorot_uniform")' in (each or "") for each in codes)


@pytest.mark.parametrize("name", one_in(2, ["keras-custom-loop.py", "keras-functional.py"]))
def test_the_other_keras_examples_are_not_ill(tmp_path: Path, name: str):
    line, report = run(name, tmp_path)
    assert line.split(";")[0] == report["diagnosis"]["verdict"] != "ill"
    assert report["experiment"]["progress"]["epochs_done"] == report["experiment"]["spec"]["epochs"]
