"""Traced functions that are kept on disk: who finds them traces nothing, and measures the same bits."""

import json
import zlib
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from core.plan import cost, graphs, widths
from core.training import compiled, environment, program_cache
from core.training.train import train
from gradlab.measurement.history import Chunk
from tests.integration.test_training import DROPPED, NORMALISED, OUTPUT, a_spec

RECURRENT = [{"kind": "reshape", "target_shape": [2, 1]}, {"kind": "gru", "units": 2}, OUTPUT]
CONVOLUTION = [
    {"kind": "reshape", "target_shape": [2, 1]},
    {"kind": "conv1d", "filters": 2, "kernel_size": 2, "padding": "same"},
    {"kind": "flatten"},
    OUTPUT,
]
CASES: dict[str, dict[str, Any]] = {
    "normalised, with dropout": {"layers": [*NORMALISED, *DROPPED], "optimizer": {"kind": "adam"}, "record": "full"},
    "recurrent, alone": {"layers": RECURRENT, "record": "standard"},
    "convolution, clipped": {"layers": CONVOLUTION, "optimizer": {"kind": "sgd", "clipnorm": 0.01}},
    "plain, measured inside": {"layers": CONVOLUTION, "record": "full"},
    "early, beside epoch 0": {"layers": [*NORMALISED, *DROPPED], "record": "standard"},
}


def forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the programs of this process, as a new process would not have them."""
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())


def bits(chunks: list[Chunk]) -> list[bytes]:
    """Every number that was measured, and the last weights."""
    runs = [run for chunk in chunks for run in chunk.runs]
    numbers = [each for run in runs for each in (run.history.metrics, *run.history.series.values())]
    ends = [values for run in runs if run.run_ended and run.snapshot for values in run.snapshot.values]
    return [each.tobytes() for each in (*numbers, *ends)]


def refused(*_: object, **__: object) -> None:
    raise AssertionError("traced again")


@pytest.mark.parametrize("case", CASES)
def test_a_training_that_finds_its_functions_on_disk_traces_nothing_and_has_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
):
    monkeypatch.setattr(environment, "_kept", [tmp_path])
    if case.startswith("plain"):  # as large convolutions train: in a plain graph, in pieces
        monkeypatch.setattr(graphs, "MIN_PLAIN_WORK", 1.0)
        monkeypatch.setattr(widths, "MAX_TRACED_NUMBERS", 1)
    if case.startswith("early"):  # as programs of large networks are traced
        monkeypatch.setattr(cost, "MIN_LONG_OPERATIONS", 0.0)
    spec = a_spec(**({"seeds": [0, 1, 2], "epochs": 3} | CASES[case]))
    forgetting(monkeypatch)
    chunks = list(train(spec, chunk_seconds=60))
    expected = bits(chunks)
    if case.startswith("plain"):
        assert not chunks[-1].compiled
    forgetting(monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(compiled, "trace", refused)
        assert bits(list(train(spec, chunk_seconds=60))) == expected
    forgetting(monkeypatch)
    for file in (tmp_path / "traced").iterdir():
        file.write_bytes(file.read_bytes()[:-100])
    assert bits(list(train(spec, chunk_seconds=60))) == expected, "what is damaged is traced anew"


@pytest.mark.parametrize("damage", ["another variable", "no definition", "of another name"])
def test_a_file_that_cannot_be_used_is_traced_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str):
    monkeypatch.setattr(environment, "_kept", [tmp_path])
    variable, given = keras.Variable(2.0), tf.constant(3.0)

    def found() -> float:
        function = compiled.Compiled(lambda x: variable.value * x, jit=False, name=damage, variables=[variable])
        return function(given).numpy()

    assert found() == 6.0
    (file,) = (tmp_path / "traced").iterdir()
    line, _, content = zlib.decompress(file.read_bytes()).partition(b"\n")
    head = json.loads(line)
    if damage == "another variable":
        head["captured"] = [1]
    elif damage == "of another name":
        head["functions"][0][0] = "any"
    else:
        content = b"\xff" * len(content)
    damaged = zlib.compress(json.dumps(head).encode() + b"\n" + content)
    file.write_bytes(damaged)
    assert found() == 6.0
    assert file.read_bytes() != damaged, "and written anew"


def test_a_function_that_captures_a_tensor_of_its_own_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(environment, "_kept", [tmp_path])
    own, given = tf.Variable(2.0), tf.constant(3.0)
    function = compiled.Compiled(lambda x: own * x, jit=False, name="any")
    assert function(given).numpy() == 6.0
    own.assign(5.0)
    assert function(given).numpy() == 15.0
    assert not list(tmp_path.iterdir())
