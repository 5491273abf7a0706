"""From the runs of a trial to what it has shown."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from core.datasets import DatasetSpec
from core.diagnosis import Diagnosis, Run, diagnose
from core.diagnosis.evidence import Recorded, arriving, middle
from core.diagnosis.facts import facts
from core.diagnosis.learnable import known_to_linear_model
from core.diagnosis.outcome import LEAST_REACHABLE
from core.metrics import BY_KIND
from core.spec import ExperimentSpec
from core.trials.trial import Flow, Result, SeedResult

# Epochs over which the test metric's median is taken: single ones swing.
RECENT = 5
SCALE_FREE = ("accuracy", "r2_score")


def result(spec: ExperimentSpec, runs: Sequence[Run], seconds: float | None) -> Result:
    """What a trial has shown.

    Args:
        spec: what was trained.
        runs: its seeds' runs, from epoch 0 on.
        seconds: how long it took, if that was taken.
    """
    found = diagnose(spec, runs)
    failing = {seed for finding in found.findings if finding.kind == "failure" for seed in finding.seeds}
    by_seed = {run.seed: run for run in runs}
    seeds = tuple(
        SeedResult(each.seed, each.outcome, each.outcome == "learns" and each.seed not in failing, test)
        for each in found.outcomes
        for test in [_test(spec, by_seed.get(each.seed))]
    )
    epochs = sum(run.history.last_epoch for run in runs if len(run.history))
    return Result(
        verdict=found.verdict,
        root_cause=found.root_cause,
        remedies=advised(found),
        seeds=seeds,
        flow=flow(runs),
        seconds=seconds,
        epochs=epochs,
        known=_known(spec),
        constant=_constant(spec),
    )


def advised(found: Diagnosis) -> tuple[str, ...]:
    """The remedies of a diagnosis, best first: the root cause's, then those of what follows from it, then the rest."""
    behind = _chain(found)
    serious = [each for each in found.findings if each.severity != "info" or each.rule == found.root_cause]
    ordered = sorted(serious, key=lambda each: (each.rule != found.root_cause, each.rule not in behind))
    return tuple(dict.fromkeys(name for finding in ordered for name in finding.remedies))


def _chain(found: Diagnosis) -> set[str]:
    """The root cause and all that follows from it, directly or not."""
    chain = {found.root_cause} if found.root_cause else set()
    for finding in found.findings:  # causes come before their consequences
        if chain & {*finding.caused_by}:
            chain.add(finding.rule)
    return chain


def criterion(spec: ExperimentSpec) -> tuple[str, bool]:
    """The name of the metric on test samples that trials are compared by, and whether higher is better.

    One that does not depend on the scale of the targets where there is one: a remedy may scale them.
    """
    names = spec.metric_names
    name = next((each for each in SCALE_FREE if each in names), next(iter(names), "loss"))
    return f"val_{name}", name in BY_KIND and BY_KIND[name].higher_is_better


def _constant(spec: ExperimentSpec) -> float | None:
    """What always saying the same reaches in the test metric, where it is free of scale."""
    if criterion(spec)[0].removeprefix("val_") not in SCALE_FREE:
        return None
    return 0.0 if spec.dataset.target.kind == "values" else facts(spec).constant_accuracy


def _known(spec: ExperimentSpec) -> float | None:
    """What the nearest neighbours or a linear model reach, whichever more, in the test metric.

    None where neither knows anything, or the metric is not free of scale.
    """
    constant, share = _constant(spec), float(np.fmax(facts(spec).reachable, _linearly(spec.dataset)))
    if constant is None or not share >= LEAST_REACHABLE:
        return None
    return constant + share * (1 - constant)


@lru_cache(maxsize=32)
def _linearly(dataset: DatasetSpec) -> float:
    return known_to_linear_model(dataset.load(), dataset.target)


def _test(spec: ExperimentSpec, run: Run | None) -> float | None:
    values = run.metric(criterion(spec)[0]) if run else None
    return None if values is None else _finite(middle(values[-RECENT:]))


def flow(runs: Iterable[Run]) -> Flow:
    """How the signal passed back through the networks."""
    signals = [found for run in runs if (found := run.series("signals", "rms")) is not None]
    shares = [found for run in runs if (found := arriving(run)) is not None]
    ratios = [found for run in runs if (found := _gradient_ratio(run)) is not None]
    if not signals:
        return Flow((), (), (), _over_seeds(shares), _over_seeds(ratios))
    initial = [found.initially for found in signals if found.initially is not None]
    return Flow(
        layers=signals[0].layers,
        initially=_each(initial, len(signals[0].tensors)),
        trained=_each([_over_epochs(found) for found in signals], len(signals[0].tensors)),
        arriving=_over_seeds(shares),
        gradient_ratio=_over_seeds(ratios),
    )


def _gradient_ratio(run: Run) -> Recorded | None:
    found = run.kernels("gradients", "l2")
    if found is None or len(found.tensors) < 2:
        return None
    with np.errstate(all="ignore"):
        ratio = np.where(found.values[:, -1] > 0, found.values[:, 0] / found.values[:, -1], np.nan)
    return Recorded(found.epochs, found.tensors[:1], ratio[:, None])


def _over_epochs(found: Recorded) -> np.ndarray:
    """(tensors,) the median of each over the recorded epochs."""
    return np.array([middle(column) for column in found.values.T])


def _over_seeds(found: Sequence[Recorded]) -> float | None:
    return _finite(middle(np.array([middle(each.values) for each in found])))


def _each(rows: Sequence[np.ndarray], tensors: int) -> tuple[float | None, ...]:
    if not rows:
        return (None,) * tensors
    return tuple(_finite(middle(column)) for column in np.array(rows).T)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
