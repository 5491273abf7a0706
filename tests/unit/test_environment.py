"""The process in which TensorFlow will run: how many threads its libraries may use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PREPARED = """
import json, sys
from pathlib import Path
import numpy
from core.training.environment import prepare
prepare(Path(sys.argv[1]))
import scipy.linalg
from threadpoolctl import threadpool_info
print(json.dumps([each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "threads"), [(None, 1), ("2", 2)])
def test_products_take_one_thread_unless_more_are_asked_for(tmp_path: Path, asked: str | None, threads: int):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": asked} if asked else {}
    command = [sys.executable, "-c", PREPARED, str(tmp_path)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    counted = json.loads(said)
    assert counted, "NumPy and SciPy have BLAS libraries"
    # A library uses no more threads than there are cores.
    assert counted == [min(threads, os.cpu_count() or 1)] * len(counted)
