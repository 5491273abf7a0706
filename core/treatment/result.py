"""Results: the runs of a trial reduced to what the comparison needs."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from core.treatment.trial import Result
from gradlab.diagnosis import Diagnosis, Run, diagnose
from gradlab.diagnosis.evidence import arriving
from gradlab.diagnosis.outcome import MIN_REACHABLE, RECENT
from gradlab.diagnosis.recorded import Recorded, middle
from gradlab.facts import Facts, of_spec
from gradlab.facts.learnable import linear_model_score
from gradlab.remedies import EITHER_OR, applicable
from gradlab.schemas.trials import Flow, SeedResult
from gradlab.spec import ExperimentSpec
from gradlab.spec.ends import NetworkOutput
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.metrics import BY_KIND

# Number of trials that begin together: enough for a few workers, few enough to stop early.
ROUND = 3
# Number of remedies in one change, at most. Four make another network; a fourth is tried only against three independent
# causes.
MAX_TOGETHER = 3
SCALE_FREE = ("accuracy", "r2_score")


def result(spec: ExperimentSpec, runs: Sequence[Run], seconds: float | None) -> Result:
    """Return the result of a trial.

    Args:
        spec: the trained spec.
        runs: of its seeds, from epoch 0 on.
        seconds: duration of the training; None if it was not measured.
    """
    diagnosis = diagnose(spec, runs)
    failing = {seed for finding in diagnosis.findings if finding.kind == "failure" for seed in finding.seeds}
    by_seed = {run.seed: run for run in runs}
    facts = next((run.facts for run in runs if run.facts is not None), None)
    seeds = tuple(
        SeedResult(each.seed, each.outcome, each.outcome == "learns" and each.seed not in failing, test)
        for each in diagnosis.outcomes
        for test in [score(columns_of(spec), by_seed.get(each.seed))]
    )
    epochs = sum(run.history.last_epoch for run in runs if len(run.history))
    return Result(
        verdict=diagnosis.verdict,
        root_cause=diagnosis.root_cause,
        remedies=advised(diagnosis),
        seeds=seeds,
        flow=flow(runs),
        seconds=seconds,
        epochs=epochs,
        baseline=_baseline(spec, facts),
        constant=_constant(spec, facts),
    )


def advised(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return a diagnosis's remedies, best first: the root cause's, those of its consequences, then the rest."""
    chain, root = _chain(diagnosis), diagnosis.root_cause
    serious = [each for each in diagnosis.findings if each.severity != "info" or each.rule == root]
    ordered = sorted(serious, key=lambda each: (each.rule != root, each.rule not in chain))
    return tuple(dict.fromkeys(name for finding in ordered for name in finding.remedies))


def candidates(diagnosis: Diagnosis, spec: ExperimentSpec) -> tuple[tuple[str, ...], ...]:
    """Return the changes that a treatment tries, in order.

    A round of single remedies comes first. A round against all independent causes at once follows, because a remedy
    against one of them leaves the others. Then come the remaining single remedies.
    """
    apply = {each.name for each in applicable(spec)}
    singles = [(name,) for name in advised(diagnosis) if name in apply]
    causes = [names for each in _causes(diagnosis) if (names := tuple(name for name in each if name in apply))]
    return (*singles[:ROUND], *_joint(causes[:MAX_TOGETHER]), *singles[ROUND:])


def _causes(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    """Return the remedies of each independent cause, the root cause's first; each remedy is listed once.

    A cause is independent if it follows from no other finding but the root cause.
    """
    root = {diagnosis.root_cause} - {None}
    serious = [each for each in diagnosis.findings if each.severity != "info" or each.rule in root]
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
    """Return a round of combinations with one remedy against each cause: the best ones, then the next alternatives."""
    if len(causes) < 2:
        return []
    apart = [of_different_sorts(names) for names in causes]
    count = min(ROUND, max(map(len, apart)))
    joint = [tuple(names[min(place, len(names) - 1)] for names in apart) for place in range(count)]
    return list(dict.fromkeys(names for names in joint if len({*names}) == len(names)))


def of_different_sorts(names: Sequence[str]) -> list[str]:
    """Return the remedies' names without alternatives to an earlier one."""
    kept: list[str] = []
    for name in names:
        if not any(name in alike and {*kept} & {*alike} for alike in EITHER_OR):
            kept.append(name)
    return kept


def _chain(diagnosis: Diagnosis) -> set[str]:
    """Return the root cause and all findings that follow from it, directly or not."""
    chain = {diagnosis.root_cause} if diagnosis.root_cause else set()
    for finding in diagnosis.findings:  # causes come before their consequences
        if chain & {*finding.caused_by}:
            chain.add(finding.rule)
    return chain


def criterion(spec: ExperimentSpec) -> tuple[str, bool]:
    """Return the test metric that trials are compared by, and True if higher values are better.

    A metric that does not depend on the targets' scale takes precedence: a remedy may change the scale. Of several
    outputs it is the mean of theirs, if each has such a metric, else the validation loss of all.
    """
    columns = columns_of(spec)
    first = columns[0].removeprefix("val_").removeprefix(spec.outputs[0].prefix)
    higher = first in BY_KIND and BY_KIND[first].higher_is_better
    return (columns[0] if len(columns) == 1 else f"mean of {', '.join(columns)}"), higher


def columns_of(spec: ExperimentSpec) -> tuple[str, ...]:
    """Return the metrics whose mean trials are compared by: one, or one of each of several outputs."""
    scale_free = [next((each for each in SCALE_FREE if each in own.metric_names), None) for own in spec.outputs]
    if len(spec.outputs) == 1:
        return (f"val_{scale_free[0] or next(iter(spec.metric_names), 'loss')}",)
    if None in scale_free:
        return ("val_loss",)
    return tuple(f"val_{own.prefix}{name}" for own, name in zip(spec.outputs, scale_free, strict=True))


def _is_scale_free(spec: ExperimentSpec) -> bool:
    """True if the test metric does not depend on the targets' scale."""
    return all(set(SCALE_FREE) & set(own.metric_names) for own in spec.outputs)


def _constant(spec: ExperimentSpec, facts: Facts | None) -> float | None:
    """Return the test metric of the best constant prediction; None if it depends on the targets' scale."""
    if not _is_scale_free(spec):
        return None
    return _mean([_constant_of(spec, output, facts) for output in spec.outputs])


def _constant_of(spec: ExperimentSpec, output: NetworkOutput, facts: Facts | None) -> float | None:
    if output.target.kind == "values":
        return 0.0
    return _facts_of(spec, facts).of_output(output.name).constant_accuracy


def _facts_of(spec: ExperimentSpec, facts: Facts | None) -> Facts:
    """Return all facts that can be known: from samples that follow from the spec, else those that were recorded."""
    return of_spec(spec) if spec.dataset.is_drawn else facts or Facts()


def _baseline(spec: ExperimentSpec, facts: Facts | None) -> float | None:
    """Return the test metric of the nearest neighbours or of a linear model, whichever is higher.

    None if neither is clearly better than a constant prediction, or the metric depends on the targets' scale. Of
    several outputs it is the mean of theirs.
    """
    if not _is_scale_free(spec):
        return None
    return _mean([_baseline_of(spec, output, facts) for output in spec.outputs])


def _baseline_of(spec: ExperimentSpec, output: NetworkOutput, facts: Facts | None) -> float | None:
    constant, own = _constant_of(spec, output, facts), _facts_of(spec, facts).of_output(output.name)
    linear = _linearly(spec.dataset) if spec.dataset.is_drawn else _number(own.linear)
    share = float(np.fmax(_number(own.reachable), linear))
    if constant is None or not share >= MIN_REACHABLE:
        return None
    return constant + share * (1 - constant)


@lru_cache(maxsize=32)
def _linearly(dataset: DatasetSpec) -> float:
    return linear_model_score(dataset.load(), dataset.target)


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the outputs' numbers; None if one is unknown."""
    numbers = [value for value in values if value is not None]
    return math.fsum(numbers) / len(numbers) if len(numbers) == len(values) else None


def _number(value: float | None) -> float:
    """A fact that is known of every experiment of this service."""
    return math.nan if value is None else value


def score(names: Sequence[str], run: Run | None) -> float | None:
    """Return a metric of a run, as the median over its last epochs; of several metrics the mean of theirs.

    None if one was not measured, or is not finite.
    """
    values = [run.metric(name) if run else None for name in names]
    return _mean([None if each is None else _finite(middle(each[-RECENT:])) for each in values])


def flow(runs: Iterable[Run]) -> Flow:
    """Return the back-propagated signal's size in each layer, initially and trained, as medians over the runs."""
    signals = [recorded for run in runs if (recorded := run.series("signals", "rms")) is not None]
    shares = [recorded for run in runs if (recorded := arriving(run)) is not None]
    ratios = [recorded for run in runs if (recorded := _gradient_ratio(run)) is not None]
    if not signals:
        return Flow((), (), (), _over_seeds(shares), _over_seeds(ratios))
    initial = [recorded.initially for recorded in signals if recorded.initially is not None]
    return Flow(
        layers=signals[0].layers,
        initially=_each(initial, len(signals[0].tensors)),
        trained=_each([_over_epochs(recorded) for recorded in signals], len(signals[0].tensors)),
        arriving=_over_seeds(shares),
        gradient_ratio=_over_seeds(ratios),
    )


def _gradient_ratio(run: Run) -> Recorded | None:
    norms = run.kernels("gradients", "l2")
    if norms is None or len(norms.tensors) < 2:
        return None
    with np.errstate(all="ignore"):
        ratio = np.where(norms.values[:, -1] > 0, norms.values[:, 0] / norms.values[:, -1], np.nan)
    return Recorded(norms.epochs, norms.tensors[:1], ratio[:, None])


def _over_epochs(recorded: Recorded) -> np.ndarray:
    """Return the median of each tensor over the recorded epochs, (tensors,)."""
    return np.array([middle(column) for column in recorded.values.T])


def _over_seeds(recorded: Sequence[Recorded]) -> float | None:
    return _finite(middle(np.array([middle(each.values) for each in recorded])))


def _each(rows: Sequence[np.ndarray], tensors: int) -> tuple[float | None, ...]:
    if not rows:
        return (None,) * tensors
    return tuple(_finite(middle(column)) for column in np.array(rows).T)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
