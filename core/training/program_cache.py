"""The compiled programs of this process, kept by architecture."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from core.plan.widths import compiles_probe, width_for
from core.training.program import Program
from gradlab.spec import ExperimentSpec

# A compiled program takes some tens of megabytes; a study rarely alternates between more architectures than this.
PROGRAMS_KEPT = 8

_programs: OrderedDict[str, Program] = OrderedDict()


@contextmanager
def lend(spec: ExperimentSpec, width: int) -> Iterator[Program]:
    """The compiled program for a spec's architecture and so many seeds, kept for the next one who needs it.

    While it is lent it is not on the shelf: two trainings side by side never share variables.
    """
    key = architecture(spec, width)
    program = _programs.pop(key, None) or Program(spec, width)
    program.measure_as(spec.layout)
    try:
        yield program
    finally:
        _programs[key] = program
        while len(_programs) > PROGRAMS_KEPT:
            _programs.popitem(last=False)


def holds(spec: ExperimentSpec) -> bool:
    """True if the program of a spec is compiled and on the shelf."""
    return architecture(spec, width_for(spec)) in _programs


def architecture(spec: ExperimentSpec, width: int) -> str:
    """What a compiled program depends on: equal texts, equal programs.

    Not among it: seeds, how weights are drawn, samples, how many epochs unless there are none, how often a boundary is
    recorded and a constant learning rate, which are all data to the program.
    """
    layers = [layer.spec.model_dump_json(exclude=_drawn(layer.spec)) for layer in spec.layers]
    training = spec.training.model_dump_json(exclude={"optimizer", "epochs", "pretraining"})
    constant = spec.training.optimizer.initial_learning_rate is not None
    optimizer = spec.training.optimizer.model_dump_json(exclude={"learning_rate"} if constant else set())
    dataset = spec.dataset
    sizes = (dataset.train_count, dataset.sample_count, dataset.feature_shape, dataset.target)
    record = (spec.record.model_dump_json(exclude={"boundary"}), "boundary" in spec.layout)
    return repr((width, layers, training, optimizer, record, sizes, compiles_probe(spec)))


def _drawn(layer: object) -> set[str]:
    """The fields that only decide how weights are drawn."""
    return {name for name in type(layer).model_fields if name.endswith("_initializer")} | {"repeat"}  # type: ignore[attr-defined]
