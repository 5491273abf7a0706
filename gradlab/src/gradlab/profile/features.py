"""Preparation of features: which need scaling, filling or encoding, by their numbers."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from gradlab.profile.columns import Column
from gradlab.profile.model import PreparationProposal, Step

# Categories that get a unit each; more would make the first layer larger than what is learnt from them.
MAX_ONE_HOT = 50
# Rows from which the shape of a distribution is read, spread evenly over the table: the standard error of a normal
# sample's skewness is √(6/n), 0.02.
MAX_SAMPLE, MAX_NUMBERS = 10_000, 1_000_000
# Skewness of an exponential distribution is 2, of a log-normal one with σ = 1 it is 6.2. Beyond 3 few samples decide
# the mean and the standard deviation by which the others are scaled.
MAX_SKEWNESS = 3.0
MAX_PIXEL = 255.0
# Standard deviation of targets beyond which plain gradient descent left the finite numbers, as measured for the rule
# `target_range`; and its inverse.
TARGET_SCALE = 20.0
STANDARD = "Initialisers and learning rates are made for mean 0 and standard deviation 1."
Each = Literal["number", "channel", "all"]


def preparation(features: Sequence[Column], targets: Sequence[Column] = ()) -> tuple[PreparationProposal, ...]:
    """Return the steps of the proposed preparation, in order; each changes at least one column.

    Args:
        features: the proposed features.
        targets: the target, if it is of values.
    """
    numbers = [each for each in features if each.is_number or each.is_array]
    pixels = [each for each in numbers if is_pixels(each)]
    binary = [each for each in numbers if _is_binary(each)]
    scaled = [each for each in numbers if each not in pixels and each not in binary]
    tailed = [each for each in scaled if is_heavy_tailed(each)]
    categories = [each for each in features if each.profile.type == "category"]
    few = [each for each in categories if (each.profile.distinct or 0) <= MAX_ONE_HOT]
    many = [each for each in categories if each not in few]
    missing = [each for each in features if each.profile.missing]
    images = [each for each in scaled if len(each.profile.shape) > 1]
    whole = [each for each in scaled if each.is_array and each not in images and each.values.dtype.kind in "iu"]
    scaled = [each for each in scaled if each not in images and each not in whole]
    large = [each for each in targets if is_far_from_one(each)]
    steps: tuple[tuple[Step, Each, list[Column], str], ...] = (
        ("impute", "number", missing, "Values are missing: a NaN makes every weight NaN."),
        (
            "log",
            "number",
            tailed,
            f"A few values are far larger than the others: the skewness is above {MAX_SKEWNESS:g}.",
        ),
        ("standardise", "number", scaled, STANDARD),
        ("standardise", "number", whole, f"{STANDARD} Tokens, for an embedding, stay as they are."),
        ("standardise", "channel", images, STANDARD),
        (
            "standardise",
            "number",
            large,
            "A network's output begins near 1, and learning rates are made for its errors.",
        ),
        ("min_max", "all", pixels, "Pixels from 0 to 255: a constant range keeps zeros, and their relative size."),
        ("one_hot", "number", few, f"Categories without an order, at most {MAX_ONE_HOT} in a column."),
        ("ordinal", "number", many, f"More than {MAX_ONE_HOT} categories: their numbers, for an embedding."),
    )
    return tuple(
        PreparationProposal(step=step, each=each, columns=tuple(column.name for column in columns), reason=reason)
        for step, each, columns, reason in steps
        if columns
    )


def is_far_from_one(column: Column) -> bool:
    """True for numbers with a standard deviation far above or below 1."""
    std = column.profile.std or 0.0
    return std > 0 and not 1 / TARGET_SCALE <= std <= TARGET_SCALE


def is_pixels(column: Column) -> bool:
    """True for raw pixels: integers from 0 to nearly 255 in an array or, as uint8, in a column."""
    profile = column.profile
    if profile.minimum is None or profile.maximum is None or not (column.is_array or profile.dtype == "uint8"):
        return False
    if not (profile.minimum >= 0 and MAX_PIXEL / 2 < profile.maximum <= MAX_PIXEL):
        return False
    return profile.dtype == "uint8" or bool((sample_of(column) == np.floor(sample_of(column))).all())


def is_heavy_tailed(column: Column) -> bool:
    """True if a logarithm more than halves the skewness of values without a sign."""
    if column.is_array or column.profile.minimum is None or column.profile.minimum < 0:
        return False
    sample = sample_of(column)
    skew = skewness(sample)
    return skew > MAX_SKEWNESS and abs(skewness(np.log1p(sample))) < skew / 2


def skewness(sample: np.ndarray) -> float:
    """Return the third standardised moment of the finite values; 0 where they do not differ."""
    finite = sample[np.isfinite(sample)]
    if not len(finite) or not finite.std() > 0:
        return 0.0
    return float((((finite - finite.mean()) / finite.std()) ** 3).mean())


def sample_of(column: Column) -> np.ndarray:
    """Return at most 10,000 rows of a column, and 1,000,000 numbers, spread evenly over it, as float64."""
    rows = max(1, min(MAX_SAMPLE, MAX_NUMBERS // max(1, math.prod(column.profile.shape))))
    step = max(1, -(-len(column.values) // rows))
    return np.asarray(column.values[::step], np.float64)


def is_identifier(column: Column) -> bool:
    """True for integers or texts that are all different and in order: they number the rows."""
    profile = column.profile
    if profile.type not in ("integer", "category") or profile.missing or profile.rows < 3 or column.is_array:
        return False
    if profile.distinct is not None and profile.distinct < profile.rows:
        return False
    steps = np.diff(column.values)
    return bool((steps == 1).all()) if profile.type == "integer" else bool((steps != 0).all())


def is_ordered(column: Column) -> bool:
    """True if the values never fall; codes of dates are in the order of the texts."""
    # Differences of unsigned bytes would wrap around.
    return bool((column.values[1:] >= column.values[:-1]).all()) and len(column.values) > 1


def _is_binary(column: Column) -> bool:
    return (column.profile.minimum, column.profile.maximum) == (0, 1) and column.profile.distinct == 2
