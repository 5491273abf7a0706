"""Samples of the clinic's cases by the hashes of their names, with every illness and every kind of layer."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from bench.clinic.case import Case

# Cases that a sample has at least of each illness, of healthy ones, and with each kind of layer.
MIN_OF_EACH = 2


def sample(cases: Sequence[Case], size: int) -> list[Case]:
    """Return the cases whose names have the smallest hashes, with every illness and every kind of layer.

    Each illness, healthy cases, and each kind of layer occur at least twice, or as often as in all cases. The cases
    that are needed for that come first, then the others, both in the order of their hashes. A smaller sample is the
    beginning of a larger one.

    Args:
        cases: all cases.
        size: number of cases. Where fewer do not hold every illness and kind of layer, the sample is larger.
    """
    by_hash = sorted(cases, key=hash_of)
    chosen: dict[str, Case] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for case in by_hash:
        groups = _groups(case)
        if any(seen[group] < MIN_OF_EACH for group in groups):
            chosen[case.name] = case
        seen.update(groups)
    for case in by_hash:
        if len(chosen) >= size:
            break
        chosen[case.name] = case
    return list(chosen.values())


def hash_of(case: Case) -> str:
    """Return the SHA-256 of a case's name, in hexadecimal."""
    return sha256(case.name.encode()).hexdigest()


def _groups(case: Case) -> set[tuple[str, str]]:
    """Return what a sample must hold of a case: its illness, and the kinds of its layers."""
    return {("illness", case.illness or "healthy")} | {("layer", layer.spec.kind) for layer in case.spec.layers}
