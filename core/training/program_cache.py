"""Cache of this process's compiled programs, by architecture."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from core.plan.pieces import gathers_batches, holds_class_numbers, validation_rows
from core.plan.widths import compiles_probe, width_for
from core.training.program import Program
from core.training.stable_names import renumbered
from gradlab.spec import ExperimentSpec
from gradlab.spec.weights import is_weighted

# A compiled program takes some tens of megabytes; a study rarely alternates between more architectures than this.
PROGRAMS_KEPT = 8

_programs: OrderedDict[str, Program] = OrderedDict()


@contextmanager
def lend(spec: ExperimentSpec, width: int) -> Iterator[Program]:
    """Lend the compiled program for a spec's architecture; it returns to the cache afterwards.

    A lent program is not in the cache, so two concurrent trainings never share variables.

    Args:
        spec: the experiment.
        width: number of seeds side by side.
    """
    key = architecture(spec, width)
    program = _programs.pop(key, None) or _new(spec, width, key)
    program.measure_as(spec.layout)
    try:
        yield program
    finally:
        _programs[key] = program
        while len(_programs) > PROGRAMS_KEPT:
            _programs.popitem(last=False)


def _new(spec: ExperimentSpec, width: int, key: str) -> Program:
    with renumbered():
        return Program(spec, width, hashlib.sha256(key.encode()).hexdigest()[:16])


def holds(spec: ExperimentSpec) -> bool:
    """Return True if the program of a spec is compiled and in the cache."""
    return architecture(spec, width_for(spec)) in _programs


def architecture(spec: ExperimentSpec, width: int) -> str:
    """Return the cache key of a spec: specs with equal keys share a compiled program.

    The key leaves out what is data to the program: seeds, initialisers, initial weights, samples, the number of epochs
    except 0, the recording interval of the boundary, a constant learning rate, and how much samples weigh.
    """
    layers = [
        (layer.name, layer.inputs, layer.shares, layer.spec.model_dump_json(exclude=_drawn(layer.spec)))
        for layer in spec.layers
    ]
    data = {"epochs", "pretraining", "class_weight", "initial_weights"}
    training = spec.training.model_dump_json(exclude={"optimizer", *data})
    constant = spec.training.optimizer.initial_learning_rate is not None
    optimizer = spec.training.optimizer.model_dump_json(exclude={"learning_rate"} if constant else set())
    dataset = spec.dataset
    targets = [(output.layer.name, output.target, holds_class_numbers(spec, output)) for output in spec.outputs]
    sizes = (dataset.train_count, dataset.sample_count, [(each.name, each.shape) for each in spec.inputs], targets)
    pieces = gathers_batches(spec), validation_rows(spec)
    record = (spec.record.model_dump_json(exclude={"boundary"}), "boundary" in spec.layout)
    return repr((width, layers, training, optimizer, record, sizes, compiles_probe(spec), is_weighted(spec), pieces))


def _drawn(layer: object) -> set[str]:
    """Return the fields of a layer that the compiled program does not depend on: initialisers and `repeat`."""
    return {name for name in type(layer).model_fields if name.endswith("_initializer")} | {"repeat"}  # type: ignore[attr-defined]
