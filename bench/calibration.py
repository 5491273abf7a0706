"""Fit the shipped numbers of `core.plan.calibration` to what `python -m bench.estimates --save FILE` measured.

    python -m bench.calibration FILE [FILE ...]

Prints START, GROUP and EPOCH: seconds for each count, none negative, so that measured and fitted times differ by as
small a share as possible, outliers apart (least absolute shares, by reweighted least squares). What few of the measured
trainings do much of is held by PRIORS: what it takes by itself.
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

# Seconds for each count, in products of large matrices, long scans and large updates measured by themselves.
PRIORS = {
    "products": 4e-11,
    "convolutions": 6e-11,
    "values": 1e-9,
    "pooled": 3e-9,
    "drawn": 1e-8,
    "update_layers": 1e-6,
    "update_numbers": 3e-10,
    "gradient_statistics": 1e-9,
    "boundary": 1e-9,
    "look_products": 5e-11,
    "look_values": 2e-8,
    "histograms": 1.5e-8,
    "steps": 1e-5,
    "weight_statistics": 2e-8,
}
START_PRIORS = {"look_products": 5e-11, "look_values": 3e-9, "dataset": 2e-8, "look_steps": 1e-3}
# Each prior weighs as much as so many trainings of a second.
PRIOR_WEIGHT = 0.5
# Shorter times are as good as equal, in seconds.
MIN_START, MIN_REST = 0.3, 0.15
ROUNDS = 40


def main() -> None:
    """Print the fitted numbers."""
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
    """Without the epochs of pretraining, which cost what epochs cost."""
    return {name: count for name, count in counts.items() if not name.startswith(PRETRAINED)}


def _rest(row: dict[str, Any], group: Counts, epoch: Counts) -> Counts:
    groups = {f"group {name}": count * (row["groups"] - 1) for name, count in _own(group).items()}
    return groups | {f"epoch {name}": count * row["epochs"] for name, count in epoch.items()}


def fitted(work: Sequence[Counts], seconds: Sequence[float], least: float, priors: Counts) -> dict[str, float]:
    """Seconds for each count, three digits; counts that cost nothing are left out."""
    names = sorted({name for counts in work for name in counts})
    x = np.array([[counts.get(name, 0.0) for name in names] for counts in work])
    y = np.maximum(np.array(seconds), 0.0)
    weight = 1 / np.maximum(y, least)
    known = [names.index(name) for name in priors if name in names]
    held = np.zeros((len(known), len(names)))
    held[range(len(known)), known] = [PRIOR_WEIGHT / priors[names[place]] for place in known]
    scale = np.maximum(x.max(axis=0), 1e-30)
    found, share = np.zeros(len(names)), weight
    for _ in range(ROUNDS):
        system = np.concatenate([x * share[:, None], held]) / scale
        found = nnls(system, np.concatenate([y * share, np.full(len(known), PRIOR_WEIGHT)]))[0] / scale
        share = weight / np.sqrt(np.abs(x @ found - y) * weight + 0.05)
    return {name: float(f"{each:.3g}") for name, each in zip(names, found, strict=True) if each > 0}


if __name__ == "__main__":
    main()
