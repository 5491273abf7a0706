"""What an experiment will cost, from its spec alone, and whether that is within the service's bounds."""

import math
from dataclasses import dataclass

from core.plan.calibration import EPOCH, SHIPPED, Calibration, cost, rest_seconds, start_seconds
from core.plan.cost import Plan, epoch_counts, group_counts, start_counts
from core.plan.memory import NUMBER_BYTES, memory, peak
from core.plan.widths import groups_of, width_for
from gradlab.spec.experiment import ExperimentSpec

__all__ = ["Estimate", "ahead_seconds", "epoch_seconds", "estimate", "memory", "plan"]

# The network itself is kept as it was before the first update and after the last.
NETWORKS_KEPT = 2


@dataclass(frozen=True)
class Estimate:
    """What an experiment will cost.

    Attributes:
        parameters: trainable numbers in the network.
        series_bytes: what its recorded series and its networks take in the database, all runs together.
        memory_bytes: the most memory that training takes beyond the loaded TensorFlow's.
        memory_interval: between which sizes four in five trainings like it stay.
        seconds: training time of all runs, compilation included.
        seconds_interval: between which times four in five trainings like it end.
        compile_seconds: what of `seconds` passes before the first epoch.
        source: what times and memory rest on: the shipped calibration, or records of how many machines.
    """

    parameters: int
    series_bytes: int
    memory_bytes: int
    memory_interval: tuple[int, int]
    seconds: float
    seconds_interval: tuple[float, float]
    compile_seconds: float
    source: str


def estimate(spec: ExperimentSpec, calibration: Calibration = SHIPPED) -> Estimate:
    """Foresee the cost of `spec`, on machines like those that a calibration was made of."""
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
    )


def plan(spec: ExperimentSpec) -> Plan:
    """Count the work of `spec`."""
    groups = len(groups_of(spec.seeds, width_for(spec)))
    return Plan(
        start=start_counts(spec),
        group=group_counts(spec),
        epoch=epoch_counts(spec),
        groups=groups,
        epochs=groups * spec.training.epochs,
        bytes=peak(memory(spec)),
    )


def epoch_seconds(spec: ExperimentSpec) -> dict[str, float]:
    """Shipped seconds of one epoch of all seeds that stand side by side, by what is done."""
    return cost(epoch_counts(spec), EPOCH)


def ahead_seconds(spec: ExperimentSpec) -> float:
    """Shipped seconds of all that is no epoch: compiling, pretraining, looks at epoch 0."""
    planned = plan(spec)
    return start_seconds(planned) + rest_seconds(planned, planned.groups, 0)


def _series_bytes(spec: ExperimentSpec) -> int:
    epochs, layout = spec.training.epochs, spec.layout
    numbers = (epochs + 1) * len(layout.metrics)
    numbers += sum((epochs // series.every + 1) * math.prod(series.shape) for series in layout.series)
    return NUMBER_BYTES * (numbers + NETWORKS_KEPT * _network_numbers(spec)) * len(spec.seeds)


def _network_numbers(spec: ExperimentSpec) -> int:
    """All numbers in a network, trained or not."""
    return spec.parameter_count + sum(layer.spec.state_size(layer.input_shape) for layer in spec.layers)
