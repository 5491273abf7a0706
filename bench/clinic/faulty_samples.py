"""The clinic of faults in samples: `python -m bench.clinic --by samples`. Nothing is trained.

The samples of each healthy case get one fault after another, of random strength. Facts are measured of them, and the
rules on samples are asked before the first update. Datasets are in the halves of their families. The third set is left
alone.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.clinic.case import Case, Part
from bench.clinic.report import share
from gradlab.diagnosis import Run
from gradlab.diagnosis.rules import RULES
from gradlab.facts import measure
from gradlab.measurement.history import History
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

Array = np.ndarray
Spoil = Callable[[Dataset, Target, random.Random], Dataset | None]
SAMPLE_RULES = {
    "nonfinite_samples", "constant_features", "target_leak", "repeated_samples", "split_by_class", "rare_class",
    "label_noise",
}  # fmt: skip
# Faults that are told apart need some samples: as few as these are all there are.
MIN_SAMPLES = 100


def gaps(data: Dataset, _: Target, chance: random.Random) -> Dataset:
    """NaN in 0.2 to 5 % of the samples, one at least."""
    x, drawn = data.train_x.astype(np.float64), np.random.default_rng(chance.randrange(2**32))
    rows = drawn.choice(len(x), max(1, int(len(x) * chance.uniform(0.002, 0.05))), replace=False)
    x.reshape(len(x), -1)[rows, drawn.integers(0, x[0].size, len(rows))] = np.nan
    return Dataset(x, data.train_y, data.val_x, data.val_y)


def divided(data: Dataset, _: Target, __: random.Random) -> Dataset:
    """Inputs that a division of integers has made 0."""
    return Dataset(np.zeros_like(data.train_x), data.train_y, np.zeros_like(data.val_x), data.val_y)


def leaking(data: Dataset, target: Target, chance: random.Random) -> Dataset | None:
    """One feature is a linear function of the target."""
    if target.steps or target.kind == "labels" or data.train_x[0].size < 3:
        return None
    place, factor, shift = chance.randrange(data.train_x[0].size), chance.uniform(-5, 5), chance.uniform(-5, 5)
    parts = []
    for x, y in ((data.train_x, data.train_y), (data.val_x, data.val_y)):
        x = x.astype(np.float32).reshape(len(x), -1).copy()
        x[:, place] = shift + factor * y.reshape(len(y), -1)[:, 0]
        parts.append(x)
    return Dataset(parts[0], data.train_y, parts[1], data.val_y)


def repeated(data: Dataset, _: Target, chance: random.Random) -> Dataset:
    """A tenth to a half of the validation samples are training samples."""
    count = max(1, int(len(data.val_x) * chance.uniform(0.1, 0.5)))
    x, y = data.val_x.copy(), data.val_y.copy()
    x[:count], y[:count] = data.train_x[:count], data.train_y[:count]
    return Dataset(data.train_x, data.train_y, x, y)


def sorted_by_class(data: Dataset, target: Target, _: random.Random) -> Dataset | None:
    """All samples in order of class, and as many as before held out at the end."""
    if target.kind != "classes" or target.steps:
        return None
    x, y = np.concatenate([data.train_x, data.val_x]), np.concatenate([data.train_y, data.val_y])
    order, kept = np.argsort(y, kind="stable"), len(y) * 4 // 5
    return Dataset(x[order[:kept]], y[order[:kept]], x[order[kept:]], y[order[kept:]])


def rare(data: Dataset, target: Target, chance: random.Random) -> Dataset | None:
    """One to four training samples of a class are left."""
    if target.kind != "classes" or target.steps:
        return None
    which = chance.randrange(target.count)
    kept = (data.train_y != which) | (np.cumsum(data.train_y == which) <= chance.randint(1, 4))
    return Dataset(data.train_x[kept], data.train_y[kept], data.val_x, data.val_y)


def mislabelled(data: Dataset, target: Target, chance: random.Random) -> Dataset | None:
    """A fifth to a third of the labels are those of another class."""
    if target.kind != "classes" or target.steps:
        return None
    drawn, share, parts = np.random.default_rng(chance.randrange(2**32)), chance.uniform(0.2, 0.33), []
    for y in (data.train_y, data.val_y):
        other = (y + drawn.integers(1, target.count, y.shape)) % target.count
        parts.append(np.where(drawn.random(y.shape) < share, other, y))
    return Dataset(data.train_x, parts[0], data.val_x, parts[1])


# Fault -> what spoils samples, and the rule that names it. Fixed by their meaning.
FAULTS: dict[str, tuple[Spoil, str]] = {
    "gaps": (gaps, "nonfinite_samples"),
    "divided as integers": (divided, "constant_features"),
    "the target among the features": (leaking, "target_leak"),
    "validated on training samples": (repeated, "repeated_samples"),
    "sorted by class": (sorted_by_class, "split_by_class"),
    "a class of few samples": (rare, "rare_class"),
    "wrong labels": (mislabelled, "label_noise"),
}


@dataclass(frozen=True)
class Answer:
    """The rules that see something in samples.

    Attributes:
        part: the half of the dataset's family.
        dataset: the family's name.
        fault: the fault that the samples were given; None for samples as they are.
        named: the rules on samples with a sighting -> its severity.
    """

    part: Part
    dataset: str
    fault: str | None
    named: dict[str, str]


def answers(cases: Sequence[Case]) -> Iterator[Answer]:
    """Yield the answers of each dataset of the healthy cases: as it is, and with each fault that it can have."""
    seen: set[str] = set()
    for case in cases:
        dataset = case.spec.dataset
        key = dataset.model_dump_json()
        if case.illness is not None or case.part == "unseen" or key in seen or dataset.train_count < MIN_SAMPLES:
            continue
        seen.add(key)
        data = dataset.load()
        yield Answer(case.part, case.twin, None, _named(case, data))
        for fault, (spoil, _) in FAULTS.items():
            spoilt = spoil(data, dataset.target, random.Random(f"{case.twin} {fault}"))
            if spoilt is not None:
                yield Answer(case.part, case.twin, fault, _named(case, spoilt))


def _named(case: Case, data: Dataset) -> dict[str, str]:
    spec = case.spec
    facts = measure(data.train_x, data.train_y, data.val_x, data.val_y, target=spec.dataset.target)
    run = Run(
        spec, 0, History(spec.layout, 0, np.full((1, len(spec.layout.metrics)), np.nan, np.float32), {}), facts=facts
    )
    sightings = {rule: rule(run) for rule in RULES if rule.name in SAMPLE_RULES}
    return {rule.name: seen.severity or rule.severity for rule, seen in sightings.items() if seen is not None}


def report(answered: Sequence[Answer]) -> Iterator[str]:
    """Yield the lines of the report: false alarms, and the recall of each fault, in each half."""
    for part in ("tune", "final"):
        of = [each for each in answered if each.part == part]
        well = [each for each in of if each.fault is None]
        alarmed = [each for each in well if {"warning", "critical"} & {*each.named.values()}]
        yield f"{part}: {len(well)} datasets; false alarms: {share([each in alarmed for each in well])}"
        yield from (f"  {each.dataset}: {', '.join(each.named)}" for each in alarmed)
        for fault, (_, rule) in FAULTS.items():
            ill = [each for each in of if each.fault == fault]
            if ill:
                yield f"  {fault:30} {rule:18} {share([rule in each.named for each in ill])}"
