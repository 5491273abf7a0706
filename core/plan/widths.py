"""What the engine and its estimate must agree on: which seeds train side by side, and how much is done at a time."""

from gradlab.spec.experiment import ExperimentSpec

# Epoch 0 looks at so many training samples at most, all at once.
MAX_INITIAL_SAMPLES = 4096
# One call of the program trains so many epochs at most, all seeds together: what is said of them is worked out while it
# trains the next.
MAX_BLOCK_EPOCHS = 256
# What a call leaves behind for that, weights of every epoch and gradients of every mini-batch, has so many numbers at
# most. Where a single epoch's gradients are more, the program measures them itself.
MAX_TRACED_NUMBERS = 4_000_000
# So many looks at small networks are had side by side at most.
MAX_PROBE_WIDTH = 32
# A chunk has so many epochs at most: neither the orders of samples nor the series should take more than some tens of
# megabytes.
MAX_CHUNK_EPOCHS, MAX_ORDER_ENTRIES, MAX_SERIES_NUMBERS = 512, 4_000_000, 8_000_000

# Programs are compiled for these numbers of seeds: a group that is smaller is filled up, so that few different ones
# are ever compiled.
WIDTHS = (1, 2, 4, 8, 16, 32)
# Beyond so many numbers in all stacked weights, large products take the time and standing side by side gains nothing.
MAX_STACKED = 200_000


def width_for(spec: ExperimentSpec) -> int:
    """For how many seeds at a time a spec's program is made; 1 where layers or optimiser cannot be stacked."""
    if not stackable(spec) or not spec.training.optimizer.side_by_side or spec.training.pretraining:
        return 1
    most = max([width for width in WIDTHS if width * spec.parameter_count <= MAX_STACKED], default=1)
    groups = -(-len(spec.seeds) // most)
    needed = -(-len(spec.seeds) // groups)
    return next(width for width in WIDTHS if width >= needed)


def groups_of(seeds: tuple[int, ...], width: int) -> list[tuple[int, ...]]:
    """The seeds in groups of `width`, in order; the last may be smaller."""
    return [seeds[begin : begin + width] for begin in range(0, len(seeds), width)]


def probe_width(spec: ExperimentSpec) -> int:
    """How many looks at a spec's network are had side by side: the fewer, the larger it is."""
    return max(1, min(MAX_PROBE_WIDTH, MAX_STACKED // spec.parameter_count)) if stackable(spec) else 1


def keeps_gradients(spec: ExperimentSpec, width: int) -> bool:
    """Whether a program for so many seeds leaves gradients behind, rather than measuring them itself."""
    return _gradient_numbers(spec, width) <= MAX_TRACED_NUMBERS


def traced_numbers(spec: ExperimentSpec, width: int) -> int:
    """How many numbers an epoch leaves behind."""
    gradients = _gradient_numbers(spec, width) if keeps_gradients(spec, width) else 0
    return width * spec.parameter_count + gradients


def block_for(spec: ExperimentSpec, width: int) -> int:
    """How many epochs one call of the program trains at most."""
    fits = MAX_TRACED_NUMBERS // max(1, traced_numbers(spec, width))
    return max(1, min(MAX_PROBE_WIDTH, MAX_BLOCK_EPOCHS // width, fits))


def stackable(spec: ExperimentSpec) -> bool:
    """Whether several of its networks can stand side by side, each with weights of its own."""
    return all(layer.spec.side_by_side for layer in spec.layers) and spec.parameter_count > 0


def compiles_probe(spec: ExperimentSpec) -> bool:
    """Whether the program that looks at a network's layers is worth compiling.

    Layers that cannot stand side by side have loops over time or large sums, which XLA makes much quicker. But a look
    that no training follows is over before it would have been compiled.
    """
    return not stackable(spec) and spec.training.epochs > 0


def _gradient_numbers(spec: ExperimentSpec, width: int) -> int:
    batches: int = -(-spec.dataset.train_count // spec.training.batch_size)
    return batches * width * spec.parameter_count
