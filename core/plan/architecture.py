"""The architecture of a spec: everything that the compiled program of its training depends on."""

import hashlib

from core.plan.graphs import trains_plainly
from core.plan.pieces import gathers_batches, holds_class_numbers, validation_rows
from core.plan.widths import width_for
from gradlab.measurement.kinds import names_from
from gradlab.measurement.kinds.kind import Source
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.weights import is_weighted

# Fields of a training that no graph depends on.
DATA = {"epochs", "pretraining", "class_weight", "initial_weights"}
# The sources of series that the graph of epoch 0 measures beside losses. The plane has a graph of its own.
MEASURED_BY_GRAPH: tuple[Source, ...] = ("gradients", "flows")


def architecture_hash(spec: ExperimentSpec) -> str:
    """Return the SHA-256 of the architecture at the width in which the service trains the spec, in hexadecimal."""
    return hashed(architecture(spec, width_for(spec)))


def hashed(architecture: str) -> str:
    """Return the SHA-256 of an architecture, in hexadecimal."""
    return hashlib.sha256(architecture.encode()).hexdigest()


def architecture(spec: ExperimentSpec, width: int) -> str:
    """Return the architecture of a spec: specs with equal ones share a compiled program.

    It leaves out what is data to the program: seeds, initialisers, initial weights, samples, the number of epochs
    except 0, the recording interval of the boundary, a constant learning rate, and how much samples weigh.
    """
    training = spec.training.model_dump_json(exclude={"optimizer", *DATA})
    constant = spec.training.optimizer.initial_learning_rate is not None
    optimizer = spec.training.optimizer.model_dump_json(exclude={"learning_rate"} if constant else set())
    form = trains_plainly(spec), gathers_batches(spec, width), validation_rows(spec, width)
    record = (spec.record.model_dump_json(exclude={"boundary"}), "boundary" in spec.layout)
    is_triage = not spec.training.epochs
    return repr((width, _layers(spec), training, optimizer, record, _sizes(spec), is_triage, is_weighted(spec), form))


def initial_architecture(spec: ExperimentSpec) -> str:
    """Return what the measurement of epoch 0 depends on.

    A triage and a training have the same, whatever their optimiser and the number of their seeds.
    """
    training = spec.training.model_dump_json(exclude={"optimizer", "early_stopping", *DATA})
    form = trains_plainly(spec), validation_rows(spec, 1)
    measured = [source for source in MEASURED_BY_GRAPH if any(name in spec.layout for name in names_from(source))]
    return repr((_layers(spec), training, _sizes(spec), measured, is_weighted(spec), form))


def _layers(spec: ExperimentSpec) -> list[tuple[object, ...]]:
    return [
        (layer.name, layer.inputs, layer.shares, layer.spec.model_dump_json(exclude=_drawn(layer.spec)))
        for layer in spec.layers
    ]


def _sizes(spec: ExperimentSpec) -> tuple[object, ...]:
    dataset = spec.dataset
    targets = [(output.layer.name, output.target, holds_class_numbers(spec, output)) for output in spec.outputs]
    return dataset.train_count, dataset.sample_count, [(each.name, each.shape) for each in spec.inputs], targets


def _drawn(layer: object) -> set[str]:
    """Return the fields of a layer that the compiled program does not depend on: initialisers and `repeat`."""
    return {name for name in type(layer).model_fields if name.endswith("_initializer")} | {"repeat"}  # type: ignore[attr-defined]
