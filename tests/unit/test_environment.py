"""The process in which TensorFlow will run: how many threads its libraries may use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns import one_in

PREPARED = """
import json, sys
from pathlib import Path
import numpy
from core.training.environment import prepare
prepare(Path(sys.argv[1]))
loaded = [name for name in ("keras", "matplotlib", "pandas", "scipy", "sklearn") if name in sys.modules]
import matplotlib.pyplot, pandas, scipy.linalg, sklearn.datasets
from threadpoolctl import threadpool_info
threads = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
print(json.dumps({"loaded": loaded, "threads": threads}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "threads"), one_in(2, [(None, 1), ("2", 2)]))
def test_products_take_one_thread_unless_more_are_asked_for(tmp_path: Path, asked: str | None, threads: int):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": asked} if asked else {}
    command = [sys.executable, "-c", PREPARED, str(tmp_path)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    counted = json.loads(said)["threads"]
    assert counted, "NumPy and SciPy have BLAS libraries"
    # A library uses no more threads than there are cores.
    assert counted == [min(threads, os.cpu_count() or 1)] * len(counted)
    assert json.loads(said)["loaded"] == ["keras"], "what is not needed is loaded only by whoever imports it"
