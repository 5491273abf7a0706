"""Ways to settle a verdict: more epochs, more seeds, series to record, facts about the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.outcome import Outcome, by_facts, decided_epoch, outcome
from gradlab.diagnosis.unknown import WAIT, Unknown, Unrecorded
from gradlab.measurement.kinds import GRADIENTS

if TYPE_CHECKING:
    from gradlab.spec import AnySpec

Means = Literal["epochs", "seeds", "series", "facts"]


@dataclass(frozen=True)
class Settling:
    """Something that would settle a verdict.

    Attributes:
        by: ``epochs`` to train; ``seeds`` to add; ``series`` or metrics to record; ``facts`` about the data.
        what: what to do and why, in a sentence.
        seeds: the seeds whose outcome it would decide; () for ``seeds`` to add.
        epoch: the epoch to train to; None with other means, and where no epoch of the seeds is recorded.
    """

    by: Means
    what: str
    seeds: tuple[int, ...] = ()
    epoch: int | None = None

    def __str__(self) -> str:
        return f"To settle it: {self.what}"


def settling(
    spec: "AnySpec", runs: Sequence[Run], outcomes: Mapping[int, Outcome], failing: int
) -> tuple[Settling, ...]:
    """Return what would settle a verdict that is neither ``ill`` nor ``healthy``, from why it is undecided.

    Args:
        spec: the experiment's spec.
        runs: those with an epoch.
        outcomes: seed -> its outcome, of these runs.
        failing: the number of seeds that fail. Where there are some, they are too few to make the experiment ill.
    """
    seeds: dict[Settling, list[int]] = {}
    for run in runs:
        if outcomes[run.seed].verdict == "undecided":
            for each in _of_run(run):
                seeds.setdefault(each, []).append(run.seed)
    steps = [_with_seeds(each, tuple(of)) for each, of in seeds.items()]
    if missing := tuple(seed for seed in spec.seeds if seed not in outcomes):
        steps.append(Settling("epochs", f"Train {_named(missing)}: nothing is recorded there yet.", missing))
    if failing:
        share = f"{failing} of {len(outcomes)} seeds {'fail' if failing > 1 else 'fails'}"
        what = f"Train more seeds: {share}, and an experiment is ill if more than a third do."
        steps.append(Settling("seeds", what))
    return tuple(steps)


def _with_seeds(settled: Settling, seeds: tuple[int, ...]) -> Settling:
    return Settling(settled.by, settled.what.replace("SEEDS", _named(seeds)), seeds, settled.epoch)


def _named(seeds: Sequence[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _of_run(run: Run) -> list[Settling]:
    """Return the ways to settle the outcome of one run. SEEDS stands for the seeds of which the same is true."""
    if run.by_output:
        return _of_outputs([each for each in run.by_output if outcome(each).verdict == "undecided"])
    steps = []
    decided = decided_epoch(run)
    is_early = run.history.last_epoch < decided and not run.finished
    if is_early:
        what = f"Train on to {run.view.place(decided)}: the outcome of SEEDS is decided from there on."
        steps.append(Settling("epochs", what, epoch=decided))
    try:
        became = by_facts(run)
    except Unknown as unknown:
        return steps + _of_unknown(run, unknown)
    if is_early:
        return steps
    if not np.isfinite([became.gain, became.learnt]).any():
        return [Settling("series", "Record the loss and the accuracy: neither is measured in SEEDS.")]
    if not run.finished:
        what = f"Train on to the end, {run.view.place(run.view.epochs)}: SEEDS may still learn enough."
        return [Settling("epochs", what, epoch=run.view.epochs)]
    return [Settling("series", "Record the accuracy: the loss of SEEDS alone does not decide.")]


def _of_outputs(runs: Sequence[Run]) -> list[Settling]:
    """Return the ways to settle the outcome of a run with these outputs undecided; what helps all is listed once."""
    ways = {run.output: _of_run(run) for run in runs}
    for_all = [each for each in next(iter(ways.values()), []) if all(each in own for own in ways.values())]
    own = [
        replace(each, what=f"{each.what.removesuffix('.')}, for the output {output}.")
        for output, steps in ways.items()
        for each in steps
        if each not in for_all
    ]
    return for_all + own


def _of_unknown(run: Run, unknown: Unknown) -> list[Settling]:
    """Return the ways to settle the outcome of a run whose data are not described."""
    if unknown.advice == WAIT:
        return [Settling("facts", "Ask again in some seconds: a worker is going to work out the facts about the data.")]
    means: Means = "series" if isinstance(unknown, Unrecorded) else "facts"
    # Without advice nothing makes it known.
    steps = [Settling(means, f"Pass {unknown.advice}: {unknown.why}.")] if unknown.advice else []
    if run.metric("loss") is None:
        steps.append(Settling("series", "Send the loss among the metrics: without it nothing shows what SEEDS learn."))
    elif not run.has(GRADIENTS.name):
        steps.append(Settling("series", "Record the gradients: they show whether anything arrives in SEEDS."))
    return steps
