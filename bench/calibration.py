"""Fit the constants of `core.plan.calibration` to measurements of `python -m bench.estimates --save FILE`.

    python -m bench.calibration FILE [FILE ...]

Prints START, GROUP and EPOCH: seconds for each count, none negative. The fit minimises the relative deviation of fitted
from measured times, in absolute value, so that outliers weigh little (by reweighted least squares). For operations that
few of the measured trainings contain, PRIORS holds the time of the operation by itself.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from pprint import pprint
from typing import Any

import numpy as np
from scipy.optimize import nnls

from core.plan.cost import PRETRAINED, Counts, epoch_counts, group_counts, start_counts
from gradlab.spec.experiment import parse

# Seconds for each count, measured separately: products of large matrices, long scans, large updates.
PRIORS = {
    "products": 4e-11,
    "convolutions": 6e-11,
    "plain_convolutions": 2e-11,
    "values": 1e-9,
    "pooled": 1e-9,
    "drawn": 4e-9,
    "update_layers": 1e-6,
    "update_numbers": 3e-10,
    "gradient_statistics": 6e-10,
    "boundary": 1e-9,
    "look_products": 5e-11,
    "look_values": 2e-8,
    "histograms": 1.8e-9,
    "steps": 1e-5,
    "weight_statistics": 2e-9,
}
START_PRIORS = {"look_products": 5e-11, "look_values": 3e-9, "dataset": 2e-8, "look_steps": 1e-3}
# The weight of a prior, in trainings of one second.
PRIOR_WEIGHT = 0.5
# In seconds. Below these times, differences are weighted as absolute instead of relative.
MIN_START, MIN_REST = 0.3, 0.15
ROUNDS = 40


def main() -> None:
    """Print the fitted constants."""
    rows = [json.loads(line) for name in sys.argv[1:] for line in Path(name).read_text().splitlines()]
    specs = [parse(row["spec"]) for row in rows]
    starts = fitted(
        [_own(start_counts(spec)) for spec in specs], [row["busy_start"] for row in rows], MIN_START, START_PRIORS
    )
    trained = [(row, spec) for row, spec in zip(rows, specs, strict=True) if row["epochs"] and not row["nonfinite"]]
    rests = fitted(
        [_rest(row, group_counts(spec), epoch_counts(spec)) for row, spec in trained],
        [row["busy"] - row["busy_start"] for row, _ in trained],
        MIN_REST,
        {f"epoch {name}": seconds for name, seconds in PRIORS.items()},
    )
    pprint({"START": starts}, sort_dicts=False)
    for part in ("group", "epoch"):
        own = {name.removeprefix(f"{part} "): seconds for name, seconds in rests.items() if name.startswith(f"{part} ")}
        pprint({part.upper(): own}, sort_dicts=False)


def _own(counts: Counts) -> Counts:
    """Return the counts without those of pre-training epochs, which cost the same as other epochs."""
    return {name: count for name, count in counts.items() if not name.startswith(PRETRAINED)}


def _rest(row: dict[str, Any], group: Counts, epoch: Counts) -> Counts:
    groups = {f"group {name}": count * (row["groups"] - 1) for name, count in _own(group).items()}
    return groups | {f"epoch {name}": count * row["epochs"] for name, count in epoch.items()}


def fitted(work: Sequence[Counts], seconds: Sequence[float], shortest: float, priors: Counts) -> dict[str, float]:
    """Fit seconds for each count, to three digits; counts with a fit of 0 are left out.

    Args:
        work: the counts of each training.
        seconds: the time of each training.
        shortest: times below this, in seconds, are weighted like this one.
        priors: seconds for some counts, measured separately.
    """
    names = sorted({name for counts in work for name in counts})
    x = np.array([[counts.get(name, 0.0) for name in names] for counts in work])
    y = np.maximum(np.array(seconds), 0.0)
    weight = 1 / np.maximum(y, shortest)
    with_prior = [names.index(name) for name in priors if name in names]
    prior_rows = np.zeros((len(with_prior), len(names)))
    prior_rows[range(len(with_prior)), with_prior] = [PRIOR_WEIGHT / priors[names[place]] for place in with_prior]
    scale = np.maximum(x.max(axis=0), 1e-30)
    fit, share = np.zeros(len(names)), weight
    for _ in range(ROUNDS):
        system = np.concatenate([x * share[:, None], prior_rows]) / scale
        fit = nnls(system, np.concatenate([y * share, np.full(len(with_prior), PRIOR_WEIGHT)]))[0] / scale
        share = weight / np.sqrt(np.abs(x @ fit - y) * weight + 0.05)
    return {name: float(f"{each:.3g}") for name, each in zip(names, fit, strict=True) if each > 0}


if __name__ == "__main__":
    main()
