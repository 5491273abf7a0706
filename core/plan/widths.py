"""Widths of a training, used by the engine and by its estimate: seeds side by side, epochs a call, probes at a time."""

import math

from core.plan.once import once_per_spec
from gradlab.measurement.kinds import names_from
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.recording import PROBE_SAMPLES

# Epochs that one call of the program trains, all seeds together. Statistics of them are computed while it trains the
# next ones.
MAX_BLOCK_EPOCHS = 256
# Epochs of one seed that a call trains.
MAX_EPOCHS_AT_ONCE = 32
# Numbers that a call leaves behind for these statistics: weights of every epoch, gradients of every mini-batch. An
# epoch with more of them is trained in pieces, with a call for each.
MAX_TRACED_NUMBERS = 4_000_000
# Networks that are probed at a time: so many, or a multiple of it, whose kernels compute whole vectors and have the
# same bits; fewer of larger networks.
PROBES = 32
# More than `PROBES` networks are probed at a time only if they have at most so many pre-activations in all, which then
# stay in the processor's cache.
MAX_PROBED_NUMBERS = 1_000_000
# Bounds of a chunk: its sample orders and its series take some tens of megabytes at most.
MAX_CHUNK_EPOCHS, MAX_ORDER_ENTRIES, MAX_SERIES_NUMBERS = 512, 4_000_000, 8_000_000

# Numbers of seeds for which programs are compiled. A smaller group is filled up, so that few programs are compiled.
# Thirty-two seeds take as much time in groups of eight as side by side.
WIDTHS = (1, 2, 4, 8)
# Those of trainings that earlier versions began.
EARLIER_WIDTHS = (*WIDTHS, 16, 32)
# Groups of the largest width, which small networks have, that train at a time, each in a thread: on every machine, with
# one core or many, with one worker or several.
GROUPS_AT_A_TIME = 2
# Numbers in all stacked weights. Beyond it large products take most of the time, and stacking gains nothing.
MAX_STACKED = 200_000


@once_per_spec
def width_for(spec: ExperimentSpec) -> int:
    """Return the number of seeds that a spec's program trains side by side; 1 if layers or optimiser do not stack."""
    if not stackable(spec) or not spec.training.optimizer.side_by_side or spec.training.pretraining:
        return 1
    widest = max([width for width in WIDTHS if width * spec.parameter_count <= MAX_STACKED], default=1)
    groups = -(-len(spec.seeds) // widest)
    needed = -(-len(spec.seeds) // groups)
    return next(width for width in WIDTHS if width >= needed)


def groups_of(seeds: tuple[int, ...], width: int) -> list[tuple[int, ...]]:
    """Return the seeds in groups of `width`, in order; the last may be smaller."""
    return [seeds[begin : begin + width] for begin in range(0, len(seeds), width)]


def rounds_of(seeds: tuple[int, ...], width: int) -> list[list[tuple[int, ...]]]:
    """Return the groups of seeds that train at a time, round after round: small networks' in pairs, others alone."""
    groups, count = groups_of(seeds, width), GROUPS_AT_A_TIME if width == WIDTHS[-1] else 1
    return [groups[begin : begin + count] for begin in range(0, len(groups), count)]


def probe_width(spec: ExperimentSpec, width: int) -> int:
    """Return the number of a spec's networks that are probed side by side: all of a call's, or fewer of larger ones."""
    if not stackable(spec):
        return 1
    few = MAX_STACKED // spec.parameter_count
    if few < PROBES:
        return max(1, few)
    every = min((spec.layout[kind].every for kind in names_from("flows") if kind in spec.layout), default=1)
    watched = sum(math.prod(shape) for each in spec.layers if (shape := each.spec.watched(each.input_shape)))
    fits = min(few, MAX_PROBED_NUMBERS // (PROBE_SAMPLES * max(1, watched)))
    return PROBES * max(1, min(fits, width * -(-block_for(spec, width) // every)) // PROBES)


def records_gradients(spec: ExperimentSpec) -> bool:
    """Return True if something is recorded that is measured from gradients."""
    return any(kind in spec.layout for kind in names_from("gradients"))


def batches_at_once(spec: ExperimentSpec, width: int) -> int:
    """Return the number of mini-batches that one call of the program trains, at most: all of an epoch, or a piece."""
    batches: int = -(-spec.dataset.train_count // spec.training.batch_size)
    pieces = -(-batches * _row(spec, width) // MAX_TRACED_NUMBERS) if records_gradients(spec) else 1
    return max(1, -(-batches // max(1, pieces)))


def traced_numbers(spec: ExperimentSpec, width: int) -> int:
    """Return the count of numbers that an epoch leaves behind, or one of its pieces."""
    gradients = batches_at_once(spec, width) if records_gradients(spec) else 0
    return (1 + gradients) * _row(spec, width)


def block_for(spec: ExperimentSpec, width: int) -> int:
    """Return the number of epochs that one call of the program trains, at most."""
    fits = MAX_TRACED_NUMBERS // max(1, traced_numbers(spec, width))
    return max(1, min(MAX_EPOCHS_AT_ONCE, MAX_BLOCK_EPOCHS // width, fits))


@once_per_spec
def stackable(spec: ExperimentSpec) -> bool:
    """Return True if several of a spec's networks can be trained side by side, each with weights of its own."""
    return all(layer.spec.side_by_side for layer in spec.layers) and spec.parameter_count > 0


def _row(spec: ExperimentSpec, width: int) -> int:
    """Return the count of numbers of a row of weights, or of gradients, of all seeds."""
    return width * spec.parameter_count
