"""Datasets of the clinic, by shape: datasets of one shape share a network and its compiled program."""

from collections.abc import Iterable
from typing import Any

from bench.clinic.changes import Fields


def data(*kinds: str, **shared: Any) -> dict[str, Fields]:
    """Return datasets with the same fields: kind -> fields."""
    return {kind: {"kind": kind, **shared} for kind in kinds}


HALF = {"scale": "standard"}

# Two numbers, two classes.
PLANE = data("circles", "moons", "xor", "spirals", "blobs", samples=800, train_size=400, scale=(-1, 1))
PLANE["circles"] |= {"factor": 0.4}
PLANE["spirals"] |= {"noise": 0.05, "turns": 0.6}
PLANE["blobs"] |= {"centers": 2, "seed": 3}
PLANE["gaussian_quantiles"] = {"kind": "gaussian_quantiles", "classes": 2, "samples": 800, "train_size": 400}
PLANE["classification"] = {
    "kind": "classification", "features": 2, "redundant": 0, "class_sep": 1.5, "samples": 800, "train_size": 400,
}  # fmt: skip
# The same with noise, to which a network can overfit.
NOISY = tuple(
    {**each, "seed": seed}
    for seed in (5, 6, 7, 8)
    for each in (
        {**PLANE["circles"], "noise": 0.3},
        {**PLANE["moons"], "noise": 0.4},
        {**PLANE["xor"], "noise": 0.4},
        {**PLANE["classification"], "flip_y": 0.2},
    )
)

# Ten numbers, two classes.
TEN = data("hastie_10_2", "gaussian_quantiles", "blobs", "classification", samples=1500, train_size=1000, **HALF)
TEN["gaussian_quantiles"] |= {"features": 10, "classes": 2}
TEN["blobs"] |= {"features": 10, "centers": 2, "cluster_std": 4.0}
TEN["classification"] |= {"features": 10, "informative": 4}

# Ten numbers, one value, in the sizes of the diabetes data.
TENTHS = data("friedman", "regression", "sparse_uncorrelated", samples=442, train_size=300, **HALF)
TENTHS["diabetes"] = {"kind": "diabetes", "train_size": 300, **HALF}
TENTHS["friedman"] |= {"noise": 0.5}
TENTHS["regression"] |= {"informative": 5, "noise": 5.0}
for _each in TENTHS.values():
    _each["target_scale"] = "standard"

ROLLS = data("swiss_roll", "s_curve", samples=800, train_size=500, target_scale="standard", **HALF)
FLOWERS = {
    "iris": {"kind": "iris", "train_size": 100, **HALF},
    "blobs": {"kind": "blobs", "features": 4, "samples": 150, "train_size": 100, "cluster_std": 2.0, **HALF},
}
WINES = {
    "wine": {"kind": "wine", "train_size": 120, **HALF},
    "classification": {
        "kind": "classification", "features": 13, "informative": 4, "classes": 3, "clusters_per_class": 1,
        "class_sep": 2.0, "samples": 178, "train_size": 120, **HALF,
    },
}  # fmt: skip
TUMOURS = {
    "breast_cancer": {"kind": "breast_cancer", "train_size": 400, **HALF},
    "classification": {
        "kind": "classification", "features": 30, "informative": 6, "class_sep": 2.0, "samples": 569,
        "train_size": 400, **HALF,
    },
}  # fmt: skip
DIGITS = tuple({"kind": "digits", "scale": (0, 1), "train_size": 600, "seed": seed} for seed in (0, 1))
IMAGES = tuple({**each, "form": "image"} for each in DIGITS)
ROWS = tuple({**each, "form": "rows"} for each in DIGITS)
LABELS = tuple(
    {"kind": "multilabel", "samples": 1000, "train_size": 600, "labels": 4, "seed": seed, **HALF} for seed in (0, 1)
)
EXERCISES = ({"kind": "linnerud", "train_size": 15, "target_scale": "standard", **HALF},)
WAVES = tuple({"kind": "sine", "length": 12, "samples": 500, "train_size": 300, "seed": seed} for seed in (0, 1))
SUMS = tuple({"kind": "adding", "length": 20, "samples": 900, "train_size": 700, "seed": seed} for seed in range(8))
SHORT_SUMS = ({"kind": "adding", "length": 8, "samples": 700, "train_size": 500},)
COPY = {"kind": "copy_memory", "symbols": 2, "alphabet": 3, "length": 6, "samples": 400, "train_size": 300}


def draws(kind: str, seeds: Iterable[int] = (0, 1), /, **fields: Any) -> tuple[Fields, ...]:
    """Return a dataset with several seeds."""
    return tuple({"kind": kind, "seed": seed, **fields} for seed in seeds)


# Datasets of the third set: kinds that occur in neither half.
BOARDS = draws("checkerboard", squares=3, samples=1500, train_size=1000)
ROUGH_BOARDS = draws("checkerboard", range(2, 6), squares=3, samples=800, train_size=400, noise=0.1)
SURFACES = draws("franke", noise=0.03, samples=800, train_size=500, target_scale="standard", **HALF)
LINES = draws("bars", size=6, noise=0.2, samples=900, train_size=600, scale=(-1, 1))
PICTURES = tuple({**each, "form": "image"} for each in LINES)
SEQUENCES = draws("temporal_order", length=20, samples=1200, train_size=900)
LONG_SEQUENCES = tuple({**each, "length": 40} for each in SEQUENCES)
SERIES = draws("mackey_glass", length=20, samples=600, train_size=400)


def of(datasets: dict[str, Fields], *kinds: str) -> tuple[Fields, ...]:
    """Return the datasets of some kinds, or all."""
    return tuple(datasets[kind] for kind in kinds or datasets)
