"""Faults of samples that break trainings: leaks, repeated samples, rare classes, numbers that are not finite."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from gradlab.facts.model import DataFaults, Leak
from gradlab.vocabulary.targets import Target

Array = np.ndarray
# Numbers of a piece of the inputs: 1 MB, which stays in a core's cache.
PIECE = 2**17
# Samples from which leaks are read, spread evenly over all of them, and numbers in them: 32 MB as float64.
MAX_SAMPLES, MAX_NUMBERS = 4_096, 4_000_000
# Fewer samples of a class may share a value of a feature by chance.
MIN_PER_CLASS = 10
# Correlation from which a feature determines the target: what it leaves unexplained is 0.14 % of the target's standard
# deviation, √(2·1e-6). Rounding to float32 leaves 1e-7 of it; no measurement of anything is that exact.
LEAKING = 1 - 1e-6
# Features whose order is compared with the target's, each by a sort.
MAX_ORDERED = 256
# Numbers that are hashed, 0.15 s of a core as float32 in rows; of more samples none is compared.
MAX_HASHED = 10**8
# A feature with at most so many values is discrete: samples of such features repeat by nature.
MAX_DISCRETE, DISCRETE_SAMPLES = 20, 1_000
# Odd constants of splitmix64 (Steele, Lea & Flood 2014), and its golden gamma.
GAMMA, FIRST, SECOND = (np.uint64(each) for each in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def faults_of(
    x: Array,
    y: Array | None,
    val_x: Array | None,
    val_y: Array | None,
    *,
    target: Target | None,
    raw_y: Array | None = None,
    names: Sequence[str] = (),
) -> DataFaults:
    """Return the faults of samples.

    Args:
        x: (samples, features) inputs of the training samples.
        y: their targets, classes as (samples, *steps) numbers from 0; None if they are unknown.
        val_x, val_y: those of the validation samples; None if there are none.
        target: the form of the targets; None if it is unknown.
        raw_y: the targets before they were brought into this form.
        names: names of the features.
    """
    fields: dict[str, object] = {
        "nonfinite_inputs": nonfinite_share(x),
        "nonfinite_targets": None if raw_y is None else nonfinite_share(np.asarray(raw_y).reshape(len(x), -1)),
    }
    if val_x is not None and len(val_x) and (x.size + val_x.size) <= MAX_HASHED:
        fields |= _repeated(x, val_x.astype(x.dtype, copy=False))
    if y is None or target is None or target.steps:
        return DataFaults.model_validate(fields)
    leaks = leaks_of(x, y, target, names)
    fields |= {"leak": leaks[0] if leaks else None, "leaks": len(leaks)}
    if target.kind == "classes":
        counts = np.bincount(y.reshape(-1), minlength=target.count)
        fields["rarest_class"], fields["absent_classes"] = _rarest(counts), int((counts == 0).sum())
        fields["first_class_absent"] = bool(counts[0] == 0 and (counts[1:] > 0).all())
        if val_y is not None and len(val_y):
            fields["class_distance"] = class_distance(counts, np.bincount(val_y.reshape(-1), minlength=target.count))
    return DataFaults.model_validate(fields)


def nonfinite_share(x: Array) -> float:
    """Return the share of samples with a NaN or an infinity, of (samples, features) numbers."""
    if x.dtype.kind not in "fc" or not len(x):
        return 0.0
    count = sum(int(piece.size > 0 and not np.isfinite(piece.sum()) and _bad_rows(piece)) for piece in _pieces(x))
    return count / len(x)


def _bad_rows(piece: Array) -> int:
    """The number of rows with a number that is not finite: read only where the sum of a piece is none."""
    return int((~np.isfinite(piece)).any(axis=1).sum())


def _pieces(x: Array) -> Iterator[Array]:
    rows = max(1, PIECE * len(x) // max(1, x.size))
    for start in range(0, len(x), rows):
        yield x[start : start + rows]


def _rarest(counts: Array) -> int:
    """The number of samples of the rarest class that has any."""
    return int(counts[counts > 0].min()) if counts.any() else 0


def class_distance(counts: Array, val_counts: Array) -> float:
    """Return the total variation distance of two distributions of classes, in [0, 1]; NaN where one has no sample."""
    size = max(len(counts), len(val_counts))
    one, other = (np.pad(each, (0, size - len(each))) / max(1, each.sum()) for each in (counts, val_counts))
    return float(np.abs(one - other).sum() / 2) if counts.any() and val_counts.any() else float("nan")


# Repeated samples.


def row_hashes(parts: Sequence[Array]) -> Array:
    """(rows,) 64-bit hashes of the rows of several arrays with equally many rows.

    Words of eight bytes are mixed by splitmix64 with their place, and added. Two different rows have one hash with a
    chance of 2⁻⁶⁴; of 10⁶ rows any two have with 3·10⁻⁸. 0 and −0 are one number.
    """
    hashes, place = np.zeros(len(parts[0]), np.uint64), 0
    for part in parts:
        start = 0
        for piece in _pieces(part.reshape(len(part), math.prod(part.shape[1:]))):
            words = _words(piece)
            hashes[start : start + len(piece)] += _mixed(words, place)
            start, width = start + len(piece), words.shape[1]
        place += width if len(part) else 0
    return hashes


def _words(piece: Array) -> Array:
    """The rows of a piece as unsigned integers of eight bytes."""
    piece = piece + piece.dtype.type(0) if piece.dtype.kind == "f" else piece  # turns −0 into 0
    bytes_of = np.ascontiguousarray(piece).view(np.uint8).reshape(len(piece), -1)
    padding = -bytes_of.shape[1] % 8
    return np.ascontiguousarray(np.pad(bytes_of, ((0, 0), (0, padding))) if padding else bytes_of).view(np.uint64)


def _mixed(words: Array, place: int) -> Array:
    """(rows,) the sum of each row's words, each mixed with its place."""
    mixed = words + (np.arange(place + 1, place + 1 + words.shape[1], dtype=np.uint64) * GAMMA)
    for shift, factor in ((30, FIRST), (27, SECOND)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= factor
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(mixed.sum(axis=1, dtype=np.uint64))


def _repeated(x: Array, val_x: Array) -> dict[str, object]:
    hashes, own = row_hashes([val_x]), row_hashes([x])
    return {
        "repeated": float(np.isin(hashes, own).mean()),
        "repeated_in_training": 1 - len(np.unique(own)) / len(own),
        "discrete": is_discrete(x),
    }


def is_discrete(x: Array) -> bool:
    """True if each feature has at most 20 values among the first 1,000 samples; of many features 256 are read."""
    step = max(1, x.shape[1] // MAX_ORDERED)
    first = np.sort(x[:DISCRETE_SAMPLES, ::step], axis=0)
    return bool(((first[1:] != first[:-1]).sum(axis=0) < MAX_DISCRETE).all())


# Leaks.


def leaks_of(x: Array, y: Array, target: Target, names: Sequence[str] = ()) -> list[Leak]:
    """Return the features of which one alone determines the target, exact ones first; [] if every feature does.

    Where each one does, as where there is one, the data are made so.

    Args:
        x: (samples, features) inputs.
        y: the targets, classes as (samples,) numbers from 0, else (samples, count).
        target: their form.
        names: names of the features.
    """
    samples = min(MAX_SAMPLES, MAX_NUMBERS // max(1, x.shape[1]))
    step = max(1, -(-len(x) // max(1, samples)))
    x, y = x[::step].astype(np.float64), y[::step]
    if x.shape[1] < 2 or len(x) < 2 * MIN_PER_CLASS or (y.size == x.size and np.array_equal(y.reshape(x.shape), x)):
        return []
    with np.errstate(all="ignore"):
        forms = _of_values(x, y.reshape(len(y), -1)) if target.kind == "values" else _of_classes(x, y, target)
    if len(forms) >= int((x != x[0]).any(axis=0).sum()):
        return []
    named = len(names) == x.shape[1]
    return [
        Leak(feature=feature, name=str(names[feature])[:200] if named else None, form=form)  # type: ignore[arg-type]
        for feature, form in forms.items()
    ]


def _of_values(x: Array, y: Array) -> dict[int, str]:
    forms: dict[int, str] = {}
    standard = [(each - each.mean(axis=0)) / each.std(axis=0) for each in (x, y.astype(np.float64))]
    correlated = np.abs(standard[0].T @ standard[1] / len(x)) >= LEAKING  # (features, values)
    for feature, value in zip(*np.nonzero(correlated), strict=True):
        equal = np.array_equal(x[:, feature].astype(y.dtype), y[:, value])
        forms.setdefault(int(feature), "equal" if equal else "linear")
    if x.shape[1] <= MAX_ORDERED:
        for value in range(min(y.shape[1], MAX_ORDERED // x.shape[1])):
            for feature in _ordered(x, y[:, value]):
                forms.setdefault(int(feature), "monotone")
    return dict(sorted(forms.items(), key=lambda each: ("equal", "linear", "monotone").index(each[1])))


def _ordered(x: Array, y: Array) -> Array:
    """The features that only rise, or only fall, with the target, as if each were a function of the other."""
    steps = np.diff(x[np.argsort(y, kind="stable")], axis=0)
    many = (steps != 0).mean(axis=0) > 0.5
    if not len(np.unique(y)) > len(y) / 2:
        return np.empty(0, np.int64)
    return np.flatnonzero(many & ((steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)))


def _of_classes(x: Array, y: Array, target: Target) -> dict[int, str]:
    """Features with one value in each class, and not the same one in all."""
    forms: dict[int, str] = {}
    for own in [y.reshape(-1)] if target.kind == "classes" else list(y.reshape(len(y), -1).T.astype(np.int64)):
        present, counts = np.unique(own, return_counts=True)
        if len(present) < 2 or len(own) < MIN_PER_CLASS * len(present) or counts.min() < 2:
            continue
        rows = [x[own == each] for each in present]
        low, high = (np.stack([reduce(each, axis=0) for each in rows]) for reduce in (np.min, np.max))
        leaking = (low == high).all(axis=0) & (low != low[0]).any(axis=0)
        for feature in np.flatnonzero(leaking):
            equal = np.array_equal(low[:, feature], present)
            forms.setdefault(int(feature), "equal" if equal else "one_to_one")
    return forms
