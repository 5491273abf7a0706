"""The examples run as they are, and print the root cause."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", ["watch-a-pytorch-loop.py", "watch-a-lightning-trainer.py"])
def test_an_example_runs_as_it_is(name, tmp_path):
    command = [sys.executable, EXAMPLES / name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].endswith("root cause: nonzero_mean_initialization")
