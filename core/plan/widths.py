"""Widths of a training, used by the engine and by its estimate: seeds side by side, epochs a call, samples a probe."""

from core.plan.once import once_per_spec
from gradlab.spec.experiment import ExperimentSpec

# Training samples that are measured at epoch 0, all at once.
MAX_INITIAL_SAMPLES = 4096
# Epochs that one call of the program trains, all seeds together. Statistics of them are computed while it trains the
# next ones.
MAX_BLOCK_EPOCHS = 256
# Numbers that a call leaves behind for these statistics: weights of every epoch, gradients of every mini-batch. If one
# epoch's gradients are more, the program measures them itself.
MAX_TRACED_NUMBERS = 4_000_000
# Small networks that are probed side by side.
MAX_PROBE_WIDTH = 32
# Bounds of a chunk: its sample orders and its series take some tens of megabytes at most.
MAX_CHUNK_EPOCHS, MAX_ORDER_ENTRIES, MAX_SERIES_NUMBERS = 512, 4_000_000, 8_000_000

# Numbers of seeds for which programs are compiled. A smaller group is filled up, so that few programs are compiled.
# Thirty-two seeds take as much time in groups of eight as side by side.
WIDTHS = (1, 2, 4, 8)
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


def probe_width(spec: ExperimentSpec) -> int:
    """Return the number of a spec's networks that are probed side by side: fewer of larger ones."""
    return max(1, min(MAX_PROBE_WIDTH, MAX_STACKED // spec.parameter_count)) if stackable(spec) else 1


def keeps_gradients(spec: ExperimentSpec, width: int) -> bool:
    """Return True if a program for `width` seeds leaves gradients behind, False if it measures them itself."""
    return _gradient_numbers(spec, width) <= MAX_TRACED_NUMBERS


def traced_numbers(spec: ExperimentSpec, width: int) -> int:
    """Return the count of numbers that an epoch leaves behind."""
    gradients = _gradient_numbers(spec, width) if keeps_gradients(spec, width) else 0
    return width * spec.parameter_count + gradients


def block_for(spec: ExperimentSpec, width: int) -> int:
    """Return the number of epochs that one call of the program trains, at most."""
    fits = MAX_TRACED_NUMBERS // max(1, traced_numbers(spec, width))
    return max(1, min(MAX_PROBE_WIDTH, MAX_BLOCK_EPOCHS // width, fits))


@once_per_spec
def stackable(spec: ExperimentSpec) -> bool:
    """Return True if several of a spec's networks can be trained side by side, each with weights of its own."""
    return all(layer.spec.side_by_side for layer in spec.layers) and spec.parameter_count > 0


def _gradient_numbers(spec: ExperimentSpec, width: int) -> int:
    batches: int = -(-spec.dataset.train_count // spec.training.batch_size)
    return batches * width * spec.parameter_count
