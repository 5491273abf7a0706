"""Somebody new adds a kind of series: three files, and until all are there a check names what is missing.

The working tree is copied, the kind `spectra` is added to the copy file by file, and a service of the copy trains a
network that records it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.tree import check, copy_of_the_tree, environment, insert
from tests.servers import DEADLINE, free_port

pytestmark = pytest.mark.campaign

KIND = '''"""Singular values of each weight tensor at an epoch's end."""

from typing import Any

from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind, TerminalRow
from gradlab.measurement.statistics import Statistic


def spectral_norm(w: Any, xp: Any) -> Any:
    return xp.linalg.svd(w, compute_uv=False)[..., 0]


def stable_rank(w: Any, xp: Any) -> Any:
    return xp.sum(xp.square(w), axis=(-2, -1)) / xp.square(spectral_norm(w, xp))


SPECTRA = SeriesKind(
    name="spectra",
    title="Spectra",
    noun="spectra",
    description="How far each weight tensor stretches what it is multiplied with.",
    path="spectra",
    record=RecordField(
        name="spectra", description="Singular values of each weight tensor.", default=0, sent_description=None
    ),
    source="weights",
    shown_as="statistic",
    tensors=MeasuredNetwork.weights,
    statistics=(
        Statistic("spectral_norm", "σ₁(W)", "log", "weight", "by how much a layer can stretch", spectral_norm),
        Statistic("stable_rank", "‖W‖²/σ₁²", "linear", "dimensions", "how many directions matter", stable_rank),
    ),
    default="spectral_norm",
    read_by_rules=False,
    is_sent=False,
    terminal=(TerminalRow("spectral_norm", "spectral norm"),),
    example=(1.4, 1.5),
)
'''
TEST = '''"""The statistics of `spectra` agree with the singular values of a matrix that are known."""

import numpy as np

from gradlab.measurement.kinds.spectra import spectral_norm, stable_rank


def test_a_diagonal_matrix_has_its_diagonal_as_singular_values():
    matrix = np.diag([3.0, 4.0])
    assert spectral_norm(matrix, np) == 4.0
    assert stable_rank(matrix, np) == 25 / 16
'''
MEASURER = '''

def of_spectra(given: WeightRows) -> np.ndarray:
    """Statistics of each tensor as a matrix: (epochs, seeds, tensors, columns)."""
    rows = given.segments.split(given.rows)
    matrices = [
        row.reshape(*row.shape[:-1], -1, tensor.shape[-1])
        for row, tensor in zip(rows, given.layout.tensors, strict=True)
    ]
    return np.stack(
        [np.stack([each.compute(matrix, np) for each in SPECTRA.statistics], axis=-1) for matrix in matrices], axis=2
    )


'''
# What a user does with it, run against the copy's service by the copy's client.
USE = """
import io, json, sys, zipfile
import numpy as np
from pyarrow import parquet as pq
from gradlab.client.client import Client
from gradlab.spec import ExperimentSpec

client = Client(sys.argv[1])
spec = ExperimentSpec.model_validate_json(open(sys.argv[2]).read())
done = client.wait(client.submit(spec).id)
assert done.status == "completed", done
arrays = client.series(done.id, "spectra", parameter="all")
npz, parquet, logs = io.BytesIO(), io.BytesIO(), io.BytesIO()
client.export(done.id, "series.npz", npz, kind="spectra")
client.export(done.id, "series.parquet", parquet, kind="spectra")
client.export(done.id, "tensorboard.zip", logs, kind="spectra")
npz.seek(0)
whole = np.load(npz)
with zipfile.ZipFile(logs) as archive:
    events = b"".join(archive.read(name) for name in archive.namelist())
parquet_columns = sorted({*pq.read_table(parquet)["statistic"].to_pylist()})
weights = client.weights(done.id, parameter="all")
print(json.dumps({
    "id": str(done.id),
    "values": arrays["values"].tolist(),
    "l2": weights["values"].tolist(),
    "layers": arrays["layers"].tolist(),
    "parameters": arrays["parameters"].tolist(),
    "csv": client.file(done.id, "spectra").decode().splitlines()[0],
    "charts": [name for name in client.charts(done.id) if "spectra" in name],
    "svg": client.chart(done.id, "spectra", statistic="stable_rank").decode()[:60],
    "columns": whole["columns_spectra"].tolist(),
    "equal": bool((whole["spectra_0"][..., 0] == arrays["values"][0]).all()),
    "parquet": parquet_columns,
    "tags": b"spectra/stable_rank/dense_1/kernel" in events,
}))
"""
SPEC = {
    "name": "drill",
    "dataset": {"kind": "circles", "samples": 64, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 32},
    "model": {
        "layers": [
            {"kind": "dense", "units": 3, "activation": "tanh"},
            {"kind": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    "training": {"loss": "binary_crossentropy", "optimizer": "adam", "epochs": 3, "batch_size": 16},
    "seeds": [0],
    "record": {"spectra": 1},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree."""
    return copy_of_the_tree(tmp_path_factory.mktemp("drill"))


def register(tree: Path) -> None:
    registry = tree / "gradlab/src/gradlab/measurement/kinds/__init__.py"
    insert(registry, "    BOUNDARY,\n)", "    SPECTRA,\n")
    time_signals = "from gradlab.measurement.kinds.time_signals"
    insert(registry, time_signals, "from gradlab.measurement.kinds.spectra import SPECTRA\n")


def measure(tree: Path) -> None:
    measurers = tree / "core/training/measurers.py"
    insert(measurers, '    "weight_histograms": of_weight_histograms,\n', '    "spectra": of_spectra,\n')
    insert(measurers, "def of_activations(", MEASURER.lstrip())
    statistics = "from gradlab.measurement.statistics import ("
    insert(measurers, statistics, "from gradlab.measurement.kinds.spectra import SPECTRA\n")


ROLL_CALL = "tests/unit/test_kinds.py"


def test_a_check_names_what_is_missing_until_three_files_are_there(tree: Path):
    green, report = check(tree, ROLL_CALL)
    assert green, report

    (tree / "gradlab/src/gradlab/measurement/kinds/spectra.py").write_text(KIND)
    green, report = check(tree, ROLL_CALL)
    assert not green
    assert "spectra of gradlab/src/gradlab/measurement/kinds/spectra.py is not registered" in report

    register(tree)
    green, report = check(tree, ROLL_CALL)
    assert not green
    assert "spectra lacks a measurer: a function in core/training/measurers.py, in the table FROM_WEIGHTS" in report
    assert "spectra lacks a test of its statistics: tests/unit/test_kind_spectra.py" in report
    assert "lacks an endpoint" not in report
    assert "lacks a chart" not in report

    (tree / "tests/unit/test_kind_spectra.py").write_text(TEST)
    measure(tree)
    green, report = check(tree, ROLL_CALL, "tests/unit/test_kind_spectra.py", "tests/unit/test_statistics.py")
    assert green, report


@pytest.fixture
def service(tree: Path) -> Iterator[str]:
    """The address of the copy's service, with its worker."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "gradlab.cli", "serve", "--port", str(port)]
    with (tree.parent / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tree, env=environment(tree), stdout=log, stderr=log)
    try:
        yield url
    finally:
        process.terminate()
        process.wait(DEADLINE)


def test_the_service_of_the_copy_records_and_serves_it(tree: Path, service: str):
    (tree / "spec.json").write_text(json.dumps(SPEC))
    (tree / "use.py").write_text(USE)
    alive = "import sys, time\nfrom gradlab import Client\nwhile not Client(sys.argv[1]).is_alive(): time.sleep(0.1)"
    run = {"cwd": tree, "env": environment(tree), "capture_output": True, "text": True}
    subprocess.run([sys.executable, "-c", alive, service], check=True, timeout=DEADLINE, **run)
    used = subprocess.run([sys.executable, "use.py", service, "spec.json"], check=False, timeout=240, **run)
    assert used.returncode == 0, used.stderr
    served = json.loads(used.stdout)
    assert served["layers"] == ["dense_1", "dense_1", "dense_2", "dense_2"]
    assert served["parameters"] == ["kernel", "bias", "kernel", "bias"]
    for norms, lengths in zip(served["values"][0], served["l2"][0], strict=True):
        # Of a bias, and of a kernel with one column, the only singular value is the length.
        assert norms[1:] == pytest.approx(lengths[1:], rel=1e-5)
        assert lengths[0] / 2**0.5 <= norms[0] * 1.00001 <= lengths[0] * 1.0001
    assert served["csv"] == "seed,epoch,layer,parameter,statistic,value"
    assert served["charts"] == ["spectra", "spectra-heatmap"]
    assert served["svg"].startswith("<?xml")
    assert served["columns"] == served["parquet"] == ["spectral_norm", "stable_rank"]
    assert served["equal"]
    assert served["tags"]
    shown = subprocess.run(
        [sys.executable, "-m", "gradlab.cli", "show", served["id"], "--url", service], check=False, timeout=60, **run
    )
    assert "spectral norm" in " ".join(shown.stdout.split()), shown.stdout + shown.stderr
