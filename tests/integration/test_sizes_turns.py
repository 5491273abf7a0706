"""The engine as a side of `bench.sizes`: its turns measure a training in the middle, not its beginning."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.sizes import engine
from core.training.train import train
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec


def test_turns_go_on_with_one_training_behind_its_uneven_chunks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "TURN_SECONDS", 0.05)
    yielded: dict[int, list[int]] = {}

    def training(spec: ExperimentSpec, **options: Any) -> Iterator[Chunk]:
        assert spec.training.epochs not in yielded, "each training begins once"
        yielded[spec.training.epochs] = []
        for chunk in train(spec, **options):
            yielded[spec.training.epochs].append(len(chunk.runs[0].history))
            yield chunk

    monkeypatch.setattr(engine, "train", training)
    side = engine.EngineTraining(a_spec(), None)
    assert side.first()["first"] > 0
    begun = len(yielded[engine.ENDLESS])
    assert begun >= engine.UNEVEN_CHUNKS
    turns = [side.turn() for _ in range(3)]
    assert [*yielded] == [engine.FIRST_EPOCHS, engine.ENDLESS]
    assert sum(turn["epochs"] for turn in turns) == sum(yielded[engine.ENDLESS][begun:])
