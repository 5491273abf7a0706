"""The first trained epoch, which the graphs of epoch 0 measure: first answers wait for no others."""

from typing import Any

import numpy as np
import pytest

from core.training import program_cache
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.network import initial_values
from core.training.program import Program
from core.training.sample_order import sample_order
from core.training.train import train
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec

SPEC = a_spec(epochs=4, layers=2, units=3, seeds=(1, 2, 3))
EPOCHS = (1, 2, 3)
OF_EPOCH_0 = {"Initial._measured", "Initial._probed", "Initial._predicted"}
OF_LATER_EPOCHS = {"Probe.run", "Recorder._predicted"}


@pytest.mark.slow
def test_first_epochs_call_the_program_and_what_measured_epoch_0(monkeypatch: pytest.MonkeyPatch):
    called, call = [], Compiled.__call__

    def noted(self: Compiled, *arguments: Any) -> Any:
        called.append(self._function.__qualname__)
        return call(self, *arguments)

    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    monkeypatch.setattr(Compiled, "__call__", noted)
    chunks = train(SPEC)
    assert [next(chunks).runs[0].history.last_epoch for _ in range(2)] == [0, 1]
    assert {*called} == {"Epochs.whole", *OF_EPOCH_0}
    list(chunks)
    assert {*called} == {"Epochs.whole", *OF_EPOCH_0, *OF_LATER_EPOCHS}


def series(spec: ExperimentSpec, *lengths: int) -> dict[str, np.ndarray]:
    """The series of a training's first epochs, so many in each block."""
    places, seeds = len(spec.seeds), [*spec.seeds]
    program, data = Program(spec, places, "first epochs"), Data(spec)
    program.begin(spec, [initial_values(spec, seed) for seed in seeds])
    found, first = [], 1
    for length in lengths:
        epochs, count = range(first, first + length), spec.dataset.train_count
        orders = np.array([[sample_order(seed, epoch, count) for seed in seeds] for epoch in epochs])
        found.append(program.run(data, orders, first, places).series)
        first += length
    return {kind: np.concatenate([each[kind] for each in found]) for kind in found[0]}


@pytest.mark.slow
def test_its_series_are_the_same_bits_in_a_block_of_its_own_and_with_others():
    alone, together = series(SPEC, 1, 2), series(SPEC, 3)
    assert alone["activations"].shape[0] == len(EPOCHS)
    for kind, values in together.items():
        assert values.tobytes() == alone[kind].tobytes(), kind
