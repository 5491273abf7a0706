"""Training without a service: what its process says and keeps, and that the terminal shows the same as of a service."""

import json
import sys
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from api.cli import training
from gradlab.cli.display import picture
from gradlab.cli.measured import Measured
from gradlab.diagnosis.summary import DiagnosisSummary
from gradlab.measurement.history import Culprit
from tests.builders import a_spec, a_training, measured
from tests.unit.desk import Desk, client_of
from worker import train as alone

SPEC = a_spec(epochs=6, seeds=(5, 0, 3), record={"weights": 4, "signals": 2})


@pytest.fixture
def trained(tmp_path, monkeypatch, capsys):
    """Trains a spec as `worker.train` does, with a training that costs nothing: the lines said and the arrays kept."""

    def run(spec, **how):
        train = a_training(**how)
        stand_in = SimpleNamespace(train=lambda spec, chunk_seconds: train(spec, None))
        monkeypatch.setitem(sys.modules, "core.training.train", stand_in)
        alone._train(spec, tmp_path / "series.npz", 0.5)
        with np.load(tmp_path / "series.npz", allow_pickle=False) as archive:
            return [json.loads(line) for line in capsys.readouterr().out.splitlines()], dict(archive)

    return run


def test_a_line_for_the_layout_then_one_for_each_run_of_each_chunk(trained):
    (first, *lines, summary), _ = trained(SPEC, side_by_side=2, stops={0: 1})
    assert summary["diagnosis"]["verdict"] in ("healthy", "at risk", "ill", "undecided")
    assert first["layout"]["metrics"] == list(SPEC.layout.metrics)
    weights = next(each for each in first["layout"]["series"] if each["kind"] == "weights")
    assert (weights["every"], weights["columns"]) == (4, list(SPEC.layout["weights"].columns))
    assert weights["tensors"][0] == {"layer": "dense_1", "parameter": "kernel", "shape": [2, 3]}
    assert [(line["seed"], line["epoch"]) for line in lines] == [
        *((5, 0), (0, 0), (5, 2), (0, 1), (5, 4), (5, 6)),
        *((3, 0), (3, 2), (3, 4), (3, 6)),
    ]
    ended = {line["seed"]: (line["epoch"], line["stopped_by"]) for line in lines if line["run_ended"]}
    assert ended == {5: (6, None), 0: (1, "nonfinite"), 3: (6, None)}
    last = measured(SPEC, 3, 6, 1).metrics[0]
    assert lines[-1]["metrics"] == dict(zip(SPEC.layout.metrics, map(float, last), strict=True))


def test_the_file_holds_every_kind_with_its_epochs(trained):
    _, arrays = trained(SPEC, side_by_side=3, stops={0: 3})
    assert arrays["seeds"].tolist() == [5, 0, 3]
    for i, (seed, last) in enumerate(((5, 6), (0, 3), (3, 6))):
        whole = measured(SPEC, seed, 0, last + 1)
        assert arrays[f"epochs_metrics_{i}"].tolist() == list(range(last + 1))
        assert arrays[f"metrics_{i}"].tobytes() == whole.metrics.tobytes()
        for kind, values in whole.series.items():
            assert arrays[f"epochs_{kind}_{i}"].tolist() == list(whole.epochs_of(kind))
            assert arrays[f"{kind}_{i}"].tobytes() == values.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("record", [SPEC.record.model_dump(), "lean", "nothing"], ids=["most", "lean", "nothing"])
def test_the_terminal_shows_the_same_as_of_a_service(desk: Desk, trained, record):
    spec = a_spec(epochs=6, seeds=(5, 0, 3), record=record)
    _, arrays = trained(spec, stops={0: 3})
    culprits = {0: Culprit(3, 2, "gradient", "dense_1", "kernel", "inf", 3)}
    client = client_of(desk)
    experiment = client.get(desk.trained(spec, {5: 6, 0: 3, 3: 6}).rpartition("/")[2])

    def shown(found: Measured) -> str:
        console = Console(width=120)
        with console.capture() as written:
            console.print(picture(found))
        return written.get()

    said = shown(Measured.read(spec.layout, spec.seeds, arrays, culprits))
    assert said == shown(Measured.by(client, experiment))
    assert ("effective rank" in said, "Mean |gradient|" in said) == {
        "lean": (False, True),
        "nothing": (False, False),
    }.get(str(record), (True, True))
    assert "seed 0: first left the finite numbers in batch 2 of epoch 3" in said


@pytest.mark.slow
def test_the_culprits_are_read_from_the_lines():
    culprit = {"epoch": 2, "batch": 1, "where": "loss", "layer": None, "parameter": None, "kind": "nan", "count": 1}
    lines = [{"layout": {}}, *({"seed": seed, "epoch": 2, "run_ended": True, "culprit": None} for seed in (5, 0))]
    lines.append({"seed": 3, "epoch": 2, "run_ended": True, "culprit": culprit})
    summary = DiagnosisSummary("ill", "nonfinite", "Not finite", "likely", 0)
    for more, read in (([], None), ([{"diagnosis": asdict(summary)}], summary)):
        process = SimpleNamespace(stdout=[json.dumps(line) for line in [*lines, *more]])
        assert training._follow(process, SPEC) == ({3: Culprit(**culprit)}, read)
