"""From the runs of a trial to what it has shown."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from core.treatment.trial import Result
from gradlab.diagnosis import Diagnosis, Run, diagnose
from gradlab.diagnosis.evidence import Recorded, arriving, middle
from gradlab.diagnosis.outcome import MIN_REACHABLE, RECENT
from gradlab.facts.facts import facts
from gradlab.facts.learnable import linear_model_score
from gradlab.remedies import EITHER_OR, applicable
from gradlab.schemas.trials import Flow, SeedResult
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.metrics import BY_KIND

# So many trials are begun together: enough for a few workers, few enough to stop early.
ROUND = 3
# A recommendation of four changes is another network; a fourth is tried only where three causes stand by themselves.
MAX_TOGETHER = 3
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
        baseline=_baseline(spec),
        constant=_constant(spec),
    )


def advised(found: Diagnosis) -> tuple[str, ...]:
    """The remedies of a diagnosis, best first: the root cause's, then those of what follows from it, then the rest."""
    behind = _chain(found)
    serious = [each for each in found.findings if each.severity != "info" or each.rule == found.root_cause]
    ordered = sorted(serious, key=lambda each: (each.rule != found.root_cause, each.rule not in behind))
    return tuple(dict.fromkeys(name for finding in ordered for name in finding.remedies))


def candidates(found: Diagnosis, spec: ExperimentSpec) -> tuple[tuple[str, ...], ...]:
    """What a treatment tries, in its order: a round of single remedies, a round against all causes at once, the rest.

    Where several things are wrong by themselves, a remedy against one of them leaves the others.
    """
    apply = {each.name for each in applicable(spec)}
    singles = [(name,) for name in advised(found) if name in apply]
    causes = [names for each in _causes(found) if (names := tuple(name for name in each if name in apply))]
    return (*singles[:ROUND], *_joint(causes[:MAX_TOGETHER]), *singles[ROUND:])


def _causes(found: Diagnosis) -> list[tuple[str, ...]]:
    """The remedies of each thing that is wrong by itself, or follows from the root cause alone; the root cause's first.

    A remedy counts where it comes first.
    """
    root = {found.root_cause} - {None}
    serious = [each for each in found.findings if each.severity != "info" or each.rule in root]
    ordered = sorted(serious, key=lambda each: each.rule not in root)
    taken: set[str] = set()
    causes = []
    for finding in ordered:
        own = tuple(name for name in finding.remedies if name not in taken)
        stands_alone = {*finding.caused_by} <= root and finding.kind != "failure"
        if own and (finding.rule in root or stands_alone):
            causes.append(own)
            taken |= {*own}
    return causes


def _joint(causes: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A round of combinations, one remedy against each cause: the best of each, then the next of another sort."""
    if len(causes) < 2:
        return []
    apart = [of_different_sorts(names) for names in causes]
    count = min(ROUND, max(map(len, apart)))
    joint = [tuple(names[min(place, len(names) - 1)] for names in apart) for place in range(count)]
    return list(dict.fromkeys(names for names in joint if len({*names}) == len(names)))


def of_different_sorts(names: Sequence[str]) -> list[str]:
    """The names, without those that do the same in another way as one before."""
    kept: list[str] = []
    for name in names:
        if not any(name in alike and {*kept} & {*alike} for alike in EITHER_OR):
            kept.append(name)
    return kept


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


def _baseline(spec: ExperimentSpec) -> float | None:
    """What the nearest neighbours or a linear model reach, whichever more, in the test metric.

    None where neither knows anything, or the metric is not free of scale.
    """
    constant, share = _constant(spec), float(np.fmax(facts(spec).reachable, _linearly(spec.dataset)))
    if constant is None or not share >= MIN_REACHABLE:
        return None
    return constant + share * (1 - constant)


@lru_cache(maxsize=32)
def _linearly(dataset: DatasetSpec) -> float:
    return linear_model_score(dataset.load(), dataset.target)


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
