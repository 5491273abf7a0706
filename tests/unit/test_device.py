"""The device of trainings: its names, and a machine that does not have it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.device import gpu_number
from core.settings import Settings
from gradlab.errors import Invalid


@pytest.mark.parametrize("name", ["tpu", "GPU", "gpu:", "gpu:-1", "cpu:0", ""])
def test_a_name_of_no_device_is_refused(name: str):
    with pytest.raises(ValidationError, match=f"expected cpu, gpu, or a GPU by its number .*; received '{name}'"):
        Settings(device=name)


def test_a_gpu_is_taken_by_its_number():
    assert Settings().device == "cpu"
    assert [gpu_number(name, 2) for name in ("gpu", "gpu:0", "gpu:1")] == [0, 0, 1]


@pytest.mark.parametrize(("name", "count", "present"), [("gpu", 0, "cpu"), ("gpu:2", 2, "cpu, gpu:0, gpu:1")])
def test_a_gpu_that_the_machine_does_not_have_is_refused_with_those_that_it_has(name: str, count: int, present: str):
    with pytest.raises(Invalid) as refused:
        gpu_number(name, count)
    (problem,) = refused.value.problems
    assert (problem.field, problem.received) == ("GRADLAB_DEVICE", name)
    assert problem.expected.endswith(f": {present}")


@pytest.mark.slow
def test_a_worker_on_a_machine_without_its_device_ends_at_once_with_one_sentence(tmp_path: Path):
    environment = os.environ | {"GRADLAB_DEVICE": "gpu:999", "GRADLAB_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "worker"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(
        "gradlab: GRADLAB_DEVICE: expected a device that TensorFlow sees on this machine: cpu"
    )
    assert ended.stderr.count("\n") == 1
