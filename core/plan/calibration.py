"""Prices of counted work: the shipped ones, and factors on them from trainings on recently used machines.

The shipped prices are seconds that one core is busy. They were fitted to random specs and to the networks of the
benchmarks (`python -m bench.calibration`), on two x86-64 cores with TensorFlow 2.21.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from core.plan.cost import PRETRAINED, Counts, Measured, Plan

SHIPPED_SOURCE = "shipped calibration"

# Seconds for each count of `Plan.start`, `Plan.group` and `Plan.epoch`. Counts without a price cost about 0.
START: Mapping[str, float] = {
    "build": 0.225,
    "compile_attention": 0.418,
    "compile_convolutions": 0.105,
    "compile_embedding": 0.309,
    "compile_gated_recurrent": 1.24,
    "compile_layers": 0.0577,
    "compile_normalization": 0.0134,
    "compile_program": 0.425,
    "compile_random": 0.0824,
    "compile_simple_recurrent": 0.409,
    "compile_slots": 0.155,
    "compile_stacked": 0.0444,
    "compile_tensors": 0.083,
    "dataset": 4.09e-08,
    "look_layers": 0.00753,
    "look_products": 6.72e-11,
    "look_steps": 0.00116,
    "look_values": 1.85e-09,
    "plain_convolutions": 2.3e-11,
    "probe_layers": 0.0229,
    "stages": 0.747,
    "trace_layers": 0.035,
    "trace_program": 0.6,
}
GROUP: Mapping[str, float] = {
    "look": 0.0311,
    "look_layers": 0.00165,
    "look_products": 2.22e-10,
    "plain_convolutions": 2.3e-11,
}
EPOCH: Mapping[str, float] = {
    "boundary": 6.95e-11,
    "convolutions": 6.08e-11,
    "drawn": 4e-09,
    "epoch": 0.000156,
    "gradient_statistics": 6e-10,
    "histograms": 1.8e-09,
    "look_products": 7.27e-11,
    "look_values": 2.2e-08,
    "plain_convolutions": 2e-11,
    "pooled": 1e-09,
    "products": 2e-11,
    "steps": 3.43e-06,
    "update_layers": 1.03e-06,
    "update_numbers": 2.51e-10,
    "values": 5.21e-10,
    "weight_statistics": 2e-09,
}

# Memory that XLA takes with the first training of a process, and keeps.
FIRST_TRAINING_BYTES = 90_000_000

# Quantiles of measured over estimated seconds and bytes, of specs that were not used for the fit. They are added to
# each machine's records, so that its first records change little, and a single disturbed one does not decide.
SECONDS_RATIOS = (0.6, 0.85, 1.0, 1.2, 1.7)
BYTES_RATIOS = (0.5, 0.8, 1.0, 1.15, 1.6)
# Share that an interval leaves out at either end.
TAIL = 0.1


@dataclass(frozen=True)
class Record:
    """The measured cost of a training on a machine.

    Attributes:
        machine: name of the machine.
        plan: the planned work.
        measured: the work that was done, and its cost.
    """

    machine: str
    plan: Plan
    measured: Measured


@dataclass(frozen=True)
class Factor:
    """Factor on a shipped number: the median, and an interval that holds four in five trainings."""

    middle: float
    low: float
    high: float

    @classmethod
    def over(cls, machines: Iterable[list[float]], shipped: tuple[float, ...]) -> "Factor":
        """Return the median of the machines' medians, and the hull of their intervals; without records, `shipped`."""
        samples = [[*ratios, *shipped] for ratios in machines] or [list(shipped)]
        middles, lows, highs = zip(*(np.quantile(each, (0.5, TAIL, 1 - TAIL)) for each in samples), strict=True)
        return cls(float(median(middles)), float(min(lows)), float(max(highs)))


@dataclass(frozen=True)
class Calibration:
    """Factors on the shipped numbers, from records of trainings.

    Attributes:
        seconds: factor on shipped seconds.
        bytes: factor on shipped bytes.
        machines: number of machines with records; 0 for the shipped calibration.
    """

    seconds: Factor
    bytes: Factor
    machines: int

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Calibration":
        """Return the calibration to records."""
        seconds: dict[str, list[float]] = defaultdict(list)
        sizes: dict[str, list[float]] = defaultdict(list)
        for record in records:
            seconds[record.machine].append(seconds_ratio(record))
            if record.measured.bytes is not None:
                sizes[record.machine].append(record.measured.bytes / record.plan.bytes)
        return cls(
            Factor.over(seconds.values(), SECONDS_RATIOS), Factor.over(sizes.values(), BYTES_RATIOS), len(seconds)
        )

    @property
    def source(self) -> str:
        """The basis of the calibration, in words."""
        if not self.machines:
            return SHIPPED_SOURCE
        return f"records of {self.machines} machine{'s' * (self.machines != 1)}"


SHIPPED = Calibration.of(())


def cost(counts: Counts, prices: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each counted work that has a price."""
    all_prices = {**prices, **{f"{PRETRAINED}{name}": seconds for name, seconds in EPOCH.items()}}
    return {name: count * all_prices[name] for name, count in counts.items() if name in all_prices}


def start_seconds(plan: Plan) -> float:
    """Return the shipped seconds up to the measurement of the first group's epoch 0."""
    return sum(cost(plan.start, START).values())


def rest_seconds(plan: Plan, groups: int, epochs: int) -> float:
    """Return the shipped seconds after that, for a number of groups and of epochs of all groups together."""
    each_group, each_epoch = sum(cost(plan.group, GROUP).values()), sum(cost(plan.epoch, EPOCH).values())
    return (groups - 1) * each_group + epochs * each_epoch


def seconds_ratio(record: Record) -> float:
    """Return measured over shipped seconds of the work that was done; runs that ended early have fewer epochs."""
    measured = record.measured
    expected = start_seconds(record.plan) + rest_seconds(record.plan, measured.groups, measured.epochs)
    return (measured.start_seconds + measured.rest_seconds) / max(expected, math.ulp(1.0))
