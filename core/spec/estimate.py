"""What an experiment will cost, from its spec alone, and whether that is within the service's bounds."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import Invalid, Problem
from core.settings import Settings
from core.spec.experiment import ExperimentSpec
from core.spec.network import layer_count

# Measured on two x86-64 cores with TensorFlow 2.21 (`python -m bench.engine`): tracing and compiling a network, one
# layer's share of one update, and the multiply-adds per second that XLA reaches in small matrix products.
COMPILE_SECONDS, COMPILE_SECONDS_PER_LAYER = 1.5, 0.25
UPDATE_SECONDS_PER_LAYER = 8e-6
OPERATIONS_PER_SECOND = 2e10


@dataclass(frozen=True)
class Estimate:
    """What an experiment will cost.

    Attributes:
        parameters: trainable numbers in the network.
        work: seeds × epochs × training samples × parameters.
        series_bytes: what its recorded series take in the database.
        seconds: training time on a two-core machine, right within a factor of about three.
    """

    parameters: int
    work: float
    series_bytes: int
    seconds: float


def estimate(spec: ExperimentSpec) -> Estimate:
    """Foresee the cost of `spec`."""
    runs, epochs, samples = len(spec.seeds), spec.training.epochs, spec.dataset.train_count
    layers, parameters = len(spec.layers), spec.parameter_count
    numbers = len(spec.layout.metrics) + len(spec.layout.tensors) * len(spec.layout.statistics)
    updates = runs * epochs * math.ceil(samples / spec.training.batch_size)
    work = float(runs * epochs * samples * parameters)
    # Six operations per weight and sample: two forward, four backward.
    training = updates * layers * UPDATE_SECONDS_PER_LAYER + 6 * work / OPERATIONS_PER_SECOND
    return Estimate(
        parameters=parameters,
        work=work,
        series_bytes=4 * numbers * epochs * runs,
        seconds=COMPILE_SECONDS + COMPILE_SECONDS_PER_LAYER * layers + training,
    )


def check_bounds(spec: ExperimentSpec, settings: Settings) -> None:
    """Refuse what is larger than this service allows.

    Raises:
        Invalid: one problem for each bound that is exceeded, saying by how much.
    """
    if problems := tuple(_exceeded(spec, settings)):
        raise Invalid(*problems)


def _exceeded(spec: ExperimentSpec, settings: Settings) -> Iterator[Problem]:
    dataset, cost = spec.dataset, estimate(spec)
    sizes: tuple[tuple[str, str, float], ...] = (
        ("model.layers", "max_layers", layer_count(spec.model.layers)),
        ("model.layers", "max_parameters", cost.parameters),
        ("dataset.samples", "max_samples", dataset.sample_count),
        ("dataset", "max_values", dataset.sample_count * dataset.feature_count),
        ("training.epochs", "max_epochs", spec.training.epochs),
        ("seeds", "max_seeds", len(spec.seeds)),
        ("(the whole spec)", "max_work", cost.work),
        ("(the whole spec)", "max_series_bytes", cost.series_bytes),
    )
    for field, bound, size in sizes:
        limit = getattr(settings, bound)
        if size > limit:
            meaning = str(type(settings).model_fields[bound].description).rstrip(".")
            yield Problem(
                field=field,
                expected=f"at most {limit:,} (the service's bound {bound}: {meaning})",
                received=f"{size:,}, {size / limit:,.1f} times as much",
            )
