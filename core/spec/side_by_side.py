"""What the engine and its estimate must agree on: which seeds train side by side, and how much is done at a time."""

from core.spec.experiment import ExperimentSpec

# The probe batch: enough to tell a dead unit from a rarely active one, and little beside an epoch.
PROBE_SAMPLES = 128
# Epoch 0 looks at so many training samples at most, all at once.
MOST_INITIAL_SAMPLES = 4096
# One call of the program trains so many epochs at most: the orders of samples go in and the series come out, neither
# should take more than some tens of megabytes.
MOST_CHUNK_EPOCHS, MOST_ORDER_ENTRIES, MOST_SERIES_NUMBERS = 512, 4_000_000, 8_000_000

# Programs are compiled for these numbers of seeds: a group that is smaller is filled up, so that few different ones
# are ever compiled.
WIDTHS = (1, 2, 4, 8, 16, 32)
# Beyond so many numbers in all stacked weights, large products take the time and standing side by side gains nothing.
MOST_STACKED = 200_000


def width_for(spec: ExperimentSpec) -> int:
    """For how many seeds at a time a spec's program is made; 1 where layers or optimiser cannot be stacked."""
    stackable = all(layer.spec.side_by_side for layer in spec.layers) and spec.training.optimizer.side_by_side
    if not stackable or spec.training.pretraining:
        return 1
    most = max([width for width in WIDTHS if width * spec.parameter_count <= MOST_STACKED], default=1)
    groups = -(-len(spec.seeds) // most)
    needed = -(-len(spec.seeds) // groups)
    return next(width for width in WIDTHS if width >= needed)


def groups_of(seeds: tuple[int, ...], width: int) -> list[tuple[int, ...]]:
    """The seeds in groups of `width`, in order; the last may be smaller."""
    return [seeds[begin : begin + width] for begin in range(0, len(seeds), width)]
