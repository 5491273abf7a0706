"""The estimated cost of an experiment, from its spec alone."""

import math
from dataclasses import dataclass

from core.plan.calibration import EPOCH, SHIPPED, Calibration, cost, rest_seconds, start_seconds
from core.plan.cost import Plan, epoch_counts, group_counts, start_counts
from core.plan.memory import NUMBER_BYTES, memory, peak
from core.plan.widths import groups_of, width_for
from gradlab.spec.experiment import ExperimentSpec

__all__ = ["Estimate", "ahead_seconds", "epoch_seconds", "estimate", "memory", "plan"]

# Each run's network is stored before its first update and after its last.
NETWORKS_KEPT = 2
SAME_START = (
    "All seeds begin with the same given weights: they differ by the order of the samples and by random layers alone, "
    "and by the layers that are drawn."
)


@dataclass(frozen=True)
class Estimate:
    """The estimated cost of an experiment.

    Attributes:
        parameters: trainable numbers in the network.
        series_bytes: size of its recorded series and its networks in the database, all runs together.
        memory_bytes: peak memory of its training beyond the loaded TensorFlow's.
        memory_interval: interval of memory_bytes that holds four in five similar trainings.
        seconds: training time of all runs, with compilation.
        seconds_interval: interval of seconds that holds four in five similar trainings.
        compile_seconds: the part of seconds before the first epoch.
        source: basis of times and memory: the shipped calibration, or records of a number of machines.
        notes: what there is to know of its runs; () for most.
    """

    parameters: int
    series_bytes: int
    memory_bytes: int
    memory_interval: tuple[int, int]
    seconds: float
    seconds_interval: tuple[float, float]
    compile_seconds: float
    source: str
    notes: tuple[str, ...] = ()


def estimate(spec: ExperimentSpec, calibration: Calibration = SHIPPED) -> Estimate:
    """Estimate the cost of `spec` on the machines of a calibration."""
    planned = plan(spec)
    start = start_seconds(planned)
    seconds, held = start + rest_seconds(planned, planned.groups, planned.epochs), planned.bytes
    time, size = calibration.seconds, calibration.bytes
    return Estimate(
        parameters=spec.parameter_count,
        series_bytes=_series_bytes(spec),
        memory_bytes=round(held * size.middle),
        memory_interval=(round(held * size.low), round(held * size.high)),
        seconds=seconds * time.middle,
        seconds_interval=(seconds * time.low, seconds * time.high),
        compile_seconds=start * time.middle,
        source=calibration.source,
        notes=_notes(spec),
    )


def plan(spec: ExperimentSpec) -> Plan:
    """Count the work of `spec`."""
    groups, start = len(groups_of(spec.seeds, width_for(spec))), start_counts(spec)
    return Plan(
        start=start,
        group=group_counts(spec),
        epoch=epoch_counts(spec),
        groups=groups,
        epochs=groups * spec.training.epochs,
        bytes=peak(memory(spec, start)),
    )


def epoch_seconds(spec: ExperimentSpec) -> dict[str, float]:
    """Return the shipped seconds of one epoch of all seeds side by side, by kind of work."""
    return cost(epoch_counts(spec), EPOCH)


def ahead_seconds(spec: ExperimentSpec) -> float:
    """Return the shipped seconds of all work besides epochs: compilation, pretraining, measuring epoch 0."""
    planned = plan(spec)
    return start_seconds(planned) + rest_seconds(planned, planned.groups, 0)


def _notes(spec: ExperimentSpec) -> tuple[str, ...]:
    """Return a note where several runs have less in them to differ by than others."""
    return (SAME_START,) if spec.training.initial_weights is not None and len(spec.seeds) > 1 else ()


def _series_bytes(spec: ExperimentSpec) -> int:
    epochs, layout = spec.training.epochs, spec.layout
    numbers = (epochs + 1) * len(layout.metrics)
    numbers += sum((epochs // series.every + 1) * math.prod(series.shape) for series in layout.series)
    return NUMBER_BYTES * (numbers + NETWORKS_KEPT * _network_numbers(spec)) * len(spec.seeds)


def _network_numbers(spec: ExperimentSpec) -> int:
    """Return the count of numbers in a network, trainable or not."""
    return spec.parameter_count + sum(layer.state_size for layer in spec.layers)
