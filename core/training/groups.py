"""Which seeds train side by side."""

from core.spec import ExperimentSpec

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
