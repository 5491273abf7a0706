"""The architecture of a spec: everything that the compiled program of its training depends on."""

import hashlib

from core.plan.graphs import trains_plainly
from core.plan.pieces import gathers_batches, holds_class_numbers, validation_rows
from core.plan.widths import width_for
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.weights import is_weighted


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
    form = trains_plainly(spec), gathers_batches(spec, width), validation_rows(spec, width)
    record = (spec.record.model_dump_json(exclude={"boundary"}), "boundary" in spec.layout)
    is_triage = not spec.training.epochs
    return repr((width, layers, training, optimizer, record, sizes, is_triage, is_weighted(spec), form))


def _drawn(layer: object) -> set[str]:
    """Return the fields of a layer that the compiled program does not depend on: initialisers and `repeat`."""
    return {name for name in type(layer).model_fields if name.endswith("_initializer")} | {"repeat"}  # type: ignore[attr-defined]
